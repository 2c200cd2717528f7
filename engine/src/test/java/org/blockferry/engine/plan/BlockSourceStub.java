package org.blockferry.engine.plan;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;

/** Somewhere for plain bytes to stand; nobody reads it here. */
final class BlockSourceStub implements BlockSource {
    @Override
    public BlockStatus status(ByteRange range) {
        return BlockStatus.data(range);
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        throw new AssertionError("a plan reads nothing");
    }

    @Override
    public NodeInfo info() {
        return new NodeInfo("stub", "test", 1 << 20, BlockLimits.NONE, Set.of(), 1, 1, Optional.empty());
    }

    @Override
    public void close() {
        // nothing is held
    }
}
