package org.blockferry.engine.mirror;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What is done about a request that failed; QEMU's words. */
public enum OnError {
    /** The job fails. */
    REPORT,
    /** It is tried again, after a while. */
    IGNORE,
    /** The job pauses until somebody resumes it. */
    STOP,
    /** The job pauses if there is no space, else it fails. */
    ENOSPC,
    /** As {@link #ENOSPC}. */
    AUTO;

    /** What this means for one failure: {@link #REPORT}, {@link #IGNORE} or {@link #STOP}. */
    OnError on(boolean noSpace) {
        return this == ENOSPC || this == AUTO ? noSpace ? STOP : REPORT : this;
    }

    /** As QEMU writes it, in lower case with hyphens. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The one that QEMU writes so. */
    public static Optional<OnError> of(String word) {
        return Arrays.stream(values()).filter(value -> value.word().equals(word)).findFirst();
    }
}
