package org.blockferry.engine.mirror;

import java.util.BitSet;
import org.blockferry.engine.block.ByteRange;

/**
 * Which parts of a disk are to be copied. One bit stands for a power of two of bytes; its memory is bounded, by coarser bits for
 * larger disks. Thread-safe.
 */
public final class DirtyBitmap {
    /** 8 MiB of bits: 4 TiB in units of 64 KiB. */
    private static final long MOST_BITS = 1L << 26;

    private final long length;
    private final int granularityBits;
    private final BitSet bits = new BitSet();

    /**
     * A clean one.
     *
     * @param granularity bytes for which one bit stands, at least; a power of two
     */
    public DirtyBitmap(long length, long granularity) {
        if (Long.bitCount(granularity) != 1 || length < 0) {
            throw new IllegalArgumentException("granularity " + granularity + ", length " + length);
        }
        long unit = granularity;
        while (length / unit >= MOST_BITS) {
            unit <<= 1;
        }
        this.length = length;
        this.granularityBits = Long.numberOfTrailingZeros(unit);
    }

    /** Bytes for which one bit stands. */
    public long granularity() {
        return 1L << granularityBits;
    }

    /** Marks every unit that {@code range} touches. */
    public synchronized void set(ByteRange range) {
        if (!range.isEmpty()) {
            bits.set((int) (range.offset() >> granularityBits), (int) ((range.end() - 1 >> granularityBits) + 1));
        }
    }

    /** Marks nothing. */
    public synchronized void clear() {
        bits.clear();
    }

    public synchronized boolean isClean() {
        return bits.isEmpty();
    }

    /** Bytes that are marked. */
    public synchronized long bytes() {
        long all = (long) bits.cardinality() << granularityBits;
        long last = length - 1 >> granularityBits;
        return length > 0 && bits.get((int) last) ? all - ((last + 1 << granularityBits) - length) : all;
    }

    /** Whether the byte at {@code offset} is marked. */
    public synchronized boolean isDirty(long offset) {
        return bits.get((int) (offset >> granularityBits));
    }

    /** Where the marked or clean run that holds {@code offset} ends. */
    public synchronized long endOfRun(long offset) {
        int unit = (int) (offset >> granularityBits);
        int end = bits.get(unit) ? bits.nextClearBit(unit) : bits.nextSetBit(unit);
        return end < 0 ? length : Math.min(length, (long) end << granularityBits);
    }
}
