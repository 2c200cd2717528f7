package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.util.BitSet;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.WriteFlag;

/**
 * The active L1 and L2 tables of an image that is changed in place. The L1 table is in memory, at most 32 MiB of it; of the L2
 * tables some pages. Guarded by the lock of the {@link ImageMetadata}, which also knows when what may be written.
 */
final class ActiveMap {
    /** Entries of the L1 table that are written together: a sector. */
    private static final int SECTOR_ENTRIES = 512 / Long.BYTES;
    private static final int MAX_PAGE_BITS = 14;
    /** 4 MiB. */
    private static final int CACHE_BITS = 22;
    private static final int MAX_SLOT_BITS = 12;
    /** How many entries one search looks at, at most. */
    private static final int MAX_WALK = 1 << 16;

    private final BlockStorage file;
    private final FileEnd fileEnd;
    private final String node;
    private final Qcow2Layout layout;
    private final boolean hasZeroFlag;
    private final HostRefcounts refcounts;
    private final MetadataGuard guard;
    private final FreedClusters freed;
    private final PageCache pages;
    private final BitSet dirtySectors = new BitSet();
    private final HostRun newTable = new HostRun();
    private final long l1Offset;
    private final long[] l1;

    ActiveMap(BlockStorage file, FileEnd fileEnd, OpenedImage image, HostRefcounts refcounts, MetadataGuard guard,
            FreedClusters freed, PageCache.WriteBack writeBack) throws BlockException {
        this.file = file;
        this.fileEnd = fileEnd;
        this.node = file.info().name();
        this.layout = image.layout();
        this.hasZeroFlag = image.header().version() >= 3 && !layout.extendedL2();
        this.refcounts = refcounts;
        this.guard = guard;
        this.freed = freed;
        int pageBits = Math.min(layout.clusterBits(), MAX_PAGE_BITS);
        this.pages = new PageCache(file, pageBits, Math.min(CACHE_BITS - pageBits, MAX_SLOT_BITS), writeBack);
        this.l1Offset = image.l1Offset();
        this.l1 = new long[image.l1Size()];
        TableBytes.read(file, l1Offset, l1.length * Long.BYTES).asLongBuffer().get(l1);
        for (int i = 0; i < l1.length; i++) {
            if ((l1[i] & ~L2Entry.COPIED) != 0) {
                guard.addL2(table(i));
            }
        }
    }

    /** Whether no cluster of the disk is mapped. */
    boolean isEmpty() {
        for (long entry : l1) {
            if (entry != 0) {
                return false;
            }
        }
        return true;
    }

    /** Where the L2 table of an L1 entry starts; 0 if there is none. */
    private long table(int index) throws BlockException {
        long entry = l1[index];
        long table = L2Entry.hostOffset(entry);
        if ((entry & ~L2Entry.COPIED) == 0) {
            return 0;
        }
        if ((entry & L2Entry.L1_RESERVED) != 0 || !layout.isClusterAligned(table)
                || !fileEnd.reaches(table + layout.clusterSize())) {
            throw BlockException.field(Kind.CORRUPT_IMAGE, node, "L1 entry " + index, "0x" + Long.toHexString(entry),
                    "the L2 table must start at a multiple of " + layout.clusterSize() + " and end within the file's "
                            + fileEnd.length() + ", reserved bits 0");
        }
        return table;
    }

    /** Whether there is a table with an entry for {@code guestOffset}; without one all that it covers is unallocated. */
    boolean hasTable(long guestOffset) {
        return (l1[(int) layout.l1Index(guestOffset)] & ~L2Entry.COPIED) != 0;
    }

    /** The first guest offset after {@code guestOffset} that another table covers. */
    long nextTable(long guestOffset) {
        return layout.l1Index(guestOffset) + 1 << layout.l2CoverageBits();
    }

    /** The entry of the cluster that holds {@code guestOffset}; 0 if there is no table for it. Not checked. */
    long entry(long guestOffset) throws BlockException {
        long table = table((int) layout.l1Index(guestOffset));
        return table == 0 ? 0 : page(table, guestOffset).bytes().getLong(inPage(guestOffset));
    }

    /** The subcluster bitmap that goes with {@link #entry}; only with extended L2. */
    long bitmap(long guestOffset) throws BlockException {
        long table = table((int) layout.l1Index(guestOffset));
        return table == 0 ? 0 : page(table, guestOffset).bytes().getLong(inPage(guestOffset) + Long.BYTES);
    }

    private TablePage page(long table, long guestOffset) throws BlockException {
        return pages.get(table + ((long) layout.l2Index(guestOffset) << layout.l2EntryBits()));
    }

    private int inPage(long guestOffset) {
        return (layout.l2Index(guestOffset) << layout.l2EntryBits()) & (1 << pages.pageBits()) - 1;
    }

    /** Changes the entry of a cluster; {@code bitmap} counts with extended L2 only. May have to make or copy its table. */
    void set(long guestOffset, long entry, long bitmap) throws BlockException {
        TablePage page = page(ownTable((int) layout.l1Index(guestOffset)), guestOffset);
        page.bytes().putLong(inPage(guestOffset), entry);
        if (layout.extendedL2()) {
            page.bytes().putLong(inPage(guestOffset) + Long.BYTES, bitmap);
        }
        pages.changed(page);
    }

    /** The L2 table, which no snapshot shares. */
    private long ownTable(int index) throws BlockException {
        long old = table(index);
        if (old != 0 && L2Entry.isCopied(l1[index])) {
            return old;
        }
        refcounts.allocate(1, newTable);
        long table = newTable.offset();
        if (old == 0) {
            TableBytes.zero(file, table, layout.clusterSize());
        } else {
            // A shared table is never changed, so that the file holds all of it.
            file.write(table, TableBytes.read(file, old, layout.clusterSize()), WriteFlag.NONE);
        }
        pages.drop(table, layout.clusterSize());
        guard.addL2(table);
        l1[index] = table | L2Entry.COPIED;
        dirtySectors.set(index / SECTOR_ENTRIES);
        if (old != 0) {
            guard.removeL2(old);
            freed.add(old >>> layout.clusterBits(), 1);
        }
        return table;
    }

    /** As {@link ClusterMap#find}, of the tables as they are now. */
    void find(long guestOffset, long end, ClusterRun run) throws BlockException {
        run.reset(guestOffset);
        try {
            for (int walked = 0; run.end() < end && walked < MAX_WALK; walked++) {
                long at = run.end();
                if (!hasTable(at)) {
                    if (!run.extend(ClusterKind.UNALLOCATED, 0, Math.min(end, nextTable(at)))) {
                        return;
                    }
                } else if (!addCluster(at, end, run)) {
                    return;
                }
            }
        } catch (BlockException e) {
            if (run.isEmpty()) {
                throw e;
            }
        }
    }

    private boolean addCluster(long at, long end, ClusterRun run) throws BlockException {
        long entry = entry(at);
        ClusterKind kind = kindOf(entry, at);
        long clusterEnd = Math.min(end, layout.clusterStart(at) + layout.clusterSize());
        if (!layout.extendedL2() || kind == ClusterKind.COMPRESSED) {
            return run.extend(kind, L2Entry.hostOffset(entry) + layout.offsetInCluster(at), clusterEnd);
        }
        long bitmap = checkedBitmap(entry, at);
        boolean hosted = L2Entry.hostOffset(entry) != 0;
        while (run.end() < clusterEnd) {
            long from = run.end();
            int sub = layout.subclusterIndex(from);
            ClusterKind subKind = L2Entry.isAllocated(bitmap, sub) ? ClusterKind.DATA
                    : L2Entry.isZero(bitmap, sub) ? hosted ? ClusterKind.PREALLOCATED_ZERO : ClusterKind.ZERO
                    : hosted ? ClusterKind.PREALLOCATED : ClusterKind.UNALLOCATED;
            long next = Math.min(clusterEnd, (from >>> layout.subclusterBits()) + 1 << layout.subclusterBits());
            if (!run.extend(subKind, L2Entry.hostOffset(entry) + layout.offsetInCluster(from), next)) {
                return false;
            }
        }
        return true;
    }

    /** The bitmap of a standard cluster, checked. */
    long checkedBitmap(long entry, long at) throws BlockException {
        long bitmap = bitmap(at);
        int allocated = (int) bitmap;
        if ((allocated & (int) (bitmap >>> Integer.SIZE)) != 0 || allocated != 0 && L2Entry.hostOffset(entry) == 0) {
            throw corrupt("subcluster bitmap", at, bitmap, "a subcluster is allocated and zero, or in a cluster without host offset");
        }
        return bitmap;
    }

    /** What a cluster is, checked; with extended L2, DATA stands for "has a host cluster". */
    ClusterKind kindOf(long entry, long at) throws BlockException {
        if (entry == 0) {
            return ClusterKind.UNALLOCATED;
        }
        if (L2Entry.isCompressed(entry)) {
            if (!fileEnd.reaches(L2Entry.compressedOffset(layout, entry) + 1)) {
                throw corrupt("L2 entry", at, entry, "its compressed data lies past the file's " + fileEnd.length());
            }
            return ClusterKind.COMPRESSED;
        }
        boolean zero = L2Entry.isZero(entry);
        long host = L2Entry.hostOffset(entry);
        if ((entry & L2Entry.STANDARD_RESERVED) != 0 || zero && !hasZeroFlag || !layout.isClusterAligned(host)
                || host == 0 && L2Entry.isCopied(entry)) {
            throw corrupt("L2 entry", at, entry, "its reserved bits must be 0, its host offset a multiple of "
                    + layout.clusterSize());
        }
        if (host == 0) {
            return zero ? ClusterKind.ZERO : ClusterKind.UNALLOCATED;
        }
        if (zero) {
            return ClusterKind.PREALLOCATED_ZERO;
        }
        if (!layout.extendedL2() && !fileEnd.reaches(host + 1)) {
            throw corrupt("L2 entry", at, entry, "its data lies past the file's " + fileEnd.length());
        }
        return ClusterKind.DATA;
    }

    private BlockException corrupt(String what, long guestOffset, long value, String bound) {
        return BlockException.field(Kind.CORRUPT_IMAGE, node, what + " for guest offset 0x" + Long.toHexString(guestOffset),
                "0x" + Long.toHexString(value), bound);
    }

    boolean isDirty() {
        return pages.isDirty() || !dirtySectors.isEmpty();
    }

    /** Writes what was changed: the L2 tables, and when they are durable, where they are. */
    void write() throws BlockException {
        pages.write();
        if (dirtySectors.isEmpty()) {
            return;
        }
        file.flush();
        for (int sector = dirtySectors.nextSetBit(0); sector >= 0; sector = dirtySectors.nextSetBit(sector + 1)) {
            int first = sector * SECTOR_ENTRIES;
            ByteBuffer entries = TableBytes.of(l1, first, first + SECTOR_ENTRIES);
            file.write(l1Offset + (long) first * Long.BYTES, entries, WriteFlag.NONE);
            dirtySectors.clear(sector);
        }
    }
}
