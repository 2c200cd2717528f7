package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.WriteFlag;

/**
 * Puts bytes into an image that exists. A request is cut into pieces of one kind; for each, where it goes is settled under the
 * metadata's lock, the bytes are written outside of it, and then, under the lock again, the L2 entries are set. Thread-safe; the
 * caller holds the range in the {@link ClusterLocks}.
 *
 * <pre>
 *   IN_PLACE   the cluster is the guest's alone and its bytes count        write
 *   REUSE      it has a place, but what is there does not count            write, set the entry
 *   NEW        it has none, or shares it with a snapshot, or is compressed  allocate, write, set the entry, free the old place
 * </pre>
 *
 * <p>What a request covers only in part is filled up with what was read there before: from the old place, the backing file or
 * zeroes; with extended L2 only the subclusters that it touches.
 */
final class InPlaceWriter {
    private final BlockStorage file;
    private final Qcow2Layout layout;
    private final long diskLength;
    private final ImageMetadata metadata;
    private final InPlaceReader reader;
    private final Deque<Piece> idle = new ArrayDeque<>();

    private enum Mode { IN_PLACE, REUSE, NEW }

    /** A part of a request, and what one thread needs while it writes it. */
    private final class Piece {
        private final HostRun run = new HostRun();
        private Mode mode;
        private long start;
        private long end;
        /** Where the cluster of {@link #start} stands. */
        private long host;
        /** Whether whole clusters are covered. */
        private boolean whole;
        /** Whether the whole cluster is composed, although only a part is covered. */
        private boolean copies;
        /** Whether what surrounds the covered bytes reads as zeroes already in the new place. */
        private boolean clean;
        private ByteBuffer scratch = ByteBuffer.allocate(0);

        private ByteBuffer scratch(int bytes) {
            if (scratch.capacity() < bytes) {
                scratch = ByteBuffer.allocateDirect(layout.clusterSize());
            }
            return scratch.clear().limit(bytes);
        }
    }

    InPlaceWriter(BlockStorage file, OpenedImage image, ImageMetadata metadata, InPlaceReader reader) {
        this.file = file;
        this.layout = image.layout();
        this.diskLength = image.size();
        this.metadata = metadata;
        this.reader = reader;
    }

    /** Writes the bytes of {@code from} at {@code offset}; on return its position is its limit. */
    void write(long offset, ByteBuffer from) throws BlockException {
        Piece piece = take();
        try {
            int limit = from.limit();
            long end = offset + from.remaining();
            for (long at = offset; at < end; at = piece.end) {
                synchronized (metadata) {
                    metadata.begin();
                    plan(piece, at, end);
                }
                from.limit(from.position() + (int) (piece.end - at));
                move(piece, from);
                from.limit(limit);
            }
        } finally {
            synchronized (idle) {
                idle.push(piece);
            }
        }
    }

    private Piece take() {
        synchronized (idle) {
            return idle.isEmpty() ? new Piece() : idle.pop();
        }
    }

    private void move(Piece piece, ByteBuffer from) throws BlockException {
        boolean done = false;
        try {
            if (piece.mode == Mode.IN_PLACE || piece.whole) {
                file.write(piece.host + layout.offsetInCluster(piece.start), from, WriteFlag.NONE);
            } else {
                compose(piece, from);
            }
            done = true;
        } finally {
            if (!done && piece.mode == Mode.NEW) {
                synchronized (metadata) {
                    metadata.giveBack(piece.host, layout.clustersFor(piece.end - layout.clusterStart(piece.start)));
                }
            }
        }
        if (piece.mode != Mode.IN_PLACE) {
            synchronized (metadata) {
                link(piece);
                metadata.commitIfDue();
            }
        }
    }

    /** Finds how the bytes from {@code at} on are written, and how far that goes on. */
    private void plan(Piece piece, long at, long end) throws BlockException {
        int size = layout.clusterSize();
        long clusterEnd = layout.clusterStart(at) + size;
        piece.start = at;
        piece.end = Math.min(end, clusterEnd);
        piece.copies = false;
        piece.clean = false;
        piece.mode = modeOf(at, piece.end, piece);
        piece.whole = at + size == clusterEnd && end >= clusterEnd;
        if (piece.mode == Mode.IN_PLACE) {
            while (piece.end < end && continues(piece, end)) {
                piece.end = Math.min(end, piece.end + size);
            }
        } else if (piece.whole) {
            while (end - piece.end >= size && continues(piece, end)) {
                piece.end += size;
            }
        }
        if (piece.mode == Mode.NEW) {
            metadata.allocate(layout.clustersFor(piece.end - layout.clusterStart(at)), piece.run);
            piece.host = piece.run.offset();
            piece.clean &= piece.run.isFresh();
            piece.end = Math.min(piece.end, layout.clusterStart(at) + (piece.run.clusters() << layout.clusterBits()));
        } else {
            metadata.requireData(piece.host, piece.end - layout.clusterStart(at));
        }
    }

    /** Whether the cluster at the piece's end is written the same way, and beside it. */
    private boolean continues(Piece piece, long end) throws BlockException {
        long next = piece.end;
        Mode mode = modeOf(next, Math.min(end, next + layout.clusterSize()), null);
        return mode == piece.mode && (mode == Mode.NEW || L2Entry.hostOffset(metadata.map().entry(next))
                == piece.host + next - layout.clusterStart(piece.start));
    }

    /** How {@code [at, end)} of one cluster is written; tells the piece, if there is one, what else it has to know of it. */
    private Mode modeOf(long at, long end, Piece piece) throws BlockException {
        ActiveMap map = metadata.map();
        long entry = map.entry(at);
        ClusterKind kind = map.kindOf(entry, at);
        long host = kind == ClusterKind.COMPRESSED ? 0 : L2Entry.hostOffset(entry);
        boolean owned = host != 0 && L2Entry.isCopied(entry);
        long bitmap = layout.extendedL2() && kind != ClusterKind.COMPRESSED ? map.checkedBitmap(entry, at) : 0;
        int from = layout.subclusterIndex(at);
        int to = layout.subclusterIndex(end - 1) + 1;
        if (piece != null) {
            piece.host = host;
            piece.copies = layout.extendedL2() && (kind == ClusterKind.COMPRESSED || host != 0 && !owned);
            boolean zero = layout.extendedL2() ? (bitmap & L2Entry.zeroes(from, to)) == L2Entry.zeroes(from, to)
                    : kind == ClusterKind.ZERO || kind == ClusterKind.PREALLOCATED_ZERO;
            piece.clean = !piece.copies && (zero || entry == 0 && bitmap == 0 && !reader.hasBacking());
        }
        if (!owned) {
            return Mode.NEW;
        }
        boolean counts = layout.extendedL2() ? (bitmap & L2Entry.allocated(from, to)) == L2Entry.allocated(from, to)
                : kind == ClusterKind.DATA;
        return counts ? Mode.IN_PLACE : Mode.REUSE;
    }

    /** Writes a part of a cluster together with what has to surround it. */
    private void compose(Piece piece, ByteBuffer from) throws BlockException {
        long clusterStart = layout.clusterStart(piece.start);
        if (piece.clean && piece.mode == Mode.NEW) {
            file.write(piece.host + piece.start - clusterStart, from, WriteFlag.NONE);
            return;
        }
        int unit = piece.copies ? layout.clusterSize() : layout.subclusterSize();
        long first = piece.start & -unit;
        long last = piece.end + unit - 1 & -unit;
        ByteBuffer bytes = piece.scratch((int) (last - first));
        fill(first, piece.start, bytes);
        bytes.put(from);
        fill(piece.end, last, bytes);
        file.write(piece.host + first - clusterStart, bytes.flip(), WriteFlag.NONE);
    }

    /** Puts what is read in {@code [start, end)} now; past the end of the disk that is zero. */
    private void fill(long start, long end, ByteBuffer into) throws BlockException {
        int limit = into.limit();
        int there = (int) Math.max(0, Math.min(end, diskLength) - start);
        reader.read(start, into.limit(into.position() + there));
        InPlaceReader.putZeroes(into.limit(into.position() + (int) (end - start) - there));
        into.limit(limit);
    }

    private void link(Piece piece) throws BlockException {
        ActiveMap map = metadata.map();
        long host = piece.host;
        for (long at = piece.start; at < piece.end; host += layout.clusterSize()) {
            long next = Math.min(piece.end, layout.clusterStart(at) + layout.clusterSize());
            long old = map.entry(at);
            map.set(at, L2Entry.data(host), layout.extendedL2() ? bitmapOf(piece, old, at, next) : 0);
            if (piece.mode == Mode.NEW) {
                metadata.free(old);
            }
            at = next;
        }
    }

    private long bitmapOf(Piece piece, long old, long at, long end) throws BlockException {
        if (piece.whole || piece.copies || L2Entry.isCompressed(old)) {
            return L2Entry.ALL_ALLOCATED;
        }
        int from = layout.subclusterIndex(at);
        int to = layout.subclusterIndex(end - 1) + 1;
        return metadata.map().bitmap(at) & ~L2Entry.zeroes(from, to) | L2Entry.allocated(from, to);
    }
}
