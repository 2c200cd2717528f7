package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.WriteFlag;

/**
 * The refcounts of an image that is changed in place, and the search for free clusters. The refcount table is in memory, at most
 * 8 MiB of it; of the blocks some pages. Guarded by the lock of the {@link ImageMetadata}.
 *
 * <p>A refcount that is too large is a leak, which a check mends; so pages with refcounts may reach the file at any time, as long
 * as whoever lowers one waits until what referred to the cluster is gone for good. A new block stands in the first free cluster
 * that it counts itself, so that no block is ever needed to make a block.
 */
final class HostRefcounts {
    /** Entries of the refcount table that are written together: a sector. */
    private static final int SECTOR_ENTRIES = 512 / Long.BYTES;
    private static final int MAX_PAGE_BITS = 14;
    /** 1 MiB. */
    private static final int CACHE_BITS = 20;
    private static final int MAX_SLOT_BITS = 11;
    /** The file is made longer by an eighth, but by no less and no more than this. */
    private static final long MIN_AHEAD = 1 << 20;
    private static final long MAX_AHEAD = 64 << 20;
    private static final long RESERVED = 0x1ff;
    private static final String TABLE = "refcount table";

    private final BlockStorage file;
    private final String node;
    private final Qcow2Layout layout;
    private final HeaderFields header;
    private final MetadataGuard guard;
    private final FreedClusters freed;
    private final PageCache pages;
    private final BitSet dirtySectors = new BitSet();
    private long[] table;
    private long tableOffset;
    private int tableClusters;
    /** No cluster before this is free. */
    private long cursor;
    /** Where the file has never been written: what is from here on reads as zeroes, if the file is one that grows. */
    private long untouched;
    /** Where the file ends; {@link Long#MAX_VALUE} for one that cannot grow. */
    private long fileEnd;

    HostRefcounts(BlockStorage file, OpenedImage image, HeaderFields header, MetadataGuard guard, FreedClusters freed)
            throws BlockException {
        this.file = file;
        this.node = file.info().name();
        this.layout = image.layout();
        this.header = header;
        this.guard = guard;
        this.freed = freed;
        int pageBits = Math.min(layout.clusterBits(), MAX_PAGE_BITS);
        this.pages = new PageCache(file, pageBits, Math.min(CACHE_BITS - pageBits, MAX_SLOT_BITS), this::writePages);
        this.tableOffset = image.header().refcountTableOffset();
        this.tableClusters = image.header().refcountTableClusters();
        this.untouched = file.info().length();
        this.fileEnd = untouched;
        this.table = loadTable();
    }

    private long[] loadTable() throws BlockException {
        long bytes = (long) tableClusters << layout.clusterBits();
        new FieldCheck(node).within("refcount_table_clusters", tableClusters, 1,
                Math.max(1, Qcow2Layout.MAX_REFCOUNT_TABLE_BYTES >>> layout.clusterBits()));
        guard.setTable(TABLE, tableOffset, bytes);
        long[] entries = new long[(int) (bytes / Long.BYTES)];
        ByteBuffer in = TableBytes.read(file, tableOffset, (int) bytes);
        for (int i = 0; i < entries.length; i++) {
            long block = in.getLong(i * Long.BYTES);
            entries[i] = block;
            if (block == 0) {
                continue;
            }
            if ((block & RESERVED) != 0 || !layout.isClusterAligned(block) || block < 0 || block >= untouched) {
                throw BlockException.field(Kind.CORRUPT_IMAGE, node, "refcount table entry " + i, "0x" + Long.toHexString(block),
                        "a multiple of " + layout.clusterSize() + " within the file's " + untouched);
            }
            guard.addRefcountBlock(block);
        }
        return entries;
    }

    /** How often the cluster at {@code hostOffset} is referred to. */
    long count(long hostOffset) throws BlockException {
        return get(hostOffset >>> layout.clusterBits());
    }

    private long get(long cluster) throws BlockException {
        long index = cluster >>> layout.refcountBlockBits();
        if (index >= table.length || table[(int) index] == 0) {
            return 0;
        }
        return Refcounts.get(page(cluster).bytes(), layout.refcountOrder(), indexInPage(cluster));
    }

    private void set(long cluster, long count) throws BlockException {
        TablePage page = page(cluster);
        Refcounts.set(page.bytes(), layout.refcountOrder(), indexInPage(cluster), count);
        pages.changed(page);
    }

    private TablePage page(long cluster) throws BlockException {
        int inBlock = (int) cluster & layout.refcountBlockEntries() - 1;
        return pages.get(table[(int) (cluster >>> layout.refcountBlockBits())]
                + ((long) inBlock << layout.refcountOrder() >>> 3));
    }

    private int indexInPage(long cluster) {
        return (int) cluster & pageEntries() - 1;
    }

    /** Refcounts in a page; a power of two. */
    private int pageEntries() {
        return 1 << pages.pageBits() + 3 - layout.refcountOrder();
    }

    /**
     * Takes free clusters that stand side by side: the first ones there are, at least one, each with a refcount of one from now
     * on.
     *
     * @param most how many are wanted
     * @param run where they are
     * @throws BlockException NO_SPACE if the refcount table cannot grow any more; CORRUPT_IMAGE if what is called free is not
     */
    void allocate(long most, HostRun run) throws BlockException {
        long first = firstFree();
        long count = 1;
        while (count < most && hasBlock(first + count) && get(first + count) == 0) {
            count++;
        }
        long offset = first << layout.clusterBits();
        requireFree(offset, count << layout.clusterBits());
        extend(offset + (count << layout.clusterBits()));
        for (long i = 0; i < count; i++) {
            set(first + i, 1);
        }
        cursor = first + count;
        run.set(offset, count, offset >= untouched);
        untouched = Math.max(untouched, cursor << layout.clusterBits());
    }

    /**
     * Makes the file longer ahead of the writes that need it. Writes that lie within a file go side by side; those that make it
     * longer wait for each other, which made four threads that fill an empty image half as fast as one.
     */
    private void extend(long end) throws BlockException {
        if (end <= fileEnd) {
            return;
        }
        long most = Math.max(end, untouched);
        long wanted = most + Math.max(MIN_AHEAD, Math.min(MAX_AHEAD, most / 8));
        try {
            file.setLength(wanted);
            fileEnd = wanted;
        } catch (BlockException e) {
            if (e.kind() != Kind.UNSUPPORTED) {
                throw e;
            }
            fileEnd = Long.MAX_VALUE;
        }
    }

    /** Takes back what the file was made longer for nothing; nobody writes meanwhile. */
    void trim() throws BlockException {
        if (isAhead()) {
            file.setLength(untouched);
            fileEnd = untouched;
        }
    }

    /** Whether the file is longer than what it holds. */
    boolean isAhead() {
        return fileEnd != Long.MAX_VALUE && fileEnd > untouched;
    }

    private boolean hasBlock(long cluster) {
        long index = cluster >>> layout.refcountBlockBits();
        return index < table.length && table[(int) index] != 0;
    }

    private long firstFree() throws BlockException {
        long cluster = cursor;
        while (true) {
            if (hasBlock(cluster)) {
                ByteBuffer counts = page(cluster).bytes();
                int end = pageEntries();
                for (int i = indexInPage(cluster); i < end; i++, cluster++) {
                    if (Refcounts.get(counts, layout.refcountOrder(), i) == 0) {
                        return cluster;
                    }
                }
            } else if (cluster >>> layout.refcountBlockBits() >= table.length) {
                growTable();
            } else {
                makeBlock(cluster);
                cluster++;
            }
        }
    }

    private void requireFree(long hostOffset, long length) throws BlockException {
        if (hostOffset + length > Qcow2Layout.MAX_HOST_OFFSET) {
            throw BlockException.of(Kind.NO_SPACE, node, "the format has no host offsets past 0x"
                    + Long.toHexString(Qcow2Layout.MAX_HOST_OFFSET));
        }
        Optional<String> touched = guard.touched(hostOffset, length);
        if (touched.isPresent()) {
            throw header.corrupt("the refcounts call clusters free at 0x" + Long.toHexString(hostOffset) + "+0x"
                    + Long.toHexString(length) + ", where the " + touched.get() + " stands");
        }
    }

    /** Refuses to write past everything that the file has held, unless each cluster there is counted. */
    void requireCounted(long hostOffset, long length) throws BlockException {
        long end = hostOffset + length;
        if (end <= untouched) {
            return;
        }
        for (long cluster = hostOffset >>> layout.clusterBits(); cluster <= end - 1 >>> layout.clusterBits(); cluster++) {
            if (get(cluster) == 0) {
                throw BlockException.of(Kind.CORRUPT_IMAGE, node, "an L2 entry maps guest data to 0x"
                        + Long.toHexString(cluster << layout.clusterBits()) + ", past the end of the file and with a refcount of 0");
            }
        }
        extend(end);
        untouched = end;
    }

    /** Makes the block that counts {@code cluster}, of which nothing is in use, in that cluster. */
    private void makeBlock(long cluster) throws BlockException {
        long offset = cluster << layout.clusterBits();
        requireFree(offset, layout.clusterSize());
        extend(offset + layout.clusterSize());
        TableBytes.zero(file, offset, layout.clusterSize());
        pages.drop(offset, layout.clusterSize());
        int index = (int) (cluster >>> layout.refcountBlockBits());
        table[index] = offset;
        dirtySectors.set(index / SECTOR_ENTRIES);
        guard.addRefcountBlock(offset);
        set(cluster, 1);
        untouched = Math.max(untouched, offset + layout.clusterSize());
    }

    /**
     * Moves the table to where the old one counts nothing yet, half as large again, with the blocks that count it behind it. The
     * header points to it when all of it is durable.
     */
    private void growTable() throws BlockException {
        int perBlock = layout.refcountBlockEntries();
        long base = (long) table.length * perBlock;
        long clusters = layout.clustersFor((table.length + Math.max(table.length / 2, 1L)) * Long.BYTES);
        long blocks = blocksFor(clusters, perBlock);
        while (table.length + blocks > clusters << layout.clusterBits() - 3) {
            clusters++;
            blocks = blocksFor(clusters, perBlock);
        }
        long offset = base << layout.clusterBits();
        long bytes = clusters << layout.clusterBits();
        if (bytes > Qcow2Layout.MAX_REFCOUNT_TABLE_BYTES) {
            throw BlockException.of(Kind.NO_SPACE, node, "the refcount table of " + tableClusters + " clusters is full; one of "
                    + clusters + " clusters would have more than " + Qcow2Layout.MAX_REFCOUNT_TABLE_BYTES + " bytes");
        }
        requireFree(offset, bytes + (blocks << layout.clusterBits()));
        extend(offset + bytes + (blocks << layout.clusterBits()));
        writePages();
        long[] grown = Arrays.copyOf(table, (int) (bytes / Long.BYTES));
        long counted = clusters + blocks;
        for (int i = 0; i < blocks; i++) {
            long block = offset + bytes + ((long) i << layout.clusterBits());
            int ones = (int) Math.min(perBlock, counted - (long) i * perBlock);
            file.write(block, Refcounts.blockOfOnes(layout, ones), WriteFlag.NONE);
            pages.drop(block, layout.clusterSize());
            grown[table.length + i] = block;
            guard.addRefcountBlock(block);
        }
        file.write(offset, TableBytes.of(grown, 0, grown.length), WriteFlag.NONE);
        header.setRefcountTable(offset, (int) clusters);
        freed.add(tableOffset >>> layout.clusterBits(), tableClusters);
        table = grown;
        tableOffset = offset;
        tableClusters = (int) clusters;
        dirtySectors.clear();
        guard.setTable(TABLE, offset, bytes);
        untouched = Math.max(untouched, offset + (counted << layout.clusterBits()));
    }

    /** The blocks that count a table of so many clusters and themselves. */
    private static long blocksFor(long clusters, int perBlock) {
        return (clusters + perBlock - 2) / (perBlock - 1);
    }

    /**
     * Lowers the refcount of a cluster by one.
     *
     * @return whether it is free now
     */
    boolean release(long cluster) throws BlockException {
        long count = get(cluster);
        if (count == 0) {
            throw header.corrupt("the refcount of the cluster at 0x" + Long.toHexString(cluster << layout.clusterBits())
                    + " is 0, but it was referred to");
        }
        set(cluster, count - 1);
        if (count > 1) {
            return false;
        }
        cursor = Math.min(cursor, cluster);
        return true;
    }

    boolean isDirty() {
        return pages.isDirty() || !dirtySectors.isEmpty();
    }

    /** Writes what was changed: the blocks, and when they are durable, where they are. */
    void write() throws BlockException {
        pages.write();
        if (dirtySectors.isEmpty()) {
            return;
        }
        file.flush();
        for (int sector = dirtySectors.nextSetBit(0); sector >= 0; sector = dirtySectors.nextSetBit(sector + 1)) {
            int first = sector * SECTOR_ENTRIES;
            file.write(tableOffset + (long) first * Long.BYTES, TableBytes.of(table, first, first + SECTOR_ENTRIES),
                    WriteFlag.NONE);
            dirtySectors.clear(sector);
        }
    }

    private void writePages() throws BlockException {
        pages.write();
    }
}
