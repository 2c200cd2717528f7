package org.blockferry.drivers.qcow2;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;

/**
 * The mapping of a new image while it is being written: gives clusters a place in the file when they are first written, and
 * marks what reads as zeroes. It moves no data.
 *
 * <p>What an entry of a new image can be, and what becomes of it:
 *
 * <pre>
 *   unallocated ──write──▶ data ──zero──▶ zero, with its place kept ──write──▶ data
 *        │  └──write compressed──▶ compressed (for good)
 *        └──zero, above a backing file──▶ zero ──write──▶ data
 * </pre>
 *
 * <p>Thread-safe under the contract of a target: no two threads work in the same cluster or, with extended L2, in the same
 * subcluster. There two may meet in one cluster, so its entry is changed under the slice's monitor.
 */
final class NewClusterMap {
    /** What is said of a range of entries by {@link #forEachSlice}. */
    @FunctionalInterface
    private interface SliceWork {
        /** @return whether entries were set */
        boolean on(L2Slice slice, long from, long to) throws BlockException;
    }

    private final FreshFile file;
    private final Qcow2Layout layout;
    private final HostSpace space;
    private final L2Window window;
    private final boolean hasZeroFlag;
    private final boolean backing;
    private final boolean preallocated;
    private volatile long length;

    /**
     * @param version 2 has no zero clusters
     * @param backing whether a backing file shows through where nothing is allocated
     * @param preallocated whether every cluster has its place from the start
     * @param length bytes of the disk; {@link Long#MAX_VALUE} as long as it is not known
     */
    NewClusterMap(FreshFile file, Qcow2Layout layout, HostSpace space, L2Window window, int version, boolean backing,
            boolean preallocated, long length) {
        this.file = file;
        this.layout = layout;
        this.space = space;
        this.window = window;
        this.hasZeroFlag = version >= 3;
        this.backing = backing;
        this.preallocated = preallocated;
        this.length = length;
    }

    void setLength(long bytes) {
        length = bytes;
    }

    // ---- writing

    /**
     * Where data is to be written.
     *
     * @param data the places of the range's bytes
     * @param gaps bytes beside them, in the same clusters, that must be zeroed because the file has something else there
     */
    record Places(HostRuns data, HostRuns gaps) {
    }

    /**
     * Gives every cluster of the range a place, side by side for those that had none, and makes the range data.
     *
     * @param start first byte of the range
     * @param bytes its length, at least 1
     * @throws BlockException UNSUPPORTED if a cluster is compressed, or a backing file shows through in a part of a cluster that
     *     is outside the range; NO_SPACE
     */
    Places allocate(long start, long bytes) throws BlockException {
        Places places = new Places(new HostRuns(), new HostRuns());
        long end = start + bytes;
        if (layout.extendedL2()) {
            forEachSlice(start, end, (slice, from, to) -> {
                synchronized (slice) {
                    assign(slice, from, to, firstFresh(countFresh(slice, from, to)), places);
                }
                return true;
            });
        } else {
            // Counted over all tables first, so that one run of small clusters is one run in the file as well.
            long[] fresh = {0};
            forEachSlice(start, end, (slice, from, to) -> {
                fresh[0] += countFresh(slice, from, to);
                return false;
            });
            fresh[0] = firstFresh(fresh[0]);
            forEachSlice(start, end, (slice, from, to) -> {
                fresh[0] = assign(slice, from, to, fresh[0], places);
                return true;
            });
        }
        return places;
    }

    private long firstFresh(long clusters) throws BlockException {
        return clusters == 0 ? 0 : space.allocate(clusters);
    }

    private long countFresh(L2Slice slice, long from, long to) throws BlockException {
        long fresh = 0;
        for (long at = from; at < to; at = clusterEnd(at)) {
            int i = entryIndex(at);
            long entry = slice.entry(i);
            if (L2Entry.isCompressed(entry)) {
                throw BlockException.request(Kind.UNSUPPORTED, file.name(), "write", new ByteRange(at, pieceEnd(at, to) - at),
                        "the cluster was written compressed and cannot be written again", null);
            }
            if (backing) {
                requireWhole(slice, i, at, pieceEnd(at, to));
            }
            fresh += L2Entry.hostOffset(entry) == 0 ? 1 : 0;
        }
        return fresh;
    }

    /** Above a backing file a part of a (sub)cluster can only be written where the rest does not come from that file. */
    private void requireWhole(L2Slice slice, int i, long from, long to) throws BlockException {
        long unit = layout.subclusterSize();
        boolean headCut = (from & unit - 1) != 0 && defers(slice, i, from);
        boolean tailCut = to < length && (to & unit - 1) != 0 && defers(slice, i, to);
        if (headCut || tailCut) {
            throw BlockException.request(Kind.UNSUPPORTED, file.name(), "write", ByteRange.between(from, to),
                    "above a backing file only whole units of " + unit + " bytes can be written first", null);
        }
    }

    /** Whether the bytes at a guest offset come from the backing file, if there is one. */
    private boolean defers(L2Slice slice, int i, long at) {
        if (layout.extendedL2()) {
            long bitmap = slice.bitmap(i);
            int sub = layout.subclusterIndex(at);
            return !L2Entry.isAllocated(bitmap, sub) && !L2Entry.isZero(bitmap, sub);
        }
        long entry = slice.entry(i);
        return L2Entry.hostOffset(entry) == 0 && !isZeroCluster(entry);
    }

    private boolean isZeroCluster(long entry) {
        return hasZeroFlag && L2Entry.isZero(entry);
    }

    /** Returns the next place for a cluster that has none. */
    private long assign(L2Slice slice, long from, long to, long firstFresh, Places places) {
        long next = firstFresh;
        for (long at = from; at < to; ) {
            int i = entryIndex(at);
            long pieceEnd = pieceEnd(at, to);
            long entry = slice.entry(i);
            long host = L2Entry.hostOffset(entry);
            boolean fresh = host == 0;
            if (fresh) {
                host = next;
                next += layout.clusterSize();
            }
            long hostBase = host - layout.clusterStart(at);
            if (layout.extendedL2()) {
                assignSubclusters(slice, i, at, pieceEnd, hostBase, fresh, places.gaps);
            } else if (fresh ? !file.readsZero() : isZeroCluster(entry)) {
                // The place of a cluster that was zeroed after it had been data still holds that data.
                addGap(places.gaps, hostBase, layout.clusterStart(at), at);
                addGap(places.gaps, hostBase, pieceEnd, clusterEnd(at));
            }
            slice.setEntry(i, L2Entry.data(host));
            places.data.add(at, hostBase + at, pieceEnd - at);
            at = pieceEnd;
        }
        return next;
    }

    private void assignSubclusters(L2Slice slice, int i, long from, long to, long hostBase, boolean fresh, HostRuns gaps) {
        long unit = layout.subclusterSize();
        int first = layout.subclusterIndex(from);
        int last = layout.subclusterIndex(to - 1);
        long bitmap = slice.bitmap(i);
        if (isUnwritten(bitmap, first, fresh)) {
            addGap(gaps, hostBase, from & -unit, from);
        }
        if (isUnwritten(bitmap, last, fresh)) {
            addGap(gaps, hostBase, to, to + unit - 1 & -unit);
        }
        long touched = L2Entry.allocated(first, last + 1);
        slice.setBitmap(i, (bitmap | touched) & ~(touched << 32));
    }

    /** Whether a subcluster becomes data while its place in the file may hold something else than zeroes. */
    private boolean isUnwritten(long bitmap, int subcluster, boolean fresh) {
        return !L2Entry.isAllocated(bitmap, subcluster)
                && (!file.readsZero() || !fresh && L2Entry.isZero(bitmap, subcluster));
    }

    private static void addGap(HostRuns gaps, long hostBase, long from, long to) {
        if (from < to) {
            gaps.add(from, hostBase + from, to - from);
        }
    }

    // ---- compressed clusters

    /** Whether a guest cluster has no place in the file yet, so that it may be stored compressed. */
    boolean isFresh(long guestCluster) throws BlockException {
        L2Slice slice = window.pin(window.sliceOf(guestCluster));
        try {
            long entry = slice.entry(entryIndex(guestCluster << layout.clusterBits()));
            return !L2Entry.isCompressed(entry) && L2Entry.hostOffset(entry) == 0;
        } finally {
            window.unpin(slice, false);
        }
    }

    /** Enters a cluster that is {@linkplain #isFresh fresh} as compressed. */
    void setCompressed(long guestCluster, long hostOffset, int bytes) throws BlockException {
        L2Slice slice = window.pin(window.sliceOf(guestCluster));
        try {
            int i = entryIndex(guestCluster << layout.clusterBits());
            slice.setEntry(i, L2Entry.compressed(layout, hostOffset, bytes));
            if (layout.extendedL2()) {
                slice.setBitmap(i, 0);
            }
        } finally {
            window.unpin(slice, true);
        }
    }

    // ---- zeroes

    /**
     * Makes a range read as zeroes by metadata, and tells which bytes are left: those of clusters that are data and only partly
     * in the range, less than a cluster at each end.
     *
     * @param mayUnmap whether it may be, or stay, without a place in the file
     * @param rest receives the bytes that the caller must zero in the file
     * @return whether it could be done; if not, nothing was changed
     */
    boolean zero(ByteRange range, boolean mayUnmap, HostRuns rest) throws BlockException {
        long[] refused = {0};
        forEachKnownSlice(range.offset(), range.end(), (slice, from, to) -> {
            for (long at = from; at < to && refused[0] == 0; at = clusterEnd(at)) {
                refused[0] |= canZero(slice, entryIndex(at), at, pieceEnd(at, to), mayUnmap) ? 0 : 1;
            }
            return false;
        }, (from, to) -> refused[0] |= canZeroUnknown(from, to, mayUnmap) ? 0 : 1);
        if (refused[0] != 0) {
            return false;
        }
        SliceWork work = (slice, from, to) -> {
            synchronized (slice) {
                for (long at = from; at < to; at = clusterEnd(at)) {
                    zeroPiece(slice, entryIndex(at), at, pieceEnd(at, to), rest);
                }
            }
            return true;
        };
        if (backing) {
            forEachSlice(range.offset(), range.end(), work);
        } else {
            forEachKnownSlice(range.offset(), range.end(), work, (from, to) -> { });
        }
        return true;
    }

    private boolean canZeroUnknown(long from, long to, boolean mayUnmap) {
        long unit = layout.subclusterSize();
        return mayUnmap && (!backing || hasZeroFlag && (from & unit - 1) == 0 && ((to & unit - 1) == 0 || to == length));
    }

    private boolean canZero(L2Slice slice, int i, long from, long to, boolean mayUnmap) {
        long entry = slice.entry(i);
        boolean placed = L2Entry.hostOffset(entry) != 0;
        if (L2Entry.isCompressed(entry) || !placed && !mayUnmap || placed && !hasZeroFlag) {
            return false;
        }
        if (!backing) {
            return true;
        }
        long unit = layout.subclusterSize();
        boolean headCut = (from & unit - 1) != 0 && defers(slice, i, from);
        boolean tailCut = to < length && (to & unit - 1) != 0 && defers(slice, i, to);
        boolean needsFlag = !placed || layout.extendedL2();
        return !headCut && !tailCut && (hasZeroFlag || !needsFlag);
    }

    private void zeroPiece(L2Slice slice, int i, long from, long to, HostRuns rest) {
        long entry = slice.entry(i);
        long hostBase = L2Entry.hostOffset(entry) - layout.clusterStart(from);
        if (layout.extendedL2()) {
            zeroSubclusters(slice, i, from, to, hostBase, rest);
        } else if (L2Entry.hostOffset(entry) == 0) {
            if (backing) {
                slice.setEntry(i, L2Entry.zero());
            }
        } else if (!isZeroCluster(entry)) {
            if (isWhole(from, to)) {
                slice.setEntry(i, L2Entry.preallocatedZero(L2Entry.hostOffset(entry)));
            } else {
                rest.add(from, hostBase + from, to - from);
            }
        }
    }

    private boolean isWhole(long from, long to) {
        return layout.isClusterAligned(from) && (layout.isClusterAligned(to) || to == length);
    }

    private void zeroSubclusters(L2Slice slice, int i, long from, long to, long hostBase, HostRuns rest) {
        long bitmap = slice.bitmap(i);
        long unit = layout.subclusterSize();
        for (long at = from; at < to; ) {
            long end = Math.min(to, (at & -unit) + unit);
            int sub = layout.subclusterIndex(at);
            boolean whole = (at & unit - 1) == 0 && ((end & unit - 1) == 0 || end == length);
            if (L2Entry.isAllocated(bitmap, sub) && !whole) {
                rest.add(at, hostBase + at, end - at);
            } else if (L2Entry.isAllocated(bitmap, sub) || backing) {
                bitmap = bitmap & ~L2Entry.allocated(sub, sub + 1) | L2Entry.zeroes(sub, sub + 1);
            }
            at = end;
        }
        slice.setBitmap(i, bitmap);
    }

    // ---- the end

    /** Writes all L2 tables of a disk that has so many bytes. */
    void finish(long bytes) throws BlockException {
        if (preallocated) {
            long slices = bytes == 0 ? 0 : window.sliceOf(layout.clustersFor(bytes) - 1) + 1;
            for (long index = 0; index < slices; index++) {
                if (!window.exists(index)) {
                    window.unpin(window.pin(index), true);
                }
            }
        }
        window.finish();
    }

    // ---- walking

    private int entryIndex(long guestOffset) {
        return (int) (guestOffset >>> layout.clusterBits()) & (1 << window.sliceEntryBits()) - 1;
    }

    private long clusterEnd(long guestOffset) {
        return layout.clusterStart(guestOffset) + layout.clusterSize();
    }

    /** Where the cluster of {@code at} or the range ends. */
    private long pieceEnd(long at, long to) {
        return Math.min(to, clusterEnd(at));
    }

    private void forEachSlice(long start, long end, SliceWork work) throws BlockException {
        for (long at = start; at < end; ) {
            long to = Math.min(end, sliceEnd(at));
            L2Slice slice = window.pin(window.sliceOf(at >>> layout.clusterBits()));
            boolean changed = true;
            try {
                changed = work.on(slice, at, to);
            } finally {
                window.unpin(slice, changed);
            }
            at = to;
        }
    }

    /** What is done where no entry was ever set. */
    @FunctionalInterface
    private interface GapWork {
        void on(long from, long to);
    }

    private void forEachKnownSlice(long start, long end, SliceWork work, GapWork gaps) throws BlockException {
        for (long at = start; at < end; ) {
            long to = Math.min(end, sliceEnd(at));
            if (preallocated || window.exists(window.sliceOf(at >>> layout.clusterBits()))) {
                forEachSlice(at, to, work);
            } else {
                gaps.on(at, to);
            }
            at = to;
        }
    }

    private long sliceEnd(long at) {
        int bits = window.sliceEntryBits() + layout.clusterBits();
        return (at >>> bits) + 1 << bits;
    }
}
