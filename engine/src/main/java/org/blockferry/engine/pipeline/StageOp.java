package org.blockferry.engine.pipeline;

import java.util.Locale;

/** The kinds of work that are measured. */
enum StageOp {
    /** Asking the plan for its next action. */
    PLAN,
    /** The planner waiting for a free slot. */
    WAIT,
    READ,
    SCAN,
    WRITE,
    ZERO,
    OFFLOAD;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
