package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CompressedSource;
import org.blockferry.engine.block.CompressedTarget;

/** Lets the system copy a run, and reads and writes what it would not. Owned by one thread. */
final class OffloadCopier {
    private final BlockTarget target;
    private final Optional<CompressedCopier> compressed;
    private final OffloadRule rule;
    private final SourceReader reader;
    private final TargetWriter writer;
    private final CopyCounters counters;
    private final RunState state;
    private final StageTimer timer;

    OffloadCopier(BlockSource source, BlockTarget target, OffloadRule rule, SourceReader reader, TargetWriter writer, CopyCounters counters,
            RunState state, StageTimer timer) {
        this.target = target;
        this.compressed = CompressedCopier.isPossible(source, target)
                ? Optional.of(new CompressedCopier((CompressedSource) source, (CompressedTarget) target, this, counters, state))
                : Optional.empty();
        this.rule = rule;
        this.reader = reader;
        this.writer = writer;
        this.counters = counters;
        this.state = state;
        this.timer = timer;
    }

    /**
     * Copies the run to the same offset of the target.
     *
     * @param buffer free memory for what is not offloaded
     * @return false if the copy was stopped before all was done
     */
    boolean copy(BlockStatus run, ByteBuffer buffer) throws BlockException {
        if (run.isCompressed()) {
            return compressed.orElseThrow().copy(run, buffer);
        }
        long done = 0;
        while (done < run.length() && !rule.isRefused()) {
            if (state.isStopping()) {
                return false;
            }
            ByteRange rest = run.range().from(run.offset() + done);
            long start = timer.start();
            long moved = offload(run.clip(rest));
            timer.done(StageOp.OFFLOAD, start, moved);
            if (moved == 0) {
                rule.refuse(run.clip(rest));
            }
            counters.addOffloaded(moved);
            done += moved;
        }
        return copyThrough(run.offset() + done, run.end(), buffer);
    }

    private long offload(BlockStatus run) throws BlockException {
        while (true) {
            try {
                return target.offload(run, run.offset(), run.length());
            } catch (BlockException e) {
                if (!state.awaitSpace(e)) {
                    throw e;
                }
            }
        }
    }

    /** Reads and writes {@code [from, to)} through the buffer, in pieces that end at multiples of its size. */
    boolean copyThrough(long from, long to, ByteBuffer buffer) throws BlockException {
        for (long at = from; at < to; ) {
            if (state.isStopping()) {
                return false;
            }
            int piece = (int) (Math.min(to, at - at % buffer.capacity() + buffer.capacity()) - at);
            reader.read(at, buffer, 0, piece);
            if (!writer.writeData(at, buffer, 0, piece)) {
                return false;
            }
            at += piece;
        }
        return true;
    }
}
