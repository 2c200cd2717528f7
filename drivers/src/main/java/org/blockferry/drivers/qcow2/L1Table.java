package org.blockferry.drivers.qcow2;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;

/**
 * An L1 table: where the L2 tables are. Thread-safe.
 *
 * <p>Design note: it is read in slices through a cache of 1 MiB and never loaded whole. The table of a 64 TiB disk (of 64 KiB
 * clusters) fits; the largest allowed, 32 MiB, would be a lot of memory for one layer of a chain that may come from anybody.
 */
final class L1Table {
    private static final int SLICE_BITS = 14;
    private static final int SLOT_BITS = 6;

    private final String node;
    private final Qcow2Layout layout;
    private final long offset;
    private final int entries;
    private final FileEnd fileEnd;
    private final TableCache cache;

    /** A table of {@code entries} at {@code offset}, which have been checked against the file. */
    L1Table(String node, BlockSource file, FileEnd fileEnd, Qcow2Layout layout, long offset, int entries) {
        this.node = node;
        this.layout = layout;
        this.offset = offset;
        this.entries = entries;
        this.fileEnd = fileEnd;
        this.cache = new TableCache(file, SLICE_BITS, SLOT_BITS);
    }

    /**
     * Where the L2 table that describes {@code guestOffset} starts; 0 if there is none.
     *
     * @throws BlockException CORRUPT_IMAGE if the entry is not a possible one
     */
    long l2Table(long guestOffset) throws BlockException {
        long index = layout.l1Index(guestOffset);
        if (index >= entries) {
            // An internal snapshot of a disk that was smaller.
            return 0;
        }
        long entry = slice(index).entries()[indexInSlice(index)];
        long table = L2Entry.hostOffset(entry);
        if ((entry & ~L2Entry.COPIED) == 0) {
            return 0;
        }
        if ((entry & L2Entry.L1_RESERVED) != 0) {
            throw corrupt(guestOffset, entry, "its reserved bits must be 0");
        }
        if (!layout.isClusterAligned(table)) {
            throw corrupt(guestOffset, entry, "the L2 table must start at a multiple of " + layout.clusterSize());
        }
        if (!fileEnd.reaches(table + layout.clusterSize())) {
            throw corrupt(guestOffset, entry, "the L2 table ends past the file's " + fileEnd.length());
        }
        return table;
    }

    private BlockException corrupt(long guestOffset, long entry, String bound) {
        return BlockException.field(Kind.CORRUPT_IMAGE, node, "L1 entry for guest offset 0x" + Long.toHexString(guestOffset),
                "0x" + Long.toHexString(entry), bound);
    }

    /** The first guest offset from {@code guestOffset} on, but before {@code end}, whose L1 entry is not 0; else {@code end}. */
    long nextTable(long guestOffset, long end) throws BlockException {
        long last = Math.min(layout.l1Index(end - 1), entries - 1L);
        long index = layout.l1Index(guestOffset);
        while (index <= last) {
            TableCache.Slice slice = slice(index);
            if (slice.empty()) {
                index = (index >>> SLICE_BITS - 3) + 1 << SLICE_BITS - 3;
            } else if ((slice.entries()[indexInSlice(index)] & ~L2Entry.COPIED) == 0) {
                index++;
            } else {
                return Math.min(end, Math.max(guestOffset, index << layout.l2CoverageBits()));
            }
        }
        return end;
    }

    private TableCache.Slice slice(long index) throws BlockException {
        long first = index >>> SLICE_BITS - 3 << SLICE_BITS - 3;
        int count = (int) Math.min(1 << SLICE_BITS - 3, entries - first);
        return cache.get(offset + first * Long.BYTES, count * Long.BYTES);
    }

    private static int indexInSlice(long index) {
        return (int) index & (1 << SLICE_BITS - 3) - 1;
    }
}
