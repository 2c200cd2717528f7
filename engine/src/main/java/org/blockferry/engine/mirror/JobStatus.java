package org.blockferry.engine.mirror;

import java.util.Locale;

/** Where a mirror job is in its life; QEMU's words and meanings. */
public enum JobStatus {
    /** Not started. */
    CREATED,
    /** The sides are not the same yet. */
    RUNNING,
    /** Paused by a user or an error. */
    PAUSED,
    /** The sides are the same but for what was written just now; it can be completed. */
    READY,
    /** Paused while ready. */
    STANDBY,
    /** The last of it is copied. */
    WAITING,
    /** Everything is copied; the target is about to become whole. */
    PENDING,
    /** It ends without a target: it has failed or was cancelled. */
    ABORTING,
    /** It has ended; its result is there. */
    CONCLUDED,
    /** It is gone. */
    NULL;

    /** As QEMU writes it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
