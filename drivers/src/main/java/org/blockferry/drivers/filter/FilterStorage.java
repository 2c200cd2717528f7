package org.blockferry.drivers.filter;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;

/** A storage that passes everything to the one below, completes and closes it. For subclasses that change one thing. */
public class FilterStorage extends FilterTarget implements BlockStorage {
    private final BlockStorage below;

    public FilterStorage(BlockStorage below) {
        super(below);
        this.below = below;
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
    public void setLength(long length) throws BlockException {
        below.setLength(length);
    }

    @Override
    public boolean allocate(ByteRange range) throws BlockException {
        return below.allocate(range);
    }
}
