package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;

/**
 * Keeps slices of tables of 64-bit entries, in bounded memory. Any number of threads may look up at once; a hit takes no lock and
 * allocates nothing.
 *
 * <p>Slices are immutable. Slots are grouped by four, a slice's host offset tells its group, and a new slice takes the group's
 * next slot in turn. Two threads that miss the same slice both read it; one of the two equal slices stays.
 */
final class TableCache {
    private static final int WAYS = 4;
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private final BlockSource file;
    private final int sliceBytes;
    private final int sliceBits;
    private final int setBits;
    private final AtomicReferenceArray<Slice> slots;
    /** The way of each group that goes next; races only make the choice less even. */
    private final byte[] nextWay;
    private final Deque<ByteBuffer> buffers = new ArrayDeque<>();

    /**
     * Part of a table.
     *
     * @param hostOffset where it starts in the file
     * @param entries its entries, never changed
     * @param empty whether all of them are 0
     */
    record Slice(long hostOffset, long[] entries, boolean empty) {
    }

    /**
     * @param sliceBits a slice has {@code 1 << sliceBits} bytes and starts at a multiple of it, or of the cluster size
     * @param slotBits there are {@code 1 << slotBits} slots, at least 4
     */
    TableCache(BlockSource file, int sliceBits, int slotBits) {
        this.file = file;
        this.sliceBits = sliceBits;
        this.sliceBytes = 1 << sliceBits;
        this.setBits = slotBits - 2;
        this.slots = new AtomicReferenceArray<>(WAYS << setBits);
        this.nextWay = new byte[1 << setBits];
    }

    int sliceBits() {
        return sliceBits;
    }

    /**
     * The slice that starts at {@code hostOffset}.
     *
     * @param bytes bytes of the slice that are in the table and in the file, a multiple of 8; the rest of the slice is 0
     */
    Slice get(long hostOffset, int bytes) throws BlockException {
        int first = setBits == 0 ? 0 : (int) ((hostOffset >>> 9) * GOLDEN >>> Long.SIZE - setBits) * WAYS;
        for (int way = 0; way < WAYS; way++) {
            Slice slice = slots.getAcquire(first + way);
            if (slice != null && slice.hostOffset == hostOffset) {
                return slice;
            }
        }
        Slice slice = load(hostOffset, bytes);
        int way = nextWay[first / WAYS]++ & WAYS - 1;
        slots.setRelease(first + way, slice);
        return slice;
    }

    private Slice load(long hostOffset, int bytes) throws BlockException {
        ByteBuffer buffer = takeBuffer();
        try {
            file.read(hostOffset, buffer.clear().limit(bytes));
            long[] entries = new long[sliceBytes / Long.BYTES];
            buffer.flip().asLongBuffer().get(entries, 0, bytes / Long.BYTES);
            return new Slice(hostOffset, entries, isZero(entries));
        } finally {
            giveBuffer(buffer);
        }
    }

    private static boolean isZero(long[] entries) {
        long seen = 0;
        for (long entry : entries) {
            seen |= entry;
        }
        return seen == 0;
    }

    private ByteBuffer takeBuffer() {
        synchronized (buffers) {
            if (!buffers.isEmpty()) {
                return buffers.pop();
            }
        }
        return ByteBuffer.allocateDirect(sliceBytes).order(ByteOrder.BIG_ENDIAN);
    }

    private void giveBuffer(ByteBuffer buffer) {
        synchronized (buffers) {
            buffers.push(buffer);
        }
    }
}
