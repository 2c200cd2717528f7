package org.blockferry.engine.pipeline;

/** Why work should stop, and whether any was left undone. Shared by all threads of one copy. */
final class RunState {
    private final FirstFailure failure = new FirstFailure();
    private final CopyControl control;
    private volatile boolean incomplete;

    RunState(CopyControl control) {
        this.control = control;
    }

    FirstFailure failure() {
        return failure;
    }

    CopyControl control() {
        return control;
    }

    /** Whether nothing new may be begun. */
    boolean isEnding() {
        return failure.isSet() || control.isCancelled();
    }

    /** Whether what has been begun is to be dropped as well. */
    boolean isStopping() {
        return failure.isSet() || control.isAbandoned();
    }

    /** Drops the slot: what the plan wanted of it has not been done. */
    void drop(CopySlot slot) {
        slot.drop();
        incomplete = true;
    }

    /** Something that was planned was not done. */
    void leaveIncomplete() {
        incomplete = true;
    }

    boolean isIncomplete() {
        return incomplete || failure.isSet();
    }
}
