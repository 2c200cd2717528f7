package org.blockferry.engine.mirror;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What of the source a mirror job copies before it follows the writes; QEMU's words. */
public enum SyncMode {
    /** Everything. */
    FULL,
    /** What the topmost image holds; the target has the rest in its base. */
    TOP,
    /** Nothing but what is written from now on. */
    NONE,
    /** What a bitmap has marked, which is cleared when the job succeeds. */
    INCREMENTAL,
    /** What a bitmap has marked, which is cleared or not as {@link BitmapMode} says. */
    BITMAP;

    /** As QEMU writes it, in lower case with hyphens. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The one that QEMU writes so. */
    public static Optional<SyncMode> of(String word) {
        return Arrays.stream(values()).filter(value -> value.word().equals(word)).findFirst();
    }
}
