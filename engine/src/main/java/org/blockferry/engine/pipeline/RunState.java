package org.blockferry.engine.pipeline;

import org.blockferry.engine.block.BlockException;

import org.blockferry.engine.block.BlockException;

/** Why work should stop, and whether any was left undone. Shared by all threads of one copy. */
final class RunState {
    private final FirstFailure failure = new FirstFailure();
    private final CopyControl control;
    private volatile boolean incomplete;
    private volatile CopyListener listener = CopyListener.NONE;

    RunState(CopyControl control) {
        this.control = control;
    }

    FirstFailure failure() {
        return failure;
    }

    /** Whether a request that has failed so is to be tried again; waits for somebody to say so. */
    boolean awaitSpace(BlockException failed) {
        return control.awaitSpace(failed, failure::isSet);
    }

    CopyControl control() {
        return control;
    }

    CopyListener listener() {
        return listener;
    }

    void listen(CopyListener to) {
        listener = to;
    }

    /** Whether nothing new may be begun. */
    boolean isEnding() {
        return failure.isSet() || control.isCancelled();
    }

    /** Whether what has been begun is to be dropped as well. */
    boolean isStopping() {
        return failure.isSet() || control.isAbandoned();
    }

    /**
     * Something failed. What comes of giving up an abandoned copy is no failure of it.
     */
    void failed(Throwable t) {
        if (control.isAbandoned() && t instanceof BlockException) {
            incomplete = true;
        } else {
            failure.offer(t);
        }
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
