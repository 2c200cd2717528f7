package org.blockferry.engine.mirror;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** When a write to the source reaches the target; QEMU's words. */
public enum CopyMode {
    /** Some time after it was answered. */
    BACKGROUND,
    /** Before it is answered. */
    WRITE_BLOCKING;

    /** As QEMU writes it, in lower case with hyphens. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The one that QEMU writes so. */
    public static Optional<CopyMode> of(String word) {
        return Arrays.stream(values()).filter(value -> value.word().equals(word)).findFirst();
    }
}
