package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DirtyBitmap;

/**
 * The bits of one persistent bitmap (specification, sections "Bitmap table" and "Bitmap data"), read when they are asked for. An
 * entry of its table stands for a cluster of bits, the first in the lowest bit of its first byte:
 *
 * <pre>
 * Bit       0:    Reserved and must be zero if bits 9 - 55 are non-zero. If bits 9 - 55 are zero:
 *                   0: Cluster should be read as all zeros.    1: Cluster should be read as all ones.
 *      1 -  8:    Reserved and must be zero.
 *      9 - 55:    Bits 9-55 of the host cluster offset. Must be aligned to a cluster boundary.
 *     56 - 63:    Reserved and must be zero.
 * </pre>
 *
 * <p>Memory: a window of the table, and one cluster of bits. Thread-safe.
 */
final class PersistentBitmap implements DirtyBitmap {
    private static final long OFFSET = 0x00ff_ffff_ffff_fe00L;
    private static final long ALL_ONES = 1;
    private static final int WINDOW_BYTES = 4096;
    private static final long NONE = -1;

    private final String node;
    private final BlockSource file;
    private final long fileLength;
    private final BitmapDirectory.Entry entry;
    private final int clusterSize;
    private final long diskSize;
    private final long bits;
    private final long bitsPerCluster;
    private final ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES).order(ByteOrder.BIG_ENDIAN);
    /** First entry of the table in {@link #window}. */
    private long windowStart = NONE;
    /** A cluster of bits; little-endian, so that bit n of a word is bit n of the bitmap. */
    private ByteBuffer cluster = ByteBuffer.allocate(0);
    private long clusterOffset = NONE;

    /** @throws BlockException INVALID_FORMAT if the table is not as long as the disk wants it, or ends past the file */
    PersistentBitmap(String node, BlockSource file, Qcow2Layout layout, BitmapDirectory.Entry entry, long diskSize)
            throws BlockException {
        this.node = node;
        this.file = file;
        this.fileLength = file.info().length();
        this.entry = entry;
        this.clusterSize = layout.clusterSize();
        this.diskSize = diskSize;
        this.bits = divideUp(diskSize, granularity());
        this.bitsPerCluster = (long) clusterSize * Byte.SIZE;
        FieldCheck check = new FieldCheck(node);
        String table = "bitmap_table_size of bitmap '" + entry.name() + "'";
        long needed = divideUp(bits, bitsPerCluster);
        check.within(table, Integer.toUnsignedLong(entry.tableSize()), needed, needed);
        check.table("bitmap_table_offset of bitmap '" + entry.name() + "'", entry.tableOffset(), clusterSize,
                needed * Long.BYTES, fileLength);
    }

    private static long divideUp(long value, long by) {
        return value / by + (value % by == 0 ? 0 : 1);
    }

    @Override
    public String name() {
        return entry.name();
    }

    @Override
    public long granularity() {
        return 1L << entry.granularityBits();
    }

    @Override
    public long length() {
        return diskSize;
    }

    @Override
    public synchronized Run first(ByteRange range) throws BlockException {
        if (range.isEmpty() || range.end() > diskSize) {
            throw new IllegalArgumentException(node + ": bits of " + range + " of " + diskSize + " bytes");
        }
        long first = range.offset() >> entry.granularityBits();
        long last = (range.end() - 1 >> entry.granularityBits()) + 1;
        boolean dirty = false;
        long bit = first;
        while (bit < last) {
            long number = bit / bitsPerCluster;
            long clusterEnd = Math.min((number + 1) * bitsPerCluster, bits);
            long described = tableEntry(number);
            boolean here = (described & OFFSET) == 0 ? described == ALL_ONES : bitAt(described, bit - number * bitsPerCluster);
            if (bit == first) {
                dirty = here;
            } else if (here != dirty) {
                break;
            }
            if ((described & OFFSET) == 0) {
                bit = clusterEnd;
            } else {
                long base = number * bitsPerCluster;
                bit = base + runEnd(bit - base, clusterEnd - base, dirty);
                if (bit < clusterEnd) {
                    break;
                }
            }
        }
        long end = bit >= bits ? diskSize : bit << entry.granularityBits();
        return new Run(ByteRange.between(range.offset(), end), dirty);
    }

    private long tableEntry(long number) throws BlockException {
        int perWindow = WINDOW_BYTES / Long.BYTES;
        long start = number / perWindow * perWindow;
        if (start != windowStart) {
            windowStart = NONE;
            long at = entry.tableOffset() + start * Long.BYTES;
            window.clear().limit((int) Math.min(WINDOW_BYTES, fileLength - at));
            file.read(at, window);
            windowStart = start;
        }
        long described = window.getLong((int) (number - start) * Long.BYTES);
        long host = described & OFFSET;
        boolean reserved = (described & ~OFFSET & (host == 0 ? ~ALL_ONES : ~0L)) != 0;
        if (reserved || host % clusterSize != 0 || host > fileLength - Math.min(fileLength, clusterSize)) {
            throw BlockException.field(Kind.CORRUPT_IMAGE, node, "entry " + number + " of the table of bitmap '" + entry.name() + "'",
                    "0x" + Long.toHexString(described), "a cluster of the file's " + fileLength + " bytes, or 0 or 1");
        }
        return described;
    }

    private boolean bitAt(long host, long bit) throws BlockException {
        if (clusterOffset != host) {
            clusterOffset = NONE;
            if (cluster.capacity() == 0) {
                cluster = ByteBuffer.allocate(clusterSize).order(ByteOrder.LITTLE_ENDIAN);
            }
            file.read(host, cluster.clear());
            clusterOffset = host;
        }
        return (cluster.get((int) (bit >>> 3)) >>> (bit & 7) & 1) != 0;
    }

    /** The first bit from {@code bit} on that is not {@code dirty}, at most {@code end}; whole words at a time. */
    private long runEnd(long bit, long end, boolean dirty) {
        while (bit < end) {
            long word = cluster.getLong((int) (bit >>> 6) * Long.BYTES);
            long other = (dirty ? ~word : word) >>> (bit & 63);
            if (other != 0) {
                return Math.min(end, bit + Long.numberOfTrailingZeros(other));
            }
            bit = (bit | 63) + 1;
        }
        return end;
    }
}
