package org.blockferry.engine.plan;

import java.util.Optional;
import org.blockferry.engine.block.BlockException;

/** A sequence of actions that covers a disk in ascending order without gaps. Lazy; used by one thread, once. */
public interface CopyPlan {

    /**
     * The next action; empty at the end and ever after.
     *
     * @throws BlockException if the source cannot tell its status; the plan is over then
     */
    Optional<CopyAction> next() throws BlockException;

    /** What the plan assumes of the target; whoever finds zeroes in copied data needs it as well. */
    CopyPolicy policy();

    /** A plan without actions, for a source that tells what it holds only by being read: a stream. */
    static CopyPlan ofStream(CopyPolicy policy) {
        return new CopyPlan() {
            @Override
            public Optional<CopyAction> next() {
                return Optional.empty();
            }

            @Override
            public CopyPolicy policy() {
                return policy;
            }
        };
    }
}
