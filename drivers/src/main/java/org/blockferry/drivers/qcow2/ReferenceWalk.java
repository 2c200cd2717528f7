package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.util.Printable;

/**
 * Walks over everything in an image that refers to host clusters and counts the references: header, active L1 and L2 tables with
 * their clusters, those of the snapshots, snapshot table, bitmaps, encryption header, refcount table and blocks. On the way it judges
 * each entry by itself: reserved bits, alignment, places past the file's end.
 *
 * <p>Clusters that stand in a row are counted as a run. One table is held at a time.
 */
final class ReferenceWalk {
    /** QEMU's limits of the bitmaps extension. */
    private static final int MAX_BITMAPS = 65535;
    private static final int MAX_BITMAP_DIRECTORY = MAX_BITMAPS * 1024;
    private static final int MAX_BITMAP_TABLE = 0x8000000;
    private static final int BITMAP_ENTRY = 24;
    private static final long BITMAP_OFFSET_MASK = L2Entry.OFFSET_MASK;
    private static final long BITMAP_RESERVED = 0xff000000000001feL;
    private static final long REFCOUNT_RESERVED = 0x1ff;
    private static final long PLAIN_RESERVED = L2Entry.COMPRESSED | L2Entry.STANDARD_RESERVED;

    private final CheckedImage image;
    private final Qcow2Layout layout;
    private final int clusterSize;
    private final CheckTally tally;
    private final BitSet badBlocks;
    private final ByteBuffer buffer;
    private final long[] table;
    private final long[] l1 = new long[CheckedImage.L1_SLICE];
    private ReferenceCounts counts;

    /** @param badBlocks gets the indexes of refcount table entries whose block cannot be used as it is */
    ReferenceWalk(CheckedImage image, CheckTally tally, BitSet badBlocks) {
        this.image = image;
        this.layout = image.layout();
        this.clusterSize = layout.clusterSize();
        this.tally = tally;
        this.badBlocks = badBlocks;
        this.buffer = ByteBuffer.allocateDirect(clusterSize).order(ByteOrder.BIG_ENDIAN);
        this.table = new long[clusterSize / Long.BYTES];
    }

    /** Walks once; fewer clusters may be counted than were asked for. */
    void count(ReferenceCounts into) throws BlockException {
        counts = into;
        Qcow2Header header = image.header();
        region(0, clusterSize);
        l1(header.l1Offset(), header.l1Size(), true);
        for (SnapshotTable.Snapshot snapshot : image.snapshots()) {
            snapshot(snapshot);
        }
        for (CheckedImage.L1 extra : image.extraL1()) {
            l1(extra.offset(), extra.entries(), false);
        }
        for (ByteRange extra : image.extraRegions()) {
            region(extra.offset(), extra.length());
        }
        region(header.snapshotsOffset(), image.snapshotTableBytes());
        if (image.extensions().crypto().isPresent()) {
            HeaderExtensions.CryptoHeader crypto = image.extensions().crypto().get();
            region(crypto.offset(), crypto.length());
        }
        Optional<HeaderExtensions.Bitmaps> bitmaps = image.extensions().bitmaps();
        if (bitmaps.isPresent() && header.has(Feature.BITMAPS) && bitmaps.get().count() != 0) {
            bitmaps(bitmaps.get());
        }
        region(header.refcountTableOffset(), (long) image.refcountTable().length * Long.BYTES);
        refcountBlocks();
    }

    /** Bytes of the file that something occupies. */
    private void region(long offset, long bytes) {
        if (bytes <= 0) {
            return;
        }
        if (offset < 0 || bytes > Long.MAX_VALUE - offset || offset + bytes - image.fileLength() >= clusterSize) {
            pastTheEnd(offset, bytes);
            return;
        }
        long first = offset >>> layout.clusterBits();
        counts.add(first, (offset + bytes - 1 >>> layout.clusterBits()) - first + 1);
    }

    private void pastTheEnd(long offset, long bytes) {
        tally.corruption("ERROR: counting reference for region exceeding the end of the file by one cluster or more: offset "
                + hex(offset) + " size " + hex(bytes));
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    private void snapshot(SnapshotTable.Snapshot snapshot) throws BlockException {
        String name = "ERROR snapshot " + Printable.line(snapshot.id() + " (" + snapshot.name()) + ") ";
        if (!layout.isClusterAligned(snapshot.l1Offset())) {
            tally.corruption(name + "l1_offset=" + hex(snapshot.l1Offset())
                    + ": L1 table is not cluster aligned; snapshot table entry corrupted");
        } else if (Integer.toUnsignedLong(snapshot.l1Size()) > Qcow2Layout.MAX_L1_BYTES / Long.BYTES) {
            tally.corruption(name + "l1_size=" + Integer.toUnsignedString(snapshot.l1Size())
                    + ": L1 table is too large; snapshot table entry corrupted");
        } else {
            l1(snapshot.l1Offset(), snapshot.l1Size(), false);
        }
    }

    private void l1(long offset, int entries, boolean active) throws BlockException {
        region(offset, (long) entries * Long.BYTES);
        int there = entriesInFile(offset, entries);
        for (int done = 0; done < there; done += l1.length) {
            int slice = Math.min(l1.length, there - done);
            image.readLongs(offset + (long) done * Long.BYTES, l1, slice);
            for (int i = 0; i < slice; i++) {
                if (l1[i] != 0) {
                    l2(l1[i], active);
                }
            }
        }
    }

    private void l2(long l1Entry, boolean active) throws BlockException {
        if ((l1Entry & L2Entry.L1_RESERVED) != 0) {
            tally.corruption("ERROR found L1 entry with reserved bits set: " + Long.toHexString(l1Entry));
        }
        long offset = L2Entry.hostOffset(l1Entry);
        region(offset, clusterSize);
        if (!layout.isClusterAligned(offset)) {
            tally.corruption("ERROR l2_offset=" + hex(offset) + ": Table is not cluster aligned; L1 entry corrupted");
        }
        load(offset);
        if (layout.extendedL2()) {
            extendedEntries(active);
        } else {
            entries(active);
        }
    }

    private void load(long offset) throws BlockException {
        image.read(offset, buffer.clear());
        buffer.flip().asLongBuffer().get(table);
    }

    private void entries(boolean active) {
        long next = 0;
        for (int i = 0; i < table.length; ) {
            long entry = table[i];
            if (entry == 0) {
                i++;
                continue;
            }
            int run = 1;
            if ((entry & PLAIN_RESERVED) == 0) {
                long following = entry + clusterSize;
                while (i + run < table.length && table[i + run] == following) {
                    run++;
                    following += clusterSize;
                }
            }
            next = entry(entry, 0, run, active, next);
            i += run;
        }
    }

    private void extendedEntries(boolean active) {
        long next = 0;
        for (int i = 0; i < table.length; i += 2) {
            if ((table[i] | table[i + 1]) != 0) {
                next = entry(table[i], table[i + 1], 1, active, next);
            }
        }
    }

    /** Judges and counts a run of clusters that starts with {@code entry}; returns where the cluster behind it would stand. */
    private long entry(long entry, long bitmap, int run, boolean active, long next) {
        boolean report = active && !tally.isQuiet();
        if (L2Entry.isCompressed(entry)) {
            compressed(entry, bitmap, report);
            return next;
        }
        if ((entry & L2Entry.STANDARD_RESERVED) != 0) {
            tally.corruption("ERROR found l2 entry with reserved bits set: " + Long.toHexString(entry));
        }
        long offset = L2Entry.hostOffset(entry);
        if (offset == 0 && !(image.hasDataFile() && L2Entry.isCopied(entry))) {
            if ((bitmap & L2Entry.ALL_ALLOCATED) != 0) {
                tally.corruption("ERROR: Unallocated cluster has non-zero subcluster allocation map");
            }
            return next;
        }
        if ((bitmap >>> 32 & bitmap) != 0) {
            tally.corruption("ERROR offset=" + Long.toHexString(offset)
                    + ": Allocated cluster with corrupted subcluster allocation bitmap");
        }
        if (!layout.isClusterAligned(offset)) {
            boolean data = layout.extendedL2() ? (bitmap & L2Entry.ALL_ALLOCATED) != 0 : !L2Entry.isZero(entry);
            tally.corruption("ERROR offset=" + Long.toHexString(offset) + ": " + (data ? "Data" : "Preallocated")
                    + " cluster is not properly aligned; L2 entry corrupted.");
        }
        if (report) {
            tally.allocated += run;
            tally.fragmented += next != 0 && offset != next ? 1 : 0;
        }
        if (!image.hasDataFile()) {
            clusters(offset, run);
        }
        return offset + ((long) run << layout.clusterBits());
    }

    /** Clusters in a row, each judged by itself. */
    private void clusters(long offset, int run) {
        if (!layout.isClusterAligned(offset)) {
            region(offset, clusterSize);
            return;
        }
        int inFile = (int) Math.max(0, Math.min(run, layout.clustersFor(Math.max(0, image.fileLength() - offset))));
        counts.add(offset >>> layout.clusterBits(), inFile);
        for (int i = inFile; i < run; i++) {
            pastTheEnd(offset + ((long) i << layout.clusterBits()), clusterSize);
        }
    }

    private void compressed(long entry, long bitmap, boolean report) {
        long offset = L2Entry.compressedOffset(layout, entry);
        if (L2Entry.isCopied(entry)) {
            tally.corruption("ERROR: coffset=" + hex(offset) + ": copied flag must never be set for compressed clusters");
        }
        if (image.hasDataFile()) {
            tally.corruption("ERROR compressed cluster with data file, entry=" + hex(entry));
            return;
        }
        if (bitmap != 0) {
            tally.corruption("ERROR compressed cluster with non-zero subcluster allocation bitmap, entry=" + hex(entry));
            return;
        }
        region(offset, L2Entry.compressedBytes(layout, entry));
        if (report) {
            tally.allocated++;
            tally.compressed++;
            tally.fragmented++;
        }
    }

    private void bitmaps(HeaderExtensions.Bitmaps bitmaps) throws BlockException {
        region(bitmaps.directoryOffset(), bitmaps.directorySize());
        if (bitmaps.directorySize() < 0 || bitmaps.directorySize() > MAX_BITMAP_DIRECTORY
                || bitmaps.directoryOffset() < 0 || bitmaps.directoryOffset() > image.fileLength() - bitmaps.directorySize()) {
            tally.corruption("ERROR: the bitmap directory is " + bitmaps.directorySize() + " bytes at "
                    + hex(bitmaps.directoryOffset()) + ", which is not in the file");
            return;
        }
        ByteBuffer head = ByteBuffer.allocate(BITMAP_ENTRY).order(ByteOrder.BIG_ENDIAN);
        long at = bitmaps.directoryOffset();
        long end = at + bitmaps.directorySize();
        int seen = 0;
        while (at + BITMAP_ENTRY <= end) {
            image.read(at, head.clear());
            bitmapTable(head.getLong(0), head.getInt(8));
            seen++;
            at += BITMAP_ENTRY + (head.getShort(18) & 0xffff) + Integer.toUnsignedLong(head.getInt(20)) + 7 & -8;
        }
        if (at != end || seen != bitmaps.count()) {
            tally.corruption("ERROR: the bitmap directory has " + seen + " entries, and the header says "
                    + Integer.toUnsignedString(bitmaps.count()));
        }
    }

    /** What would be past the end of the file reads as zeroes, which refer to nothing: a billion of them are not looked at. */
    private int entriesInFile(long offset, int entries) {
        long there = offset < 0 ? 0 : Math.max(0, image.fileLength() - offset + Long.BYTES - 1) / Long.BYTES;
        return (int) Math.min(entries, there);
    }

    private void bitmapTable(long offset, int entries) throws BlockException {
        if (entries < 0 || entries > MAX_BITMAP_TABLE || !layout.isClusterAligned(offset)) {
            tally.corruption("ERROR: a bitmap's table is " + Integer.toUnsignedString(entries) + " entries at " + hex(offset));
            return;
        }
        region(offset, (long) entries * Long.BYTES);
        int there = entriesInFile(offset, entries);
        for (int done = 0; done < there; done += l1.length) {
            int slice = Math.min(l1.length, there - done);
            image.readLongs(offset + (long) done * Long.BYTES, l1, slice);
            for (int i = 0; i < slice; i++) {
                long cluster = l1[i] & BITMAP_OFFSET_MASK;
                if ((l1[i] & BITMAP_RESERVED) != 0 || !layout.isClusterAligned(cluster) || cluster != 0 && (l1[i] & 1) != 0) {
                    tally.corruption("ERROR: entry of a bitmap's table is " + hex(l1[i]));
                } else if (cluster != 0) {
                    region(cluster, clusterSize);
                }
            }
        }
    }

    private void refcountBlocks() {
        long[] blocks = image.refcountTable();
        for (int i = 0; i < blocks.length; i++) {
            if (blocks[i] != 0) {
                refcountBlock(i, blocks[i]);
            }
        }
    }

    private void refcountBlock(int index, long entry) {
        long cluster = entry >>> layout.clusterBits();
        if (badBlocks.get(index) && tally.isQuiet()) {
            // Judged in an earlier walk. One whose place others use, too, is counted; the rest points nowhere.
            if (isPlace(entry)) {
                counts.add(cluster, 1);
            }
            return;
        }
        if ((entry & REFCOUNT_RESERVED) != 0) {
            tally.corruption("ERROR refcount table entry " + index + " has reserved bits set");
            badBlocks.set(index);
        } else if (!layout.isClusterAligned(entry)) {
            tally.corruption("ERROR refcount block " + index + " is not cluster aligned; refcount table entry corrupted");
            badBlocks.set(index);
        } else if (!isPlace(entry)) {
            tally.corruption("ERROR refcount block " + index + " is outside image");
            badBlocks.set(index);
        } else {
            counts.add(cluster, 1);
            if (counts.holds(cluster) && counts.get(cluster) != 1) {
                tally.corruptions++;
                tally.say("ERROR refcount block " + index + " refcount=" + counts.get(cluster));
                badBlocks.set(index);
            }
        }
    }

    private boolean isPlace(long entry) {
        return layout.isClusterAligned(entry) && Long.compareUnsigned(entry, image.fileLength()) < 0;
    }
}
