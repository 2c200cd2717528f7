package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.StreamSource;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.plan.CopyAction;
import org.blockferry.engine.plan.CopyPlan;

/**
 * Carries out a plan with one buffer in the calling thread: the specification of {@link CopyPipeline}, which must leave the
 * same bytes. Cancel, pause and rate are looked at between actions.
 */
public final class DirectCopier implements Copier {
    private final CopyPlan plan;
    private final BlockSource source;
    private final boolean everyByte;
    private final CopyCounters counters = new CopyCounters();
    private final RunState state;
    private final Pacer pacer;
    private final Statistics statistics;
    private final Stages stages;
    private final TargetWriter writer;
    private final OffloadCopier copier;
    private final AtomicBoolean begun = new AtomicBoolean();
    private volatile boolean complete;
    private volatile Optional<StageReport> report = Optional.empty();

    /** A copy for one run; the arguments are those of {@link CopyPipeline}. */
    public DirectCopier(
            CopyPlan plan, BlockSource source, BlockTarget target, PipelineOptions options, CopyControl control) {
        this.plan = Objects.requireNonNull(plan, "plan");
        this.source = Objects.requireNonNull(source, "source");
        this.everyByte = target.info().has(Trait.APPEND_ONLY);
        this.state = new RunState(control);
        this.pacer = new Pacer(control, state, Pacer.Clock.SYSTEM);
        this.statistics = Statistics.of(options);
        PipelineShape chosen = PipelineShape.choose(
                source.info(), target.info(), options.withKind(PipelineShape.Kind.FUSED), 1);
        this.stages = new Stages(source, target, plan.policy(), options, chosen, counters, state, statistics);
        StageTimer timer = statistics.timer();
        this.writer = stages.writer(timer);
        this.copier = stages.offload(timer);
    }

    @Override
    public CopyCounters run() throws BlockException {
        if (!begun.compareAndSet(false, true)) {
            throw new IllegalStateException("a copier runs once");
        }
        CopyControl.Listening waking = state.control().whenCancelled(stages::cancelled);
        try {
            ByteBuffer buffer = stages.buffers().allocate();
            complete = source instanceof StreamSource stream && source.info().has(Trait.STREAM)
                    ? copyStream(stream, buffer) : copyPlan(buffer);
        } finally {
            waking.close();
            pacer.restoreInterrupt();
            report = statistics.report("direct: the calling thread", 0, 0);
        }
        return counters;
    }

    private boolean copyPlan(ByteBuffer buffer) throws BlockException {
        while (pacer.pass()) {
            Optional<CopyAction> action = plan.next();
            if (action.isEmpty()) {
                return true;
            }
            if (!carryOut(action.get(), buffer)) {
                return false;
            }
            counters.planned(action.get().range().end());
        }
        return false;
    }

    private boolean carryOut(CopyAction action, ByteBuffer buffer) throws BlockException {
        long length = action.range().length();
        if (action instanceof CopyAction.Copy copy) {
            pacer.spend(length);
            return stages.offloadRule().wants(copy.status()) ? copier.copy(copy.status(), buffer)
                    : copier.copyThrough(action.range().offset(), action.range().end(), buffer);
        }
        if (everyByte || action instanceof CopyAction.Zero zero && zero.explicit()) {
            return writer.writeZeroes(action.range().offset(), length);
        }
        if (action instanceof CopyAction.Zero) {
            counters.addZeroed(length);
        } else {
            counters.addSkipped(length);
        }
        return true;
    }

    private boolean copyStream(StreamSource stream, ByteBuffer buffer) throws BlockException {
        long offset = 0;
        for (int last = 0; last >= 0 && pacer.pass(); ) {
            buffer.clear();
            while (last >= 0 && buffer.hasRemaining()) {
                last = stream.readNext(buffer);
            }
            int length = buffer.position();
            if (length > 0 && !writer.writeData(offset, buffer, 0, length)) {
                return false;
            }
            offset += length;
            counters.planned(offset);
            pacer.spend(length);
            if (last < 0) {
                // Cancelled meanwhile: this may not be the end that the stream was to have.
                return !pacer.isEnding();
            }
        }
        return false;
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
}
