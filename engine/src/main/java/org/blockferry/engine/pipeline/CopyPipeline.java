package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.StreamSource;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.plan.CopyAction;
import org.blockferry.engine.plan.CopyPlan;

/**
 * Carries out a plan over a ring of slots: the door of this package. See the package's description for the picture.
 *
 * <p>The calling thread is the planner: it asks the plan, packs slots, and holds back when paused, limited, or when no slot is
 * free. A copy that fits one slot is done by it alone, and no thread is started.
 *
 * <p>The bytes that it leaves are those that {@link DirectCopier} leaves.
 */
public final class CopyPipeline implements Copier {
    private final CopyPlan plan;
    private final BlockSource source;
    private final PipelineShape shape;
    private final boolean everyByte;
    private final CopyCounters counters = new CopyCounters();
    private final RunState state;
    private final Pacer pacer;
    private final Statistics statistics;
    private final StageTimer timer;
    private final Stages stages;
    private final CopyRing ring;
    private final SlotFiller filler;
    private final AtomicBoolean begun = new AtomicBoolean();
    private boolean planned;
    private boolean filling = true;
    private volatile boolean complete;
    private volatile Optional<StageReport> report = Optional.empty();

    /**
     * A pipeline for one run. Nothing is started or allocated for data yet.
     *
     * @param plan for a source with {@link Trait#STREAM}, {@link CopyPlan#ofStream}
     * @param source a {@link StreamSource} when it has {@link Trait#STREAM}
     */
    public CopyPipeline(
            CopyPlan plan, BlockSource source, BlockTarget target, PipelineOptions options, CopyControl control) {
        this(plan, source, target, options, control, Pacer.Clock.SYSTEM);
    }

    CopyPipeline(CopyPlan plan, BlockSource source, BlockTarget target, PipelineOptions options, CopyControl control,
            Pacer.Clock clock) {
        this.plan = Objects.requireNonNull(plan, "plan");
        this.source = Objects.requireNonNull(source, "source");
        this.shape = PipelineShape.choose(source.info(), target.info(), options, Runtime.getRuntime().availableProcessors());
        this.everyByte = target.info().has(Trait.APPEND_ONLY);
        this.state = new RunState(Objects.requireNonNull(control, "control"));
        this.pacer = new Pacer(control, state, clock);
        this.statistics = Statistics.of(options);
        this.timer = statistics.timer();
        this.stages = new Stages(source, target, plan.policy(), options, shape, counters, state, statistics);
        this.ring = new CopyRing(shape, stages, state);
        int memoryAlignment = Math.max(source.info().limits().memoryAlignment(), target.info().limits().memoryAlignment());
        this.filler = new SlotFiller(shape.slotBytes(), shape.unit(), memoryAlignment, new Slots());
        if (source.info().has(Trait.STREAM) && !(source instanceof StreamSource)) {
            throw new IllegalArgumentException(source.info().name() + " has the trait STREAM but is no StreamSource");
        }
    }

    /** Which threads do what, and why. */
    public PipelineShape shape() {
        return shape;
    }

    /** Who hears what is read and what is settled; set before the run. */
    public void listen(CopyListener listener) {
        state.listen(Objects.requireNonNull(listener, "listener"));
    }

    /** What was chosen for this copy and why, a line each, told by what will do it: the shape, threads, slots, zeroes, offload. */
    public List<String> explain() {
        List<String> lines = new ArrayList<>(shape.reasons());
        lines.addAll(stages.explain());
        return lines;
    }

    @Override
    public CopyCounters counters() {
        return counters;
    }

    @Override
    public boolean isComplete() {
        return complete;
    }

    @Override
    public Optional<StageReport> report() {
        return report;
    }

    /**
     * Instead of {@link #run}: lets the target share every block of {@code file}. Zeroes that were written to the file are
     * shared with the rest, which takes no space.
     *
     * @param file the protocol node that is the source, byte for byte
     * @return false if the two cannot share; then nothing has happened
     */
    public boolean share(BlockSource file) throws BlockException {
        if (begun.get() || !stages.share(file)) {
            return false;
        }
        begun.set(true);
        long length = file.info().length();
        counters.planned(length);
        counters.addOffloaded(length);
        complete = true;
        return true;
    }

    @Override
    public CopyCounters run() throws BlockException {
        if (!begun.compareAndSet(false, true)) {
            throw new IllegalStateException("a pipeline runs once");
        }
        CopyControl.Listening waking = state.control().whenCancelled(stages::cancelled);
        try {
            feed();
        } catch (Throwable t) {
            state.failed(t);
        }
        ring.drain(pacer);
        ring.end();
        waking.close();
        pacer.restoreInterrupt();
        complete = planned && !isCutShort() && !state.isIncomplete();
        report = statistics.report(shape.explain(), ring.threads(), shape.slots());
        state.failure().rethrow();
        return counters;
    }

    /**
     * Whether the end of a stream must not be taken for its end: somebody wants to cancel, and a Ctrl-C in a shell also ends the
     * program before us in the pipe.
     */
    private boolean isCutShort() {
        return source.info().has(Trait.STREAM) && state.control().isCancelled();
    }

    private void feed() throws BlockException {
        if (source.info().has(Trait.STREAM)) {
            planned = feedStream((StreamSource) source);
        } else {
            planned = feedPlan();
        }
    }

    /** Returns whether the plan was carried to its end. */
    private boolean feedPlan() throws BlockException {
        while (!pacer.isEnding()) {
            long start = timer.start();
            Optional<CopyAction> action = plan.next();
            timer.done(StageOp.PLAN, start, action.isPresent() ? action.get().range().length() : 0);
            if (action.isEmpty()) {
                filling = false;
                filler.finish();
                return true;
            }
            if (!take(action.get())) {
                return false;
            }
            counters.planned(action.get().range().end());
        }
        return false;
    }

    private boolean take(CopyAction action) throws BlockException {
        ByteRange range = action.range();
        if (action instanceof CopyAction.Copy copy) {
            return stages.offloadRule().wants(copy.status()) ? filler.addOffload(copy.status()) : filler.addData(range);
        }
        if (action instanceof CopyAction.Zero || everyByte) {
            state.listener().zeroes(range);
        } else {
            state.listener().skipped(range);
        }
        if (everyByte || action instanceof CopyAction.Zero zero && zero.explicit()) {
            return filler.addZero(range);
        }
        if (action instanceof CopyAction.Zero) {
            counters.addZeroed(range.length());
        } else {
            counters.addSkipped(range.length());
        }
        state.listener().settled(range);
        return true;
    }

    /** Reads the stream into slots until it ends; returns whether it did. */
    private boolean feedStream(StreamSource stream) throws BlockException {
        Slots slots = new Slots();
        long offset = 0;
        while (true) {
            CopySlot slot = slots.claim();
            if (slot == null) {
                return false;
            }
            if (!slot.hasBuffer()) {
                slot.lend(stages.buffers().allocate());
            }
            ByteBuffer buffer = slot.window(0, shape.slotBytes());
            long start = timer.start();
            int last = 0;
            while (last >= 0 && buffer.hasRemaining() && !pacer.isEnding()) {
                last = stream.readNext(buffer);
            }
            int length = buffer.position();
            timer.done(StageOp.READ, start, length);
            if (length > 0) {
                state.listener().read(offset, buffer.duplicate().flip());
                slot.runs().addData(offset, length, 0);
                offset += length;
                counters.planned(offset);
            }
            filling = last >= 0;
            slots.publish(slot, length);
            if (last < 0) {
                return true;
            }
        }
    }

    /** Slots for the planner: held back while paused, limited or full. */
    private final class Slots implements SlotFiller.Ring {
        @Override
        public CopySlot claim() {
            if (!pacer.pass()) {
                return null;
            }
            if (!ring.hasFreeSlot()) {
                long start = timer.start();
                while (!ring.hasFreeSlot()) {
                    ring.awaitFreeSlot();
                    if (pacer.isEnding()) {
                        return null;
                    }
                }
                timer.done(StageOp.WAIT, start, 0);
            }
            CopySlot slot = ring.claim();
            return slot;
        }

        @Override
        public void publish(CopySlot slot, long dataBytes) {
            pacer.spend(dataBytes);
            if (!filling && !ring.hasPublished()) {
                workHere(slot);
            } else {
                ring.publish();
                statistics.handedOver(ring.inUse());
            }
        }

        /** The first slot is the last one as well: not worth a thread. */
        private void workHere(CopySlot slot) {
            try {
                if (source.info().has(Trait.STREAM)) {
                    stages.write().process(slot);
                } else {
                    stages.fused().process(slot);
                }
            } catch (Throwable t) {
                state.failed(t);
                state.drop(slot);
            }
        }
    }
}
