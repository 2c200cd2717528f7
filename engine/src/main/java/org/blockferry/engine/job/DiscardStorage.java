package org.blockferry.engine.job;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * Takes everything and keeps nothing but its length; reads as zeroes. A format is laid over it to learn, without making a file,
 * what an image of it would ask of its plan.
 */
final class DiscardStorage implements BlockStorage {
    private final String name;
    private final Set<Trait> traits;
    private long length;

    DiscardStorage(String name, Set<Trait> traits, long length) {
        this.name = name;
        this.traits = traits;
        this.length = length;
    }

    @Override
    public synchronized NodeInfo info() {
        return new NodeInfo(name, "discard", length, BlockLimits.NONE, traits, Integer.MAX_VALUE, Integer.MAX_VALUE,
                Optional.empty());
    }

    @Override
    public BlockStatus status(ByteRange range) {
        return BlockStatus.zero(range);
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        while (into.hasRemaining()) {
            into.put((byte) 0);
        }
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) {
        grow(offset + from.remaining());
        from.position(from.limit());
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) {
        grow(range.end());
        return true;
    }

    @Override
    public boolean discard(ByteRange range) {
        return true;
    }

    @Override
    public void flush() {
    }

    @Override
    public void complete() {
    }

    @Override
    public synchronized void setLength(long bytes) {
        length = bytes;
    }

    @Override
    public boolean allocate(ByteRange range) {
        grow(range.end());
        return true;
    }

    private synchronized void grow(long end) {
        if (length != NodeInfo.UNKNOWN_LENGTH) {
            length = Math.max(length, end);
        }
    }

    @Override
    public void close() {
    }
}
