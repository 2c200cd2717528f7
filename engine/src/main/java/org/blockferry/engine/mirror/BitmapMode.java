package org.blockferry.engine.mirror;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What becomes of the bitmap that told what to copy; QEMU's words. */
public enum BitmapMode {
    /** It is cleared if the job succeeds. */
    ON_SUCCESS,
    /** What was copied is cleared, however the job ends. */
    ALWAYS,
    /** It stays as it is. */
    NEVER;

    /** As QEMU writes it, in lower case with hyphens. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The one that QEMU writes so. */
    public static Optional<BitmapMode> of(String word) {
        return Arrays.stream(values()).filter(value -> value.word().equals(word)).findFirst();
    }
}
