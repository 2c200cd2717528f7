package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The bits of a refcount block (specification, section "Host cluster management"): entries of {@code 1 << refcountOrder} bits,
 * big-endian where they have more than eight. With fewer, "bit 0 means the least significant bit", so the entries of a byte
 * start at its low end. Arithmetic on a buffer, no I/O.
 */
final class Refcounts {
    private Refcounts() {
    }

    /** The largest refcount that an entry holds. */
    static long max(int refcountOrder) {
        return refcountOrder == 6 ? Long.MAX_VALUE : (1L << (1 << refcountOrder)) - 1;
    }

    static long get(ByteBuffer block, int refcountOrder, int index) {
        return switch (refcountOrder) {
            case 3 -> block.get(index) & 0xff;
            case 4 -> block.getShort(2 * index) & 0xffff;
            case 5 -> block.getInt(4 * index) & 0xffff_ffffL;
            case 6 -> block.getLong(8 * index);
            default -> block.get(index >>> 3 - refcountOrder) >>> shift(refcountOrder, index) & max(refcountOrder);
        };
    }

    /** Sets an entry; {@code count} is at most {@link #max}. */
    static void set(ByteBuffer block, int refcountOrder, int index, long count) {
        switch (refcountOrder) {
            case 3 -> block.put(index, (byte) count);
            case 4 -> block.putShort(2 * index, (short) count);
            case 5 -> block.putInt(4 * index, (int) count);
            case 6 -> block.putLong(8 * index, count);
            default -> {
                int at = index >>> 3 - refcountOrder;
                int shift = shift(refcountOrder, index);
                int others = block.get(at) & ~((int) max(refcountOrder) << shift);
                block.put(at, (byte) (others | (int) count << shift));
            }
        }
    }

    private static int shift(int refcountOrder, int index) {
        int inByte = index & (1 << 3 - refcountOrder) - 1;
        return inByte << refcountOrder;
    }

    /** A new block in which the first {@code ones} entries are 1 and the others 0; outside the heap. */
    static ByteBuffer blockOfOnes(Qcow2Layout layout, int ones) {
        ByteBuffer block = ByteBuffer.allocateDirect(layout.clusterSize()).order(ByteOrder.BIG_ENDIAN);
        for (int i = 0; i < ones; i++) {
            set(block, layout.refcountOrder(), i, 1);
        }
        return block;
    }

    /** Makes the entries from {@code first} on 0. */
    static void clearFrom(ByteBuffer block, Qcow2Layout layout, int first) {
        for (int i = first; i < layout.refcountBlockEntries(); i++) {
            set(block, layout.refcountOrder(), i, 0);
        }
    }
}
