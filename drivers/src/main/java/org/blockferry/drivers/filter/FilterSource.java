package org.blockferry.drivers.filter;

import java.nio.ByteBuffer;
import java.util.Objects;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;

/** A source that passes everything to the one below, and closes it. For subclasses that change one thing. */
public class FilterSource implements BlockSource {
    private final BlockSource below;

    public FilterSource(BlockSource below) {
        this.below = Objects.requireNonNull(below, "below");
    }

    /** The node that serves what is passed on. */
    protected final BlockSource below() {
        return below;
    }

    @Override
    public NodeInfo info() {
        return below.info();
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        return below.status(range);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        below.read(offset, into);
    }

    @Override
    public void close() throws BlockException {
        below.close();
    }
}
