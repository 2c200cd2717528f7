package org.blockferry.engine.pipeline;

import java.util.Optional;
import org.blockferry.engine.block.BlockException;

/** Something that carries out a plan, once. The nodes stay open, and the target is not completed: both are the caller's. */
public sealed interface Copier permits CopyPipeline, DirectCopier {

    /**
     * Copies until the plan is done, the copy is cancelled, or something fails. The calling thread works along. On return,
     * normally or not, nothing is in flight and no thread is left.
     *
     * <p>An interrupt of the calling thread cancels with {@link CancelMode#FINISH_IN_FLIGHT} and stays set.
     *
     * @return {@link #counters}
     * @throws BlockException the first failure; failures after it are suppressed in it
     * @throws IllegalStateException if it ran before
     */
    CopyCounters run() throws BlockException;

    /** What has been done so far; the same live object at every call. */
    CopyCounters counters();

    /** Whether everything that was planned has been done. False while it runs, after a failure, and after a cancel in time. */
    boolean isComplete();

    /** How the stages did, after the run; empty when statistics are off. */
    Optional<StageReport> report();
}
