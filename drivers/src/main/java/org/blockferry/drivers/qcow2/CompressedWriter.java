package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.function.Supplier;
import org.blockferry.drivers.codec.Compressor;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;

/**
 * Writes clusters of a new image compressed. The calling thread compresses all whole clusters of its request, one behind the
 * other, gets room for all of them at once, and writes them with one request to the file:
 *
 * <pre>
 *   request   │ cluster │ cluster │ cluster │ cluster │
 *   scratch   │ 1 │  2  │ 3 │ 4 │                          compressed by this thread, beside the others
 *   file      ...│ 1 │  2  │ 3 │ 4 │...                    packed, across host clusters, behind another's
 * </pre>
 *
 * <p>A cluster that does not shrink, and one that has its place already, is written plain. So is a part of a cluster, but for
 * the last one of the disk.
 *
 * <p>Thread-safe; every writer works with a scratch of its own.
 */
final class CompressedWriter implements AutoCloseable {
    /**
     * The most that is compressed before it is written, unless one cluster is more: two of the slots that a copy works with. Each
     * writer has a buffer of this size, and there may be {@value NewImageTarget#MAX_WRITERS}.
     */
    private static final int BATCH_BYTES = 512 << 10;
    /** Memory pages: the most that any file wants buffers aligned to. */
    private static final int PAGE = 4096;

    /** Writes bytes uncompressed. */
    @FunctionalInterface
    interface PlainWriter {
        void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException;
    }

    private final FreshFile file;
    private final HostSpace space;
    private final NewClusterMap map;
    private final Qcow2Layout layout;
    private final Supplier<Compressor> compressors;
    private final PlainWriter plain;
    private final int alignment;
    private final Deque<Scratch> idle = new ArrayDeque<>();
    private boolean closed;
    private volatile boolean damaged;

    CompressedWriter(FreshFile file, HostSpace space, NewClusterMap map, Qcow2Layout layout,
            Supplier<Compressor> compressors, PlainWriter plain) {
        this.file = file;
        this.space = space;
        this.map = map;
        this.layout = layout;
        this.compressors = compressors;
        this.plain = plain;
        this.alignment = Math.min(alignment(file.storage().info()), layout.clusterSize());
    }

    /**
     * Where batches begin. Through the page cache of this host they adjoin: the block that two of them share is there, and the
     * kernel keeps their writes apart. Aligned to blocks of 4 KiB, batches of four clusters made images 2 % larger. Elsewhere two
     * writers must not meet in a block that is read, changed and written back.
     */
    private static int alignment(NodeInfo storage) {
        boolean cached = storage.limits().memoryAlignment() == 1 && !storage.has(Trait.REMOTE);
        return cached ? 1 : storage.limits().requestAlignment();
    }

    /** Whether room was given away and then not filled, so that the image's refcounts are wrong. */
    boolean isDamaged() {
        return damaged;
    }

    /**
     * Writes bytes, whole clusters of them compressed.
     *
     * @param isLast whether the disk ends with them
     */
    void write(long offset, ByteBuffer from, Set<WriteFlag> flags, boolean isLast) throws BlockException {
        long end = offset + from.remaining();
        long firstWhole = Math.min(end, layout.clusterStart(offset + layout.clusterSize() - 1));
        long lastWhole = isLast ? end : Math.max(firstWhole, layout.clusterStart(end));
        Request request = new Request(offset, from.position(), from, flags);
        request.writePlain(offset, firstWhole);
        if (firstWhole < lastWhole) {
            Scratch scratch = lease();
            try {
                int step = Math.max(BATCH_BYTES, layout.clusterSize());
                for (long at = firstWhole; at < lastWhole; at += step) {
                    writeBatch(request, scratch, at, Math.min(lastWhole, at + step));
                }
            } finally {
                giveBack(scratch);
            }
        }
        request.writePlain(lastWhole, end);
        from.position(from.limit());
    }

    /** Whether {@link #writeStored} may work: where requests of the file must be aligned, stored clusters are not taken one by one. */
    boolean takesStored() {
        return alignment == 1;
    }

    /** Writes a cluster that is compressed already; false if it has its place, or does not fit one that is compressed. */
    boolean writeStored(long offset, ByteBuffer stored) throws BlockException {
        long guestCluster = offset >>> layout.clusterBits();
        int bytes = stored.remaining();
        if (alignment != 1 || bytes >= layout.clusterSize() || !map.isFresh(guestCluster)) {
            return false;
        }
        boolean done = false;
        try {
            long[] place = {0};
            space.place(new int[] {bytes}, place, 1, alignment);
            file.write(place[0], stored, WriteFlag.NONE);
            map.setCompressed(guestCluster, place[0], bytes);
            done = true;
        } finally {
            damaged |= !done;
        }
        return true;
    }

    /** A write as it came: where its bytes are. */
    private final class Request {
        private final long offset;
        private final int start;
        private final ByteBuffer from;
        private final Set<WriteFlag> flags;

        Request(long offset, int start, ByteBuffer from, Set<WriteFlag> flags) {
            this.offset = offset;
            this.start = start;
            this.from = from;
            this.flags = flags;
        }

        ByteBuffer bytes(long at, long end) {
            return from.slice(start + (int) (at - offset), (int) (end - at));
        }

        void writePlain(long at, long end) throws BlockException {
            if (at < end) {
                plain.write(at, bytes(at, end), flags);
            }
        }
    }

    private void writeBatch(Request request, Scratch scratch, long start, long end) throws BlockException {
        compress(request, scratch, start, end);
        boolean done = false;
        try {
            space.place(scratch.sizes, scratch.offsets, scratch.count, alignment);
            writePacked(scratch, request.flags);
            for (int i = 0; i < scratch.count; i++) {
                map.setCompressed(scratch.clusters[i], scratch.offsets[i], scratch.sizes[i]);
            }
            done = true;
        } finally {
            damaged |= !done;
        }
        // What lies between the compressed ones, in runs as long as they are.
        long at = start;
        for (int i = 0; i < scratch.count; i++) {
            long cluster = scratch.clusters[i] << layout.clusterBits();
            request.writePlain(at, cluster);
            at = Math.min(end, cluster + layout.clusterSize());
        }
        request.writePlain(at, end);
    }

    /** Compresses what can be into the scratch. */
    private void compress(Request request, Scratch scratch, long start, long end) throws BlockException {
        scratch.count = 0;
        scratch.out.clear();
        for (long at = start; at < end; at += layout.clusterSize()) {
            if (!map.isFresh(at >>> layout.clusterBits())) {
                continue;
            }
            ByteBuffer in = scratch.direct(request.bytes(at, Math.min(end, at + layout.clusterSize())));
            int begin = scratch.out.position();
            scratch.out.limit(begin + layout.clusterSize() - 1);
            int made = scratch.compressor.compress(in, scratch.out);
            if (made > 0) {
                scratch.clusters[scratch.count] = at >>> layout.clusterBits();
                scratch.sizes[scratch.count] = made;
                scratch.count++;
            }
            scratch.out.position(begin + made);
        }
    }

    /** Writes what was compressed: in one piece, unless it went behind another's and on in a new cluster. */
    private void writePacked(Scratch scratch, Set<WriteFlag> flags) throws BlockException {
        int end = scratch.out.position();
        scratch.out.limit(scratch.out.capacity());
        for (int i = end; i < (end + alignment - 1 & -alignment); i++) {
            scratch.out.put(i, (byte) 0);
        }
        int from = 0;
        for (int first = 0; first < scratch.count; ) {
            int next = first;
            int bytes = 0;
            do {
                bytes += scratch.sizes[next++];
            } while (next < scratch.count && scratch.offsets[next] == scratch.offsets[first] + bytes);
            // Up to a whole unit of the file; the next to come starts behind it.
            file.write(scratch.offsets[first], scratch.out.slice(from, bytes + alignment - 1 & -alignment), flags);
            from += bytes;
            first = next;
        }
    }

    private synchronized Scratch lease() {
        Scratch scratch = idle.poll();
        return scratch != null ? scratch : new Scratch();
    }

    private synchronized void giveBack(Scratch scratch) {
        if (closed) {
            scratch.compressor.close();
        } else {
            idle.push(scratch);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        idle.forEach(scratch -> scratch.compressor.close());
        idle.clear();
    }

    /** What one thread needs to compress; between two requests nobody's. */
    private final class Scratch {
        private final Compressor compressor = compressors.get();
        /** A batch, in which nothing grows, and the padding to a whole unit of the file. */
        private final ByteBuffer out =
                ByteBuffer.allocateDirect(Math.max(BATCH_BYTES, layout.clusterSize()) + alignment + PAGE).alignedSlice(PAGE);
        /** Made when the disk's last cluster comes, or bytes on the heap. */
        private ByteBuffer in = ByteBuffer.allocate(0);
        private final long[] clusters = new long[Math.max(1, BATCH_BYTES >>> layout.clusterBits())];
        private final int[] sizes = new int[clusters.length];
        private final long[] offsets = new long[clusters.length];
        private int count;

        /** A whole cluster outside the heap: the disk's last one ends in zeroes. */
        private ByteBuffer direct(ByteBuffer bytes) {
            if (bytes.isDirect() && bytes.remaining() == layout.clusterSize()) {
                return bytes;
            }
            if (in.capacity() == 0) {
                in = ByteBuffer.allocateDirect(layout.clusterSize());
            }
            in.clear().put(bytes);
            while (in.hasRemaining()) {
                in.put((byte) 0);
            }
            return in.flip();
        }
    }
}
