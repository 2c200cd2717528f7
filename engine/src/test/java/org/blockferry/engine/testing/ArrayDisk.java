package org.blockferry.engine.testing;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
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
 * The simplest honest node: an array, and for every byte of it whether it is known to be zero or defers to a backing file. A
 * double for tests of the engine, which knows no driver. Thread-safe by one lock.
 */
public final class ArrayDisk implements BlockStorage {
    private static final int THREADS = 64;

    private final BitSet zero = new BitSet();
    private final BitSet deferred = new BitSet();
    private final boolean growing;
    private byte[] bytes;
    private NodeInfo info;
    private boolean completed;
    private boolean closed;

    /** A disk that holds {@code bytes}, all of them data. */
    public ArrayDisk(String name, byte[] bytes) {
        this(name, bytes.clone(), false);
    }

    /** A disk that holds {@code image} and knows its runs. */
    public ArrayDisk(String name, TestImage image) {
        this(name, image.bytes(), false);
        for (TestImage.Run run : image.runs()) {
            BitSet set = run.kind() == TestImage.Kind.ZERO ? zero : deferred;
            if (run.kind() != TestImage.Kind.DATA) {
                set.set((int) run.range().offset(), (int) run.range().end());
            }
        }
    }

    /** A new disk of zeroes. */
    public static ArrayDisk blank(String name, int length) {
        ArrayDisk disk = new ArrayDisk(name, new byte[length], false);
        disk.zero.set(0, length);
        return disk;
    }

    /** A new disk that grows as it is written. */
    public static ArrayDisk growing(String name) {
        return new ArrayDisk(name, new byte[0], true);
    }

    private ArrayDisk(String name, byte[] bytes, boolean growing) {
        this.bytes = bytes;
        this.growing = growing;
        info = new NodeInfo(name, "array", bytes.length, BlockLimits.NONE,
                Set.of(Trait.READS_ZERO_WHEN_NEW, Trait.FAST_ZERO, Trait.ZERO_MAY_UNMAP, Trait.DISCARD), THREADS, THREADS,
                Optional.empty());
    }

    /** What it holds. */
    public synchronized byte[] content() {
        return bytes.clone();
    }

    /** Whether {@link #complete} was called. */
    public synchronized boolean isCompleted() {
        return completed;
    }

    /** Whether {@link #close} was called. */
    public synchronized boolean isClosed() {
        return closed;
    }

    @Override
    public synchronized NodeInfo info() {
        return info;
    }

    @Override
    public synchronized BlockStatus status(ByteRange range) throws BlockException {
        check("status", range.offset(), range.length());
        int at = (int) range.offset();
        if (zero.get(at)) {
            return BlockStatus.zero(ByteRange.between(at, Math.min(zero.nextClearBit(at), bytes.length)));
        }
        if (deferred.get(at)) {
            return BlockStatus.deferred(ByteRange.between(at, Math.min(deferred.nextClearBit(at), bytes.length)));
        }
        return BlockStatus.data(ByteRange.between(at, Math.min(next(zero, at), next(deferred, at))));
    }

    private int next(BitSet set, int at) {
        int next = set.nextSetBit(at);
        return next < 0 ? bytes.length : next;
    }

    @Override
    public synchronized void read(long offset, ByteBuffer into) throws BlockException {
        check("read", offset, into.remaining());
        into.put(bytes, (int) offset, into.remaining());
    }

    @Override
    public synchronized void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        int length = from.remaining();
        if (growing && length > 0 && offset + length > bytes.length) {
            setLength(offset + length);
        }
        check("write", offset, length);
        from.get(bytes, (int) offset, length);
        mark((int) offset, length, false);
    }

    @Override
    public synchronized boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        check("zero", range.offset(), range.length());
        Arrays.fill(bytes, (int) range.offset(), (int) range.end(), (byte) 0);
        mark((int) range.offset(), (int) range.length(), true);
        return true;
    }

    private void mark(int offset, int length, boolean reads) {
        zero.set(offset, offset + length, reads);
        deferred.clear(offset, offset + length);
    }

    @Override
    public boolean discard(ByteRange range) throws BlockException {
        return writeZeroes(range, ZeroFlag.UNMAP);
    }

    @Override
    public void flush() {
        // Memory is as durable as it gets.
    }

    @Override
    public synchronized void complete() {
        completed = true;
    }

    @Override
    public synchronized void setLength(long length) {
        int old = bytes.length;
        bytes = Arrays.copyOf(bytes, Math.toIntExact(length));
        zero.clear(Math.min(old, bytes.length), Math.max(old, bytes.length));
        deferred.clear(Math.min(old, bytes.length), Math.max(old, bytes.length));
        zero.set(Math.min(old, bytes.length), bytes.length);
        info = info.withLength(length);
    }

    @Override
    public synchronized boolean allocate(ByteRange range) {
        if (range.end() > bytes.length) {
            setLength(range.end());
        }
        return true;
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    private void check(String operation, long offset, long length) throws BlockException {
        if (offset > bytes.length || length > bytes.length - offset) {
            throw BlockException.request(BlockException.Kind.OUT_OF_BOUNDS, info.name(), operation,
                    new ByteRange(offset, Math.min(length, Long.MAX_VALUE - offset)),
                    "the disk ends at 0x" + Integer.toHexString(bytes.length), null);
        }
    }
}
