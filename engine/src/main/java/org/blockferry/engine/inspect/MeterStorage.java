package org.blockferry.engine.inspect;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * Takes an image that is being made, keeps nothing of it but how long its file gets. A format that must read back what it wrote
 * cannot be measured so, and is refused. Thread-safe.
 */
final class MeterStorage implements BlockStorage {
    private static final int THREADS = 16;

    private final NodeInfo info;
    private final AtomicLong length = new AtomicLong();

    MeterStorage(String name) {
        this.info = new NodeInfo(name, "meter", 0, BlockLimits.NONE, Set.of(Trait.READS_ZERO_WHEN_NEW, Trait.FAST_ZERO),
                THREADS,
                THREADS, Optional.empty());
    }

    /** Bytes of the file so far. */
    long length() {
        return length.get();
    }

    @Override
    public NodeInfo info() {
        return info.withLength(length.get());
    }

    @Override
    public BlockStatus status(ByteRange range) {
        return BlockStatus.data(range);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        throw BlockException.request(Kind.UNSUPPORTED, info.name(), "read", new ByteRange(offset, into.remaining()),
                "an image that is only measured cannot be read back", null);
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
    public boolean allocate(ByteRange range) {
        grow(range.end());
        return true;
    }

    private void grow(long end) {
        length.accumulateAndGet(end, Math::max);
    }

    @Override
    public void setLength(long bytes) {
        length.set(bytes);
    }

    @Override
    public void flush() {
        // There is nothing to keep.
    }

    @Override
    public void complete() {
        // Nor to finish.
    }

    @Override
    public void close() {
        // Nor to free.
    }
}
