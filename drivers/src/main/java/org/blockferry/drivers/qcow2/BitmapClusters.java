package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DirtyBitmap;

/**
 * Writes the bits of a bitmap anew, from others that say what is dirty: cluster by cluster, and none for a cluster of bits that are not
 * set. {@link PersistentBitmap} reads them. Memory: one cluster of bits, and the table.
 *
 * <pre>
 *   disk    ├──────────────┼──────────────┼─ ─        a dirty run of another granularity
 *   bits    0     1     2     3     4                 sets every bit that it touches
 * </pre>
 */
final class BitmapClusters {
    /** QEMU's limits for one bitmap: bytes of bits, and entries of its table. */
    private static final long MAX_BYTES = 512L << 20;
    private static final long MAX_TABLE = 0x8000000;

    private final Qcow2Layout layout;
    private final long diskSize;
    private final int granularityBits;

    /** Puts a cluster of bits into the file. */
    @FunctionalInterface
    interface Place {
        /** @return where it stands in the file */
        long put(ByteBuffer cluster) throws BlockException;
    }

    /** @throws BlockException INVALID_ARGUMENT if the bitmap would be larger than QEMU takes */
    BitmapClusters(String node, Qcow2Layout layout, long diskSize, int granularityBits) throws BlockException {
        this.layout = layout;
        this.diskSize = diskSize;
        this.granularityBits = granularityBits;
        if (clusters() > MAX_TABLE || divideUp(bits(), Byte.SIZE) > MAX_BYTES) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node,
                    "Too much space will be occupied by the bitmap. Use larger granularity");
        }
    }

    static long divideUp(long value, long by) {
        return value / by + (value % by == 0 ? 0 : 1);
    }

    private long bits() {
        return divideUp(diskSize, 1L << granularityBits);
    }

    private long bitsPerCluster() {
        return (long) layout.clusterSize() * Byte.SIZE;
    }

    private long clusters() {
        return divideUp(bits(), bitsPerCluster());
    }

    /**
     * Writes what any of {@code dirty} says is dirty, as far as the disk goes.
     *
     * @return the table, one entry for each cluster of bits; position 0
     */
    ByteBuffer write(List<DirtyBitmap> dirty, Place place) throws BlockException {
        int clusters = (int) clusters();
        ByteBuffer table = ByteBuffer.allocate(clusters * Long.BYTES).order(ByteOrder.BIG_ENDIAN);
        if (dirty.isEmpty()) {
            return table;
        }
        ByteBuffer cluster = ByteBuffer.allocateDirect(layout.clusterSize()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < clusters; i++) {
            long firstBit = i * bitsPerCluster();
            boolean any = false;
            for (DirtyBitmap bitmap : dirty) {
                any |= set(cluster, firstBit, bitmap, any);
            }
            if (any) {
                table.putLong(i * Long.BYTES, place.put(cluster.clear()));
            }
        }
        return table;
    }

    /** @param filled whether the cluster holds bits of this round already */
    private boolean set(ByteBuffer cluster, long firstBit, DirtyBitmap bitmap, boolean filled) throws BlockException {
        boolean any = filled;
        long end = Math.min(Math.min(diskSize, bitmap.length()), firstBit + bitsPerCluster() << granularityBits);
        for (long at = firstBit << granularityBits; at < end; ) {
            DirtyBitmap.Run run = bitmap.first(ByteRange.between(at, end));
            long runEnd = Math.min(run.range().end(), end);
            if (run.dirty()) {
                if (!any) {
                    clear(cluster);
                    any = true;
                }
                setBits(cluster, (at >> granularityBits) - firstBit, divideUp(runEnd, 1L << granularityBits) - firstBit);
            }
            at = runEnd;
        }
        return any;
    }

    private static void clear(ByteBuffer cluster) {
        for (int i = 0; i < cluster.capacity(); i += Long.BYTES) {
            cluster.putLong(i, 0);
        }
    }

    /** Sets the bits from {@code from} to {@code to}; whole words at a time. The buffer is little-endian. */
    static void setBits(ByteBuffer cluster, long from, long to) {
        for (long bit = from; bit < to; bit = (bit | 63) + 1) {
            int word = (int) (bit >>> 6) * Long.BYTES;
            long mask = -1L << (bit & 63);
            if (to - (bit & ~63L) < Long.SIZE) {
                mask &= (1L << (to & 63)) - 1;
            }
            cluster.putLong(word, cluster.getLong(word) | mask);
        }
    }
}
