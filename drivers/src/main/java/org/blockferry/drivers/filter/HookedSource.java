package org.blockferry.drivers.filter;

import java.nio.ByteBuffer;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;

/** A source whose requests a hook sees. */
public final class HookedSource extends FilterSource {
    private final HookCalls calls;

    public HookedSource(BlockSource below, RequestHook hook) {
        super(below);
        calls = new HookCalls(below, hook);
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        return calls.around(Operation.STATUS, range, () -> super.status(range));
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        calls.around(Operation.READ, HookCalls.range(offset, into.remaining()), Set.of(), () -> super.read(offset, into));
    }

    @Override
    public void close() throws BlockException {
        calls.aroundClose(super::close);
    }
}
