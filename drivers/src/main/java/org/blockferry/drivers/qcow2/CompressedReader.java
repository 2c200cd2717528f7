package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import org.blockferry.drivers.codec.Decompressor;
import org.blockferry.drivers.codec.Decompressors;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;

/**
 * Reads compressed clusters for one reader: owned by one thread at a time, holds direct memory.
 *
 * <p>Compressed data of neighbouring guest clusters mostly stands side by side in the file, in pieces that are not aligned to
 * anything. So a read goes through a window: one request to the file for as many of the clusters wanted as follow each other
 * there. A cluster that is wanted whole is decompressed into its place in the caller's buffer; one that is wanted in part is
 * kept, for the other part is likely to be asked for next.
 *
 * <p>QEMU allows a cluster's compressed data to be twice as long as the cluster, and so do we; memory is bounded by the window
 * and one cluster.
 */
final class CompressedReader implements AutoCloseable {
    private static final int WINDOW = 512 << 10;
    /** Bytes between two pieces that are cheaper read than left out. */
    private static final int MAX_GAP = 4 << 10;
    private static final ByteBuffer NONE = ByteBuffer.allocateDirect(0);

    private final String node;
    private final Qcow2Layout layout;
    private final EntryLookup map;
    private final BlockSource file;
    private final FileEnd fileEnd;
    private final CompressionType type;

    private Decompressor decompressor;
    private ByteBuffer window = NONE;
    private long windowStart;
    private long windowEnd;
    private ByteBuffer cluster = NONE;
    /** The entry whose content {@link #cluster} holds; 0, which is no compressed cluster, for none. */
    private long clusterEntry;

    /** Where the clusters are, as {@link ClusterMap#entry} tells. */
    @FunctionalInterface
    interface EntryLookup {
        long entry(long guestOffset) throws BlockException;
    }

    CompressedReader(String node, Qcow2Layout layout, EntryLookup map, BlockSource file, FileEnd fileEnd, CompressionType type) {
        this.node = node;
        this.layout = layout;
        this.map = map;
        this.file = file;
        this.fileEnd = fileEnd;
        this.type = type;
    }

    /** Puts the guest bytes {@code [start, end)}, all of them in compressed clusters, into {@code into}. */
    void read(long start, long end, ByteBuffer into) throws BlockException {
        int clusterSize = layout.clusterSize();
        long at = start;
        while (at < end) {
            long entry = map.entry(at);
            if (!L2Entry.isCompressed(entry)) {
                throw damaged(at, entry);
            }
            int from = layout.offsetInCluster(at);
            int bytes = (int) Math.min(clusterSize - from, end - at);
            if (bytes == clusterSize && into.isDirect() && entry != clusterEntry) {
                int limit = into.limit();
                into.limit(into.position() + clusterSize);
                decompress(entry, at, end, into);
                into.limit(limit);
            } else {
                keep(entry, at, end);
                into.put(into.position(), cluster, from, bytes).position(into.position() + bytes);
            }
            at += bytes;
        }
    }

    /**
     * Reads the cluster at {@code at} decompressed and as it is stored.
     *
     * @param end up to where more will be asked
     * @return bytes stored; 0 if it is not compressed or where it ends is not known
     */
    int readStored(long at, long end, ByteBuffer stored, ByteBuffer plain) throws BlockException {
        long entry = map.entry(at);
        if (!L2Entry.isCompressed(entry)) {
            return 0;
        }
        decompress(entry, at, end, plain);
        int bytes = decompressor.consumed();
        if (bytes > stored.remaining()) {
            return 0;
        }
        int from = (int) (L2Entry.compressedOffset(layout, entry) - windowStart);
        stored.put(stored.position(), window.clear(), from, bytes).position(stored.position() + bytes);
        return bytes;
    }

    private void keep(long entry, long at, long end) throws BlockException {
        if (entry == clusterEntry) {
            return;
        }
        if (cluster.capacity() == 0) {
            cluster = ByteBuffer.allocateDirect(layout.clusterSize());
        }
        clusterEntry = 0;
        decompress(entry, at, end, cluster.clear());
        clusterEntry = entry;
    }

    private void decompress(long entry, long at, long end, ByteBuffer into) throws BlockException {
        long host = L2Entry.compressedOffset(layout, entry);
        long hostEnd = Math.min(host + L2Entry.compressedBytes(layout, entry), fileEnd.length());
        if (host < windowStart || hostEnd > windowEnd) {
            load(host, hostEnd, at, end);
        }
        window.limit((int) (hostEnd - windowStart)).position((int) (host - windowStart));
        if (decompressor == null) {
            decompressor = type == CompressionType.ZSTD ? Decompressors.zstd() : Decompressors.deflate();
        }
        if (!decompressor.decompress(window, into)) {
            throw damaged(at, entry);
        }
    }

    /** Fills the window with {@code [host, hostEnd)} and with what the next clusters up to {@code end} need and adjoins. */
    private void load(long host, long hostEnd, long at, long end) throws BlockException {
        long upTo = hostEnd;
        for (long next = layout.clusterStart(at) + layout.clusterSize(); next < end; next += layout.clusterSize()) {
            long entry = map.entry(next);
            long nextHost = L2Entry.compressedOffset(layout, entry);
            long nextEnd = Math.min(nextHost + L2Entry.compressedBytes(layout, entry), fileEnd.length());
            if (!L2Entry.isCompressed(entry) || nextHost < host || nextHost > upTo + MAX_GAP || nextEnd > host + WINDOW) {
                break;
            }
            upTo = Math.max(upTo, nextEnd);
        }
        int bytes = (int) (upTo - host);
        if (window.capacity() < bytes) {
            window = ByteBuffer.allocateDirect(Math.max(bytes, Math.min(WINDOW, 4 * layout.clusterSize())));
        }
        windowEnd = windowStart;
        file.read(host, window.clear().limit(bytes));
        windowStart = host;
        windowEnd = upTo;
    }

    private BlockException damaged(long at, long entry) {
        return BlockException.field(Kind.CORRUPT_IMAGE, node,
                "L2 entry for guest offset 0x" + Long.toHexString(layout.clusterStart(at)), "0x" + Long.toHexString(entry),
                "its " + type.word() + " data does not decompress to a cluster of " + layout.clusterSize() + " bytes");
    }

    @Override
    public void close() {
        if (decompressor != null) {
            decompressor.close();
            decompressor = null;
        }
        window = NONE;
        cluster = NONE;
        windowEnd = windowStart;
        clusterEntry = 0;
    }
}
