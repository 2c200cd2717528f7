package org.blockferry.engine.pipeline;

import org.blockferry.engine.block.BlockException;

/** The first thing that went wrong, with a bounded number of later ones suppressed in it. Thread-safe. */
final class FirstFailure {
    private static final int MAX_SUPPRESSED = 8;

    private volatile Throwable first;
    private int suppressed;

    /** Whether something failed. */
    boolean isSet() {
        return first != null;
    }

    synchronized void offer(Throwable failure) {
        if (first == null) {
            first = failure;
        } else if (failure != first && suppressed < MAX_SUPPRESSED) {
            suppressed++;
            first.addSuppressed(failure);
        }
    }

    /** Throws the first failure as what it is, if there is one. */
    void rethrow() throws BlockException {
        Throwable failure = first;
        if (failure instanceof BlockException block) {
            throw block;
        }
        if (failure instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure != null) {
            throw BlockException.of(BlockException.Kind.IO, "copy", failure.toString(), failure);
        }
    }
}
