package org.blockferry.drivers.synthetic;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;

/** A sparse random disk: holes that read as zeroes, and data that is computed when it is read. Immutable, so thread-safe. */
final class SparseRandomSource implements BlockSource {
    private final NodeInfo info;
    private final SparseShape shape;
    private final SparseContent content;

    SparseRandomSource(String name, long size, SparseShape shape, SparseContent content) {
        this.shape = shape;
        this.content = content;
        info = new NodeInfo(name, "sparse-random", size, BlockLimits.NONE, Set.of(), Integer.MAX_VALUE, Integer.MAX_VALUE,
                Optional.empty());
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        Requests.check(info.name(), "status", range.offset(), range.length(), info.length());
        ByteRange run = ByteRange.between(range.offset(), shape.endOfRun(range.offset()));
        return shape.isData(range.offset()) ? BlockStatus.data(run) : BlockStatus.zero(run);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        Requests.check(info.name(), "read", offset, into.remaining(), info.length());
        int limit = into.limit();
        long at = offset;
        while (into.position() < limit) {
            int step = (int) Math.min(shape.endOfRun(at) - at, limit - into.position());
            if (shape.isData(at)) {
                content.fill(at, into.limit(into.position() + step));
                into.limit(limit);
            } else {
                Requests.putZeroes(into, step);
            }
            at += step;
        }
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
