package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/**
 * The space of a new image's file: hands it out from the front, never takes any back, and writes the refcounts of what it
 * handed out.
 *
 * <p>Every cluster has a refcount of 1, but for those that hold compressed data: these count the compressed clusters that
 * touch them. Because space goes out in ascending order, the counts of a refcount block are final as soon as all its clusters
 * are out and none of them can take more compressed data. Such a block is written at once, into the next free cluster, and
 * forgotten. What stays in memory, whatever the size of the file, is the refcount table (at most 8 MiB), one block of ones,
 * and the one or two blocks in which compressed data is being counted.
 *
 * <p>Thread-safe. The lock is held for arithmetic only; a finished block is written by the thread whose request finished it.
 */
final class HostSpace {
    private static final int MAX_TABLE_ENTRIES = Qcow2Layout.MAX_REFCOUNT_TABLE_BYTES / Long.BYTES;
    private static final long NONE = -1;

    private final FreshFile file;
    private final Qcow2Layout layout;
    private final long maxRefcount;
    private final ByteBuffer ones;

    /** The first cluster that is not handed out; cluster 0 is the header's. */
    private long nextCluster = 1;
    /** Where each refcount block stands; its first {@link #blocksPlaced} entries are valid. */
    private long[] table = new long[64];
    private int blocksPlaced;
    /** Blocks with other counts than 1, by index; only ones that are not placed yet. */
    private final Map<Integer, ByteBuffer> counted = new HashMap<>();
    /** The host cluster that can take more compressed data, the first free byte in it, and its refcount so far. */
    private long openCluster = NONE;
    private long openOffset;
    private long openRefcount;

    HostSpace(FreshFile file, Qcow2Layout layout) {
        this.file = file;
        this.layout = layout;
        this.maxRefcount = Refcounts.max(layout.refcountOrder());
        this.ones = Refcounts.blockOfOnes(layout, layout.refcountBlockEntries());
    }

    /**
     * Hands out {@code clusters} clusters in one run, each with a refcount of 1.
     *
     * @return the host offset of the first
     * @throws BlockException NO_SPACE if the format cannot address so large a file; otherwise as the file's write
     */
    long allocate(long clusters) throws BlockException {
        long first;
        synchronized (this) {
            first = take(clusters);
        }
        writeFinishedBlocks();
        return first << layout.clusterBits();
    }

    private long take(long clusters) throws BlockException {
        long first = nextCluster;
        long end = first + clusters;
        long lastOffset = (end << layout.clusterBits()) - 1;
        if (end < first || lastOffset < 0 || end > Qcow2Layout.MAX_HOST_OFFSET >>> layout.clusterBits()
                || layout.refcountTableIndex(lastOffset) >= MAX_TABLE_ENTRIES) {
            throw BlockException.of(Kind.NO_SPACE, file.name(), "The image would be larger than a refcount table of "
                    + Qcow2Layout.MAX_REFCOUNT_TABLE_BYTES + " bytes can count (try using a larger cluster size)");
        }
        nextCluster = end;
        return first;
    }

    /**
     * Hands out room for compressed clusters, packed one behind the other across host clusters wherever that is possible, and
     * counts them.
     *
     * @param sizes bytes of each, at least 1 and less than a cluster
     * @param offsets receives the host offset of each, ascending
     * @param count how many of both arrays
     * @param alignment the first one, and each that does not adjoin the one before, starts at a multiple of this; a power of two,
     *     at most a cluster
     * @throws BlockException NO_SPACE as {@link #allocate}, or if a compressed cluster's entry cannot hold so large an offset
     */
    void place(int[] sizes, long[] offsets, int count, int alignment) throws BlockException {
        synchronized (this) {
            if (openCluster != NONE) {
                openOffset = openOffset + alignment - 1 & -alignment;
            }
            for (int i = 0; i < count; i++) {
                offsets[i] = placeOne(sizes[i]);
            }
        }
        writeFinishedBlocks();
    }

    private long placeOne(int size) throws BlockException {
        if (openCluster != NONE && (openOffset == openEnd() || openRefcount == maxRefcount
                || openOffset + size > openEnd() && openCluster + 1 != nextCluster)) {
            closeCluster();
        }
        if (openCluster == NONE) {
            openCluster = take(1);
            openOffset = openCluster << layout.clusterBits();
            openRefcount = 0;
        }
        long offset = openOffset;
        if (offset > layout.maxCompressedOffset()) {
            throw BlockException.of(Kind.NO_SPACE, file.name(), "Compressed clusters of " + layout.clusterSize()
                    + " bytes must start below 0x" + Long.toHexString(layout.maxCompressedOffset() + 1)
                    + " (try using a smaller cluster size)");
        }
        openOffset += size;
        openRefcount++;
        if (openOffset > openEnd()) {
            long next = openCluster + 1;
            closeCluster();
            take(1);
            openCluster = next;
            openRefcount = 1;
        }
        return offset;
    }

    private long openEnd() {
        return openCluster + 1 << layout.clusterBits();
    }

    private void closeCluster() {
        if (openRefcount != 1) {
            int block = (int) (openCluster >>> layout.refcountBlockBits());
            ByteBuffer counts = counted.computeIfAbsent(block, index -> onesCopy());
            int entry = (int) openCluster & layout.refcountBlockEntries() - 1;
            Refcounts.set(counts, layout.refcountOrder(), entry, openRefcount);
        }
        openCluster = NONE;
    }

    private ByteBuffer onesCopy() {
        return ByteBuffer.allocateDirect(layout.clusterSize()).put(ones.duplicate()).clear().order(ByteOrder.BIG_ENDIAN);
    }

    private void writeFinishedBlocks() throws BlockException {
        while (true) {
            ByteBuffer block;
            long place;
            synchronized (this) {
                long end = (long) blocksPlaced + 1 << layout.refcountBlockBits();
                if (nextCluster < end || openCluster != NONE && openCluster < end) {
                    return;
                }
                place = take(1) << layout.clusterBits();
                block = placeBlock(place);
            }
            file.writeMetadata(place, block);
        }
    }

    /** Enters the next block in the table; returns its content, to be written at {@code place}. */
    private ByteBuffer placeBlock(long place) {
        if (blocksPlaced == table.length) {
            table = Arrays.copyOf(table, Math.min(2 * table.length, MAX_TABLE_ENTRIES));
        }
        table[blocksPlaced] = place;
        ByteBuffer own = counted.remove(blocksPlaced);
        blocksPlaced++;
        return own != null ? own : ones.duplicate();
    }

    /**
     * Where the refcount table stands.
     *
     * @param offset its first byte
     * @param clusters clusters that it occupies
     */
    record Table(long offset, int clusters) {
    }

    /**
     * Writes the refcount blocks that are left and the refcount table, which count themselves too. Nothing is handed out
     * afterwards; the file ends with the table.
     */
    synchronized Table finish() throws BlockException {
        if (openCluster != NONE) {
            closeCluster();
        }
        // The blocks and the table are counted by the blocks: look for the number of blocks that is enough for all.
        long blocks = blocksPlaced;
        while (blocksFor(endWith(blocks)) > blocks) {
            blocks = blocksFor(endWith(blocks));
        }
        int left = (int) (blocks - blocksPlaced);
        int tableClusters = (int) tableClusters(blocks);
        long place = take(left + tableClusters) << layout.clusterBits();
        for (int i = 0; i < left; i++) {
            int index = blocksPlaced;
            ByteBuffer block = placeBlock(place);
            long counts = nextCluster - ((long) index << layout.refcountBlockBits());
            if (counts < layout.refcountBlockEntries()) {
                block = cut(block, (int) Math.max(0, counts));
            }
            file.writeMetadata(place, block);
            place += layout.clusterSize();
        }
        writeTable(place, tableClusters);
        file.growTo(nextCluster << layout.clusterBits());
        return new Table(place, tableClusters);
    }

    private ByteBuffer cut(ByteBuffer block, int counts) {
        ByteBuffer cut = ByteBuffer.allocateDirect(layout.clusterSize()).put(block).clear().order(ByteOrder.BIG_ENDIAN);
        Refcounts.clearFrom(cut, layout, counts);
        return cut;
    }

    private long blocksFor(long clusters) {
        return clusters + layout.refcountBlockEntries() - 1 >>> layout.refcountBlockBits();
    }

    private long endWith(long blocks) {
        return nextCluster + blocks - blocksPlaced + tableClusters(blocks);
    }

    private long tableClusters(long blocks) {
        return layout.clustersFor(blocks * Long.BYTES);
    }

    private void writeTable(long offset, int clusters) throws BlockException {
        ByteBuffer out = ByteBuffer.allocateDirect(Math.multiplyExact(clusters, layout.clusterSize()))
                .order(ByteOrder.BIG_ENDIAN);
        out.asLongBuffer().put(table, 0, blocksPlaced);
        file.writeMetadata(offset, out);
    }
}
