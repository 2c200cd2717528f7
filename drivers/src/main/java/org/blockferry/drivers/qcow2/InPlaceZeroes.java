package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/**
 * Makes zeroes in an image that exists, by its tables where they can say so, and frees what nobody needs. Thread-safe; the caller
 * holds the range in the {@link ClusterLocks}.
 *
 * <p>As QEMU does, a cluster that is to stay allocated keeps the place that it has, and one that has none gets none: it is a plain
 * zero cluster.
 */
final class InPlaceZeroes {
    /** Clusters that are changed while the lock is held once: others want it, too. */
    private static final int BATCH = 1024;
    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();

    private final Qcow2Layout layout;
    private final boolean v3;
    private final long diskLength;
    private final ImageMetadata metadata;
    private final InPlaceReader reader;
    private final InPlaceWriter writer;

    InPlaceZeroes(OpenedImage image, ImageMetadata metadata, InPlaceReader reader, InPlaceWriter writer) {
        this.layout = image.layout();
        this.v3 = image.header().version() >= 3;
        this.diskLength = image.size();
        this.metadata = metadata;
        this.reader = reader;
        this.writer = writer;
    }

    /** Whether the tables can say that {@code range} is zero: version 2 can only where nothing shows through. */
    boolean isPossible(boolean mayUnmap) {
        return v3 || mayUnmap && !reader.hasBacking();
    }

    /** The whole units of a range; the end of the disk ends a unit. May be empty. */
    ByteRange whole(ByteRange range, int unit) {
        long start = range.offset() + unit - 1 & -unit;
        long end = range.end() == diskLength ? range.end() : range.end() & -unit;
        return start < end ? ByteRange.between(start, end) : new ByteRange(Math.min(start, range.end()), 0);
    }

    /** Makes zeroes; what is no whole unit is written. */
    void zero(ByteRange range, boolean mayUnmap) throws BlockException {
        ByteRange whole = whole(range, layout.subclusterSize());
        if (whole.isEmpty()) {
            writeZeroes(range);
            return;
        }
        writeZeroes(ByteRange.between(range.offset(), whole.offset()));
        for (long at = whole.offset(); at < whole.end(); ) {
            at = zeroBatch(at, whole.end(), mayUnmap);
        }
        writeZeroes(ByteRange.between(whole.end(), range.end()));
    }

    /** Writes zeroes where it does not read as such. */
    private void writeZeroes(ByteRange range) throws BlockException {
        ClusterRun run = new ClusterRun();
        for (long at = range.offset(); at < range.end(); at = run.end()) {
            synchronized (metadata) {
                metadata.map().find(at, range.end(), run);
            }
            boolean isZero = switch (run.kind()) {
                case ZERO, PREALLOCATED_ZERO -> true;
                case UNALLOCATED, PREALLOCATED -> !reader.hasBacking();
                default -> false;
            };
            for (long done = run.start(); !isZero && done < run.end(); done += ZEROES.capacity()) {
                writer.write(done, ZEROES.duplicate().limit((int) Math.min(ZEROES.capacity(), run.end() - done)));
            }
        }
    }

    private long zeroBatch(long start, long end, boolean mayUnmap) throws BlockException {
        long at = start;
        long next = start;
        synchronized (metadata) {
            metadata.begin();
            for (int n = 0; n < BATCH && at < end; n++) {
                next = Math.min(end, layout.clusterStart(at) + layout.clusterSize());
                if (!metadata.map().hasTable(at) && !reader.hasBacking()) {
                    next = Math.min(end, metadata.map().nextTable(at));
                } else if (!zeroCluster(at, next, mayUnmap)) {
                    break;
                }
                at = next;
            }
            metadata.commitIfDue();
        }
        if (at == start) {
            // Part of a compressed cluster.
            writeZeroes(ByteRange.between(start, next));
            return next;
        }
        return at;
    }

    /** @return whether the tables can say it */
    private boolean zeroCluster(long at, long end, boolean mayUnmap) throws BlockException {
        ActiveMap map = metadata.map();
        long entry = map.entry(at);
        ClusterKind kind = map.kindOf(entry, at);
        boolean compressed = kind == ClusterKind.COMPRESSED;
        boolean frees = compressed || mayUnmap && L2Entry.hostOffset(entry) != 0;
        boolean absent = entry == 0 && !reader.hasBacking();
        if (!layout.extendedL2()) {
            long wanted = !v3 ? 0 : frees ? L2Entry.zero() : entry | L2Entry.ZERO;
            if (!absent) {
                replace(at, entry, wanted, 0, 0, frees);
            }
            return true;
        }
        long bitmap = compressed ? 0 : map.checkedBitmap(entry, at);
        int from = layout.subclusterIndex(at);
        int to = end == diskLength ? Qcow2Layout.SUBCLUSTERS : layout.subclusterIndex(end - 1) + 1;
        boolean all = from == 0 && to == Qcow2Layout.SUBCLUSTERS;
        if (compressed && !all) {
            return false;
        }
        if (!absent || bitmap != 0) {
            long wanted = all ? L2Entry.ALL_ZERO : bitmap & ~L2Entry.allocated(from, to) | L2Entry.zeroes(from, to);
            replace(at, entry, all && frees ? 0 : entry, bitmap, wanted, all && frees);
        }
        return true;
    }

    private void replace(long at, long entry, long wanted, long bitmap, long wantedBitmap, boolean frees) throws BlockException {
        if (entry != wanted || bitmap != wantedBitmap) {
            metadata.map().set(at, wanted, wantedBitmap);
            if (frees) {
                metadata.free(entry);
            }
        }
    }

    /** Frees what {@code range}, whole clusters, holds; it reads as zeroes afterwards. */
    void discard(ByteRange range) throws BlockException {
        for (long at = range.offset(); at < range.end(); ) {
            at = discardBatch(at, range.end());
        }
    }

    private long discardBatch(long start, long end) throws BlockException {
        long at = start;
        synchronized (metadata) {
            metadata.begin();
            for (int n = 0; n < BATCH && at < end; n++) {
                if (!metadata.map().hasTable(at)) {
                    at = Math.min(end, metadata.map().nextTable(at));
                    continue;
                }
                long entry = metadata.map().entry(at);
                long next = Math.min(end, layout.clusterStart(at) + layout.clusterSize());
                if (metadata.map().kindOf(entry, at) != ClusterKind.UNALLOCATED) {
                    zeroCluster(at, next, true);
                }
                at = next;
            }
            metadata.commitIfDue();
        }
        return at;
    }
}
