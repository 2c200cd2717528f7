package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.WriteFlag;

/**
 * An image under a check: its tables, read as they are. What is past the file's end reads as zeroes, as it does in QEMU: a damaged
 * entry is judged by where it points, and not by a failure to read there.
 */
final class CheckedImage {
    /** Entries of an L1 table that are held at once. */
    static final int L1_SLICE = 8192;
    /** The byte at which the length of a snapshot's extra data stands in its entry. */
    private static final int AT_EXTRA = 36;
    private static final int V3_EXTRA = 16;

    private final BlockSource file;
    private final OpenedImage image;
    private final Qcow2Layout layout;
    private final long[] refcountTable;
    private final List<SnapshotTable.Snapshot> snapshots;
    private final long snapshotTableBytes;
    private final int incompleteSnapshots;
    private final List<ByteRange> extraRegions = new ArrayList<>();
    private final List<L1> extraL1 = new ArrayList<>();
    private long fileLength;

    /** An L1 table: where it starts, and how many entries it has. */
    record L1(long offset, int entries) {
    }

    CheckedImage(BlockSource file) throws BlockException {
        this.file = file;
        this.image = Qcow2Opener.examine(file);
        this.layout = image.layout();
        this.fileLength = file.info().length();
        Qcow2Header header = image.header();
        this.refcountTable = new long[header.refcountTableClusters() * (layout.clusterSize() / Long.BYTES)];
        readLongs(header.refcountTableOffset(), refcountTable, refcountTable.length);
        this.snapshots = SnapshotTable.read(node(), file, header);
        long at = header.snapshotsOffset();
        int incomplete = 0;
        ByteBuffer entry = ByteBuffer.allocate(SnapshotTable.MIN_ENTRY).order(ByteOrder.BIG_ENDIAN);
        for (int i = 0; i < header.snapshotCount(); i++) {
            at = at + 7 & -8;
            read(at, entry.clear());
            int extra = entry.getInt(AT_EXTRA);
            incomplete += header.version() >= 3 && extra < V3_EXTRA ? 1 : 0;
            at += SnapshotTable.MIN_ENTRY + extra + (entry.getShort(12) & 0xffff) + (entry.getShort(14) & 0xffff);
        }
        this.snapshotTableBytes = at - header.snapshotsOffset();
        this.incompleteSnapshots = incomplete;
    }

    /** Counts a part of the file as in use, although nothing in it refers to it yet. */
    void reserve(long offset, long bytes) {
        if (!extraRegions.isEmpty()) {
            // Tables that are put one behind the other are one region: there may be a million.
            ByteRange last = extraRegions.get(extraRegions.size() - 1);
            if (layout.clustersFor(last.end()) << layout.clusterBits() == offset) {
                extraRegions.set(extraRegions.size() - 1, ByteRange.between(last.offset(), offset + bytes));
                return;
            }
        }
        extraRegions.add(new ByteRange(offset, bytes));
    }

    /** Counts an L1 table, and all that it refers to, although the header does not refer to it yet. */
    void reserveL1(long offset, int entries) {
        extraL1.add(new L1(offset, entries));
    }

    List<ByteRange> extraRegions() {
        return extraRegions;
    }

    List<L1> extraL1() {
        return extraL1;
    }

    String node() {
        return file.info().name();
    }

    Qcow2Header header() {
        return image.header();
    }

    HeaderExtensions extensions() {
        return image.extensions();
    }

    Qcow2Layout layout() {
        return layout;
    }

    boolean hasDataFile() {
        return image.header().has(Feature.DATA_FILE);
    }

    List<SnapshotTable.Snapshot> snapshots() {
        return snapshots;
    }

    long snapshotTableBytes() {
        return snapshotTableBytes;
    }

    /** Entries of the snapshot table that lack what version 3 asks for. */
    int incompleteSnapshots() {
        return incompleteSnapshots;
    }

    /** The refcount table; whoever changes an entry writes it, too. */
    long[] refcountTable() {
        return refcountTable;
    }

    long fileLength() {
        return fileLength;
    }

    /** Clusters that the file has, the last one possibly in part. */
    long fileClusters() {
        return layout.clustersFor(fileLength);
    }

    /** Fills {@code into}; zeroes stand for what is past the end. On return the position is the limit. */
    void read(long offset, ByteBuffer into) throws BlockException {
        int wanted = into.remaining();
        int there = offset < 0 || offset >= fileLength ? 0 : (int) Math.min(wanted, fileLength - offset);
        int start = into.position();
        if (there > 0) {
            file.read(offset, into.limit(start + there));
        }
        into.limit(start + wanted).position(start + there);
        while (into.hasRemaining()) {
            into.put((byte) 0);
        }
    }

    /** Reads big-endian numbers of 64 bits in pieces of at most a megabyte. */
    void readLongs(long offset, long[] into, int count) throws BlockException {
        ByteBuffer piece = ByteBuffer.allocateDirect((int) Math.min(1 << 20, (long) count * Long.BYTES)).order(ByteOrder.BIG_ENDIAN);
        for (int done = 0; done < count; ) {
            int longs = Math.min(count - done, piece.capacity() / Long.BYTES);
            read(offset + (long) done * Long.BYTES, piece.clear().limit(longs * Long.BYTES));
            piece.flip().asLongBuffer().get(into, done, longs);
            done += longs;
        }
    }

    private BlockStorage storage() {
        return (BlockStorage) file;
    }

    /** Only in an image that was opened to be repaired. */
    void write(long offset, ByteBuffer from) throws BlockException {
        long end = offset + from.remaining();
        storage().write(offset, from, WriteFlag.NONE);
        fileLength = Math.max(fileLength, end);
    }

    void writeLong(long offset, long value) throws BlockException {
        write(offset, ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.BIG_ENDIAN).putLong(value).flip());
    }

    void flush() throws BlockException {
        storage().flush();
    }
}
