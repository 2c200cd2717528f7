package org.blockferry.drivers.qcow2;

import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.Trait;

/**
 * The metadata of an image that is changed in place, and the order in which its changes reach the file. This is the lock that
 * guards it: every call is made by a thread that holds it.
 *
 * <pre>
 *   commit:   refcount blocks ─flush─▶ refcount table ─┐
 *             data (written before its entry was set) ─┴─flush─▶ L2 tables ─flush─▶ L1 table ─flush─▶ lower the refcounts
 *                                                                                                   of what was freed
 * </pre>
 *
 * <p>So whatever part of this a crash cuts off, nothing refers to a cluster that is not counted or does not hold its data; what
 * is left over is counted too often, a leak. A cluster that was freed gets a new owner only after the commit: until then the file
 * may still show it to its old one. A flush is asked of the file between dependent steps only, and does what its cache mode says.
 *
 * <p>Design note: refcounts are kept exact also in an image with lazy refcounts. Being lazy would save the first of the flushes
 * of a commit, and cost a repair after each crash.
 */
final class ImageMetadata {
    /** A commit is due when so many runs of clusters wait to be freed: 64 KiB of them. */
    private static final int MAX_FREED = 4096;

    private final BlockStorage file;
    private final Qcow2Layout layout;
    private final HeaderFields header;
    private final MetadataGuard guard;
    private final FreedClusters freed = new FreedClusters();
    private final HostRefcounts refcounts;
    private final ActiveMap map;

    ImageMetadata(BlockStorage file, FileEnd fileEnd, OpenedImage image) throws BlockException {
        this.file = file;
        this.layout = image.layout();
        this.header = new HeaderFields(file, image);
        this.guard = new MetadataGuard(layout);
        guard.setTable("header", 0, layout.clusterSize());
        guard.setTable("active L1 table", image.l1Offset(), (long) image.l1Size() * Long.BYTES);
        guardSnapshots(image);
        guardBitmaps(image);
        this.refcounts = new HostRefcounts(file, image, header, guard, freed);
        this.map = new ActiveMap(file, fileEnd, image, refcounts, guard, freed, this::commit);
    }

    private void guardBitmaps(OpenedImage image) {
        Optional<HeaderExtensions.Bitmaps> bitmaps = image.header().has(Feature.BITMAPS)
                ? image.extensions().bitmaps() : Optional.empty();
        if (bitmaps.isPresent() && bitmaps.get().directorySize() > 0 && bitmaps.get().directoryOffset() > 0
                && bitmaps.get().directoryOffset() <= Qcow2Layout.MAX_HOST_OFFSET) {
            guard.setTable("bitmap directory", bitmaps.get().directoryOffset(),
                    Math.min(bitmaps.get().directorySize(), Qcow2Layout.MAX_SNAPSHOT_TABLE_BYTES));
        }
    }

    private void guardSnapshots(OpenedImage image) throws BlockException {
        List<SnapshotTable.Snapshot> snapshots = SnapshotTable.read(file.info().name(), file, image.header());
        if (snapshots.isEmpty()) {
            return;
        }
        long bytes = snapshots.size() * (long) SnapshotTable.MIN_ENTRY;
        guard.setTable("snapshot table", image.header().snapshotsOffset(), bytes);
        for (SnapshotTable.Snapshot snapshot : snapshots) {
            if (snapshot.l1Offset() < 0 || snapshot.l1Offset() > Qcow2Layout.MAX_HOST_OFFSET || snapshot.l1Size() < 0) {
                throw BlockException.field(Kind.CORRUPT_IMAGE, file.info().name(), "L1 table of snapshot '" + snapshot.id()
                        + "'", "0x" + Long.toHexString(snapshot.l1Offset()) + " with " + snapshot.l1Size() + " entries",
                        "neither may be negative, the offset at most 0x" + Long.toHexString(Qcow2Layout.MAX_HOST_OFFSET));
            }
            guard.setTable("L1 table of snapshot '" + snapshot.id() + "'", snapshot.l1Offset(),
                    (long) snapshot.l1Size() * Long.BYTES);
        }
    }

    ActiveMap map() {
        return map;
    }

    /** Ahead of every change. */
    void begin() throws BlockException {
        header.begin();
    }

    /** Takes free clusters; see {@link HostRefcounts#allocate}. */
    void allocate(long most, HostRun run) throws BlockException {
        refcounts.allocate(most, run);
    }

    /** Gives back clusters that were taken and that nothing ever referred to. */
    void giveBack(long hostOffset, long clusters) throws BlockException {
        for (long i = 0; i < clusters; i++) {
            refcounts.release((hostOffset >>> layout.clusterBits()) + i);
        }
    }

    /**
     * Ahead of writing the guest's bytes where an entry says. If metadata stands there, the image is marked corrupt; a place past
     * the end of the file must be one that is counted.
     */
    void requireData(long hostOffset, long length) throws BlockException {
        Optional<String> touched = guard.touched(hostOffset, length);
        if (touched.isPresent()) {
            throw header.corrupt("an L2 entry maps guest data to 0x" + Long.toHexString(hostOffset) + "+0x"
                    + Long.toHexString(length) + ", where the " + touched.get() + " stands");
        }
        refcounts.requireCounted(hostOffset, length);
    }

    /** Drops the reference that {@code entry}, which has been replaced, held. */
    void free(long entry) {
        if (L2Entry.isCompressed(entry)) {
            long start = L2Entry.compressedOffset(layout, entry);
            long first = start >>> layout.clusterBits();
            long last = start + L2Entry.compressedBytes(layout, entry) - 1 >>> layout.clusterBits();
            freed.add(first, last - first + 1);
        } else if (L2Entry.hostOffset(entry) != 0) {
            freed.add(L2Entry.hostOffset(entry) >>> layout.clusterBits(), 1);
        }
    }

    /** Commits when much waits for it; between two changes. */
    void commitIfDue() throws BlockException {
        if (freed.size() > MAX_FREED) {
            commit();
        }
    }

    /** Writes all changes in order; durable on return, but for refcounts that are lowered, which may be too large. */
    void commit() throws BlockException {
        refcounts.write();
        if (map.isDirty()) {
            file.flush();
            map.write();
        }
        file.flush();
        release();
    }

    /** Writes all changes, also the lowered refcounts; nobody writes meanwhile. */
    void finish() throws BlockException {
        commit();
        if (refcounts.isDirty()) {
            commit();
        }
        refcounts.trim();
    }

    /** Whether {@link #finish} has something to write. */
    boolean isDirty() {
        return map.isDirty() || refcounts.isDirty() || refcounts.isAhead() || freed.size() > 0;
    }

    boolean isCorrupt() {
        return header.isCorrupt();
    }

    private void release() throws BlockException {
        try {
            releaseAll(file.info().has(Trait.DISCARD));
        } finally {
            // What a failure leaves out is a leak; to begin again would lower some twice.
            freed.clear();
        }
    }

    private void releaseAll(boolean discards) throws BlockException {
        for (int i = 0; i < freed.size(); i++) {
            long end = freed.first(i) + freed.count(i);
            long unused = freed.first(i);
            for (long cluster = freed.first(i); cluster < end; cluster++) {
                if (!refcounts.release(cluster)) {
                    discard(discards, unused, cluster);
                    unused = cluster + 1;
                }
            }
            discard(discards, unused, end);
        }
    }

    /** Gives the space of free clusters back to the file system. */
    private void discard(boolean discards, long first, long end) throws BlockException {
        long length = Math.min(end << layout.clusterBits(), file.info().length()) - (first << layout.clusterBits());
        if (discards && length > 0) {
            file.discard(new ByteRange(first << layout.clusterBits(), length));
        }
    }
}
