package org.blockferry.drivers.filter;

import java.nio.ByteBuffer;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/** A target whose requests a hook sees. */
public final class HookedTarget extends FilterTarget {
    private final HookCalls calls;

    public HookedTarget(BlockTarget below, RequestHook hook) {
        super(below);
        calls = new HookCalls(below, hook);
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        calls.around(Operation.WRITE, HookCalls.range(offset, from.remaining()), flags, () -> super.write(offset, from, flags));
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        return calls.aroundRefusable(Operation.ZERO, range, flags, false, () -> super.writeZeroes(range, flags));
    }

    @Override
    public boolean discard(ByteRange range) throws BlockException {
        return calls.aroundRefusable(Operation.DISCARD, range, Set.of(), false, () -> super.discard(range));
    }

    @Override
    public void flush() throws BlockException {
        calls.around(Operation.FLUSH, super::flush);
    }

    @Override
    public long offload(BlockStatus from, long to, long length) throws BlockException {
        return calls.aroundRefusable(Operation.OFFLOAD, HookCalls.range(to, length), Set.of(), 0L,
                () -> super.offload(from, to, length));
    }

    @Override
    public void complete() throws BlockException {
        calls.around(Operation.COMPLETE, super::complete);
    }

    @Override
    public void close() throws BlockException {
        calls.aroundClose(super::close);
    }
}
