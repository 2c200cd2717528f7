package org.blockferry.drivers.filter;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/** A target that passes everything to the one below, completes and closes it. For subclasses that change one thing. */
public class FilterTarget implements BlockTarget {
    private final BlockTarget below;

    public FilterTarget(BlockTarget below) {
        this.below = Objects.requireNonNull(below, "below");
    }

    /** The node that serves what is passed on. */
    protected final BlockTarget below() {
        return below;
    }

    @Override
    public NodeInfo info() {
        return below.info();
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        below.write(offset, from, flags);
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        return below.writeZeroes(range, flags);
    }

    @Override
    public boolean discard(ByteRange range) throws BlockException {
        return below.discard(range);
    }

    @Override
    public void flush() throws BlockException {
        below.flush();
    }

    @Override
    public long offload(BlockStatus from, long to, long length) throws BlockException {
        return below.offload(from, to, length);
    }

    @Override
    public void complete() throws BlockException {
        below.complete();
    }

    @Override
    public void close() throws BlockException {
        below.close();
    }

    @Override
    public void giveUp() {
        below.giveUp();
    }
}
