package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.WriteFlag;

/**
 * The L2 tables of a new image: a bounded number of them in memory, the others in the file.
 *
 * <pre>
 *   pin ──▶ in memory? ──no──▶ make room: write out the longest unused ──▶ read back, or start empty
 *                │yes
 *                ▼
 *           entries are read and set ──▶ unpin
 * </pre>
 *
 * <p>A table gets its place in the file when it is first written out, so that tables stand between the data in the order in
 * which they were finished, and a table that comes back is updated in place. An ascending writer never reads one back.
 *
 * <p>The unit in memory is a slice: a whole table, or 64 KiB of a larger one, so that the bound holds for every cluster size.
 * Small tables go out several at once, side by side, in one write.
 *
 * <p>Thread-safe; a slice stays where it is while it is pinned. Tables are written and read back under the lock. That is at
 * most 64 KiB for every 64 KiB of entries, which map 512 MiB of a disk with the default clusters, and keeps every thread from
 * seeing a half-written table.
 */
final class L2Window {
    /** Memory for tables. QEMU's cache takes up to 32 MiB; a copy is done with a table much sooner than a guest. */
    static final int DEFAULT_BYTES = 8 << 20;
    private static final int MAX_SLICE_BITS = 16;
    private static final int SLAB = 64 << 10;

    /** Sets the entries of a slice that was never written; the slice is all zeroes before. */
    @FunctionalInterface
    interface Filler {
        /**
         * @param slice to be filled
         * @param firstCluster the guest cluster of its first entry
         * @return whether the slice must be written out even if nobody changes it
         */
        boolean fill(L2Slice slice, long firstCluster);
    }

    private final FreshFile file;
    private final HostSpace space;
    private final Qcow2Layout layout;
    private final Filler filler;
    private final int sliceBits;
    private final int capacity;

    private final L1Builder l1 = new L1Builder();
    /** Slices that are in the file; only kept where a table has several, because then {@link #l1} does not tell. */
    private final BitSet written = new BitSet();
    /** By index, longest unused first. */
    private final Map<Long, L2Slice> resident = new LinkedHashMap<>(64, 0.75f, true);
    private final ArrayDeque<L2Slice> unused = new ArrayDeque<>();
    private final ByteBuffer staging = ByteBuffer.allocateDirect(1 << MAX_SLICE_BITS).order(ByteOrder.BIG_ENDIAN);
    private boolean broken;

    /** @param bytes memory for tables; a thread's pinned slice is kept beyond it */
    L2Window(FreshFile file, HostSpace space, Qcow2Layout layout, Filler filler, int bytes) {
        this.file = file;
        this.space = space;
        this.layout = layout;
        this.filler = filler;
        this.sliceBits = Math.min(layout.clusterBits(), MAX_SLICE_BITS);
        this.capacity = Math.max(1, bytes >>> sliceBits);
    }

    /** Bits of the number of entries of a slice. */
    int sliceEntryBits() {
        return sliceBits - layout.l2EntryBits();
    }

    /** Which slice holds the entry of a guest cluster. */
    long sliceOf(long guestCluster) {
        return guestCluster >>> sliceEntryBits();
    }

    private int tableOf(long slice) {
        return (int) (slice >>> layout.clusterBits() - sliceBits);
    }

    private boolean isTable() {
        return sliceBits == layout.clusterBits();
    }

    /** Whether a slice has ever been set; if not, all its entries are what the filler makes of them. */
    synchronized boolean exists(long slice) {
        return resident.containsKey(slice) || isInFile(slice);
    }

    private boolean isInFile(long slice) {
        return isTable() ? l1.get(tableOf(slice)) != 0 : written.get((int) slice);
    }

    /** Slices in memory. */
    synchronized int resident() {
        return resident.size();
    }

    /** Brings a slice into memory and keeps it there until {@link #unpin}. */
    synchronized L2Slice pin(long index) throws BlockException {
        L2Slice slice = resident.get(index);
        if (slice == null) {
            slice = load(index);
        }
        slice.pins++;
        return slice;
    }

    /** @param changed whether the caller set entries */
    synchronized void unpin(L2Slice slice, boolean changed) {
        slice.pins--;
        slice.dirty |= changed;
    }

    private L2Slice load(long index) throws BlockException {
        if (resident.size() >= capacity) {
            writeOut(longestUnused());
        }
        if (unused.isEmpty()) {
            addSlab();
        }
        L2Slice slice = unused.pop();
        slice.index = index;
        slice.pins = 0;
        if (isInFile(index)) {
            slice.dirty = false;
            file.storage().read(hostOffset(index), slice.bytes());
        } else {
            slice.clear();
            slice.dirty = filler.fill(slice, index << sliceEntryBits());
        }
        resident.put(index, slice);
        return slice;
    }

    private void addSlab() {
        ByteBuffer slab = ByteBuffer.allocateDirect(Math.max(SLAB, 1 << sliceBits));
        for (int at = 0; at < slab.capacity(); at += 1 << sliceBits) {
            unused.add(new L2Slice(slab.slice(at, 1 << sliceBits), layout.l2EntryBits()));
        }
    }

    private long hostOffset(long slice) {
        long inTable = slice << sliceBits & layout.clusterSize() - 1;
        return l1.get(tableOf(slice)) + inTable;
    }

    /** So many slices that nobody works on as go into one write. Empty when all are pinned: then the window grows. */
    private List<L2Slice> longestUnused() {
        List<L2Slice> chosen = new ArrayList<>();
        int most = Math.min(staging.capacity() >>> sliceBits, Math.max(1, capacity / 2));
        for (L2Slice slice : resident.values()) {
            if (slice.pins == 0) {
                chosen.add(slice);
                if (chosen.size() == most) {
                    break;
                }
            }
        }
        return chosen;
    }

    private void writeOut(List<L2Slice> slices) throws BlockException {
        boolean done = false;
        try {
            List<L2Slice> fresh = new ArrayList<>();
            for (L2Slice slice : slices) {
                if (slice.dirty && isInFile(slice.index)) {
                    file.write(hostOffset(slice.index), slice.bytes(), WriteFlag.NONE);
                } else if (slice.dirty) {
                    fresh.add(slice);
                }
            }
            if (isTable()) {
                placeTables(fresh);
            } else {
                for (L2Slice slice : fresh) {
                    placeSlice(slice);
                }
            }
            for (L2Slice slice : slices) {
                resident.remove(slice.index);
                unused.push(slice);
            }
            done = true;
        } finally {
            // A table of which nobody knows what the file holds: such an image is never completed.
            broken |= !done;
        }
    }

    private void placeTables(List<L2Slice> tables) throws BlockException {
        if (tables.isEmpty()) {
            return;
        }
        long first = space.allocate(tables.size());
        staging.clear();
        for (L2Slice slice : tables) {
            l1.set(tableOf(slice.index), first + staging.position());
            staging.put(slice.bytes());
        }
        file.write(first, staging.flip(), WriteFlag.NONE);
    }

    private void placeSlice(L2Slice slice) throws BlockException {
        int table = tableOf(slice.index);
        if (l1.get(table) == 0) {
            l1.set(table, space.allocate(1));
            file.zeroUnwritten(l1.get(table), layout.clusterSize());
        }
        file.write(hostOffset(slice.index), slice.bytes(), WriteFlag.NONE);
        written.set((int) slice.index);
    }

    /**
     * Writes all tables that are in memory, in the order of the disk.
     *
     * @throws BlockException IO if a table could not be written earlier
     */
    synchronized void finish() throws BlockException {
        if (broken) {
            throw BlockException.of(BlockException.Kind.IO, file.name(), "an L2 table could not be written");
        }
        L2Slice[] left = resident.values().toArray(new L2Slice[0]);
        Arrays.sort(left, (a, b) -> Long.compare(a.index, b.index));
        int batch = staging.capacity() >>> sliceBits;
        for (int i = 0; i < left.length; i += batch) {
            writeOut(List.of(left).subList(i, Math.min(left.length, i + batch)));
        }
    }

    /** Writes the L1 table for a disk whose L2 tables are all {@linkplain #finish written}. */
    synchronized void writeL1(long hostOffset, int entries, long length) throws BlockException {
        l1.write(file, hostOffset, entries, length);
    }
}
