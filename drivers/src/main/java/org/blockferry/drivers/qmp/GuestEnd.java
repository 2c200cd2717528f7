package org.blockferry.drivers.qmp;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What becomes of the guest when a mirror job completes. After a failure or cancel it goes on in any case. */
public enum GuestEnd {
    /** It is paused for the last pass and stays so: it goes on at the target. */
    PAUSED,
    /** It is paused for the last pass, and goes on here. */
    RESUMED,
    /** It is not touched: the caller has paused it, or what writes to the disk, before the job is completed. */
    UNTOUCHED;

    /** As options write it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The one that is written so. */
    public static Optional<GuestEnd> of(String word) {
        return Arrays.stream(values()).filter(value -> value.word().equals(word)).findFirst();
    }
}
