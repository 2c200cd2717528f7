package org.blockferry.drivers.synthetic;

import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * Keeps nothing. Reads give zeroes in both modes, since a buffer left as it was would show one user's bytes to another; the
 * mode decides what is <em>promised</em>: {@code L---} (unspecified: a copy has to read) or {@code LZ--}. Takes no offload: who
 * copies to {@code null:} wants to know how fast the source can be read. Thread-safe.
 */
final class NullDisk implements BlockStorage {
    private final boolean readZeroes;
    private final boolean growing;
    private volatile NodeInfo info;

    NullDisk(String name, long length, boolean readZeroes, boolean growing) {
        this.readZeroes = readZeroes;
        this.growing = growing;
        EnumSet<Trait> traits = EnumSet.of(Trait.FAST_ZERO, Trait.ZERO_MAY_UNMAP, Trait.DISCARD);
        if (readZeroes) {
            traits.add(Trait.READS_ZERO_WHEN_NEW);
        }
        info = new NodeInfo(name, "null", length, BlockLimits.NONE, traits, Integer.MAX_VALUE, Integer.MAX_VALUE,
                Optional.empty());
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        check("status", range.offset(), range.length());
        return BlockStatus.of(ByteRange.between(range.offset(), info.length()),
                BlockStatus.LOCAL | (readZeroes ? BlockStatus.ZERO : 0));
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        check("read", offset, into.remaining());
        Requests.putZeroes(into, into.remaining());
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        grow(offset, from.remaining());
        check("write", offset, from.remaining());
        from.position(from.limit());
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        grow(range.offset(), range.length());
        check("zero", range.offset(), range.length());
        return true;
    }

    @Override
    public boolean discard(ByteRange range) throws BlockException {
        check("discard", range.offset(), range.length());
        return true;
    }

    @Override
    public void flush() {
        // Nothing is kept, so nothing can be lost.
    }

    @Override
    public void complete() {
        // Nothing is missing.
    }

    @Override
    public synchronized void setLength(long length) {
        info = info.withLength(length);
    }

    @Override
    public boolean allocate(ByteRange range) {
        grow(range.offset(), range.length());
        return true;
    }

    private void grow(long offset, long length) {
        if (growing && length > 0 && offset <= Long.MAX_VALUE - length && offset + length > info.length()) {
            synchronized (this) {
                if (offset + length > info.length()) {
                    setLength(offset + length);
                }
            }
        }
    }

    private void check(String operation, long offset, long length) throws BlockException {
        Requests.check(info.name(), operation, offset, length, info.length());
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
