package org.blockferry.engine.pipeline;

import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.StreamSource;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.plan.CopyPolicy;

/** Makes the stages of one copy, a new set for each thread, over what its threads share. */
final class Stages {
    private final BlockSource source;
    private final BlockTarget target;
    private final CopyPolicy policy;
    private final PipelineOptions options;
    private final CopyCounters counters;
    private final RunState state;
    private final Statistics statistics;
    private final ZeroRule zeroRule;
    private final OffloadRule offloadRule;
    private final SlotBuffers buffers;

    Stages(BlockSource source, BlockTarget target, CopyPolicy policy, PipelineOptions options, PipelineShape shape,
            CopyCounters counters, RunState state, Statistics statistics) {
        this.source = source;
        this.target = target;
        this.policy = policy;
        this.options = options;
        this.counters = counters;
        this.state = state;
        this.statistics = statistics;
        this.zeroRule = new ZeroRule(policy, target.info(), options, shape.slotBytes());
        this.offloadRule = new OffloadRule(target, options, shape, CompressedCopier.isPossible(source, target));
        this.buffers = new SlotBuffers(shape.slotBytes(), source.info(), target.info());
    }

    /** What was chosen beside the shape, a line each. */
    List<String> explain() {
        return List.of(zeroRule.explain(), offloadRule.explain());
    }

    OffloadRule offloadRule() {
        return offloadRule;
    }

    SlotBuffers buffers() {
        return buffers;
    }

    ReadStage read() {
        return new ReadStage(reader(statistics.timer()), buffers, state);
    }

    WriteStage write() {
        return write(statistics.timer());
    }

    FusedStage fused() {
        StageTimer timer = statistics.timer();
        return new FusedStage(buffers, new ReadStage(reader(timer), buffers, state), write(timer));
    }

    SourceReader reader(StageTimer timer) {
        return new SourceReader(source, options.salvage(), counters, state, timer);
    }

    TargetWriter writer(StageTimer timer) {
        return new TargetWriter(target, policy, options, zeroRule, counters, state, timer);
    }

    OffloadCopier offload(StageTimer timer) {
        return new OffloadCopier(source, target, offloadRule, reader(timer), writer(timer), counters, state, timer);
    }

    /** Wakes who waits for the other end of a pipe, which may never do anything any more. For any thread. */
    void cancelled(CancelMode mode) {
        if (source instanceof StreamSource stream) {
            stream.endEarly();
        }
        if (mode == CancelMode.ABANDON) {
            target.giveUp();
        }
    }

    boolean share(BlockSource file) throws BlockException {
        return target.share(file);
    }

    private WriteStage write(StageTimer timer) {
        return new WriteStage(writer(timer), offload(timer), target.info().has(Trait.APPEND_ONLY), state);
    }
}
