package org.blockferry.engine.pipeline;

import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.plan.CopyAction;
import org.blockferry.engine.plan.CopyPlan;

/**
 * A rejected design, kept for measuring: a pool of threads behind a queue, no ring. Each thread reads and writes a slot as in the
 * fused shape, with the same stages; free slots come back by a second queue.
 *
 * <p>Why it was rejected, though it is as fast while slots are large: a pool keeps no order, so that a target that takes bytes
 * in order only (a stream, an image that is compressed by readers) needs tickets and a buffer that sorts, and a stage between
 * reading and writing one queue more each. Both queues lock, and a thread is woken for each slot even if one is on its way.
 *
 * <p>Without offload, pause, rate and statistics; the target must take writes in any order.
 */
public final class QueueCopier {
    private final CopyPlan plan;
    private final PipelineShape shape;
    private final CopyCounters counters = new CopyCounters();
    private final RunState state = new RunState(new CopyControl());
    private final Stages stages;
    private final ThreadLocal<SlotStage> stage;
    private final ArrayBlockingQueue<Work> free;

    /** @throws IllegalArgumentException if an end is a stream */
    public QueueCopier(CopyPlan plan, BlockSource source, BlockTarget target, PipelineOptions options) {
        if (source.info().has(Trait.STREAM) || target.info().has(Trait.APPEND_ONLY)) {
            throw new IllegalArgumentException("a pool keeps no order: " + source.info().name() + ", " + target.info().name());
        }
        this.plan = plan;
        this.shape = PipelineShape.choose(source.info(), target.info(),
                options.withKind(PipelineShape.Kind.FUSED).withOffload(OffloadMode.NEVER),
                Runtime.getRuntime().availableProcessors());
        this.stages = new Stages(source, target, plan.policy(), options, shape, counters, state, Statistics.of(options));
        this.stage = ThreadLocal.withInitial(stages::fused);
        this.free = new ArrayBlockingQueue<>(shape.slots());
        for (int i = 0; i < shape.slots(); i++) {
            free.add(new Work());
        }
    }

    /** Copies to the end of the plan or to the first failure; on return no thread is left. */
    public CopyCounters run() throws BlockException {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(shape.readers(), shape.readers(), 0, TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(shape.slots()));
        try {
            feed(new SlotFiller(shape.slotBytes(), shape.unit(), 1, new Queues(pool)));
        } catch (Throwable t) {
            state.failure().offer(t);
        }
        pool.shutdown();
        boolean interrupted = false;
        while (!pool.isTerminated()) {
            try {
                pool.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        state.failure().rethrow();
        return counters;
    }

    private void feed(SlotFiller filler) throws BlockException {
        boolean goOn = true;
        for (Optional<CopyAction> next = plan.next(); goOn && next.isPresent(); next = plan.next()) {
            goOn = take(next.get(), filler);
        }
        if (goOn) {
            filler.finish();
        }
    }

    private boolean take(CopyAction action, SlotFiller filler) throws BlockException {
        ByteRange range = action.range();
        if (action instanceof CopyAction.Copy) {
            return filler.addData(range);
        }
        if (action instanceof CopyAction.Zero zero && zero.explicit()) {
            return filler.addZero(range);
        }
        if (action instanceof CopyAction.Zero) {
            counters.addZeroed(range.length());
        } else {
            counters.addSkipped(range.length());
        }
        return true;
    }

    /** A slot on its way through the pool. */
    private final class Work implements Runnable {
        private final CopySlot slot = new CopySlot();

        @Override
        public void run() {
            try {
                stage.get().process(slot);
            } catch (Throwable t) {
                state.failure().offer(t);
            }
            free.add(this);
        }
    }

    private final class Queues implements SlotFiller.Ring {
        private final ThreadPoolExecutor pool;
        private Work claimed;

        Queues(ThreadPoolExecutor pool) {
            this.pool = pool;
        }

        @Override
        public CopySlot claim() {
            try {
                claimed = free.take();
            } catch (InterruptedException e) {
                state.failure().offer(e);
                Thread.currentThread().interrupt();
            }
            if (state.isEnding()) {
                return null;
            }
            claimed.slot.reset();
            return claimed.slot;
        }

        @Override
        public void publish(CopySlot slot, long dataBytes) {
            pool.execute(claimed);
        }
    }
}
