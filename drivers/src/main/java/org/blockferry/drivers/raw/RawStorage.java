package org.blockferry.drivers.raw;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;

/** A raw image that can be read and written: what most protocols keep it in can. */
final class RawStorage extends RawTarget implements BlockStorage {
    private final BlockStorage file;

    RawStorage(BlockStorage file, Preallocation preallocation, boolean isBounded) {
        super(file, preallocation, isBounded);
        this.file = file;
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        return RawSource.byIdentity(file, file.status(range));
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        file.read(offset, into);
    }

    @Override
    public void setLength(long length) throws BlockException {
        file.setLength(length);
    }

    @Override
    public boolean allocate(ByteRange range) throws BlockException {
        return file.allocate(range);
    }
}
