package org.blockferry.drivers.synthetic;

/**
 * Where a sparse random disk has data: computed from the seed for any offset in constant time.
 *
 * <p>The disk is cut into cells of equal size, each with one run of data and holes around it:
 *
 * <pre>
 *   |      ======        |===                 |              ======|==========          |
 *    cell 0               cell 1               cell 2               cell 3
 * </pre>
 *
 * <p>The size of a cell is the mean run length divided by the share of data; the run's length is even between 0 and twice the
 * mean (less, where the cell is shorter than that), and its place in the cell is even. Runs of neighbours may touch, so there are
 * longer ones too. On a nearly full disk runs are longer than asked, so that holes are not shorter than some blocks. All ends are
 * multiples of 4096. Immutable.
 */
final class SparseShape {
    static final int BLOCK_BITS = 12;
    static final int BLOCK = 1 << BLOCK_BITS;
    /** Blocks in 2^63 bytes. */
    private static final long BLOCKS = 1L << 63 - BLOCK_BITS;
    /** So many cells without a change are looked at for one answer: a bound on the time, far above what is usual. */
    private static final int MOST_CELLS = 1024;

    /** The mean hole has at least so many blocks: a shorter one could not be rounded to blocks and keep the share of data. */
    private static final int LEAST_HOLE_BLOCKS = 8;

    private final long seed;
    private final long size;
    private final long cellBlocks;
    private final long leastBlocks;
    private final long mostBlocks;

    /**
     * @param percent of the disk that is data, 0 to 100
     * @param runLength mean bytes of a run of data
     */
    SparseShape(long seed, long size, double percent, long runLength) {
        this.seed = seed;
        this.size = size;
        long asked = Math.max(1, (runLength >>> BLOCK_BITS) + ((runLength & BLOCK - 1) == 0 ? 0 : 1));
        if (percent == 0 || percent == 100) {
            cellBlocks = BLOCKS;
            leastBlocks = percent == 0 ? 0 : cellBlocks;
            mostBlocks = leastBlocks;
        } else {
            long meanBlocks = Math.max(asked, (long) Math.ceil(LEAST_HOLE_BLOCKS * percent / (100 - percent)));
            // Rounding a double that is too large gives the largest long.
            cellBlocks = Math.min(Math.max(Math.round(meanBlocks * 100.0 / percent), meanBlocks), BLOCKS);
            long spread = Math.min(meanBlocks, cellBlocks - meanBlocks);
            leastBlocks = meanBlocks - spread;
            mostBlocks = meanBlocks + spread;
        }
    }

    /** Whether the byte at {@code offset} is data. */
    boolean isData(long offset) {
        long block = offset >>> BLOCK_BITS;
        long cell = block / cellBlocks;
        long inCell = block - cell * cellBlocks;
        long start = firstBlock(cell);
        return inCell >= start && inCell < start + blocks(cell);
    }

    /**
     * The first byte after {@code offset} that is of the other kind, or the end of the disk. Where nothing changes for very long,
     * an offset up to which nothing does.
     */
    long endOfRun(long offset) {
        boolean data = isData(offset);
        long block = offset >>> BLOCK_BITS;
        for (int n = 0; n < MOST_CELLS; n++) {
            long cell = block / cellBlocks;
            long endOfCell = (cell + 1) * cellBlocks;
            long start = cell * cellBlocks + firstBlock(cell);
            long end = start + blocks(cell);
            if (data != (block >= start && block < end)) {
                return bytes(block);
            }
            long change = data ? end : block < start && start < end ? start : endOfCell;
            if (change < endOfCell || bytes(endOfCell) == size) {
                return bytes(change);
            }
            block = endOfCell;
        }
        return bytes(block);
    }

    private long bytes(long block) {
        return block >= BLOCKS ? size : Math.min(block << BLOCK_BITS, size);
    }

    private long blocks(long cell) {
        return leastBlocks + below(mostBlocks - leastBlocks + 1, random(cell, 1));
    }

    private long firstBlock(long cell) {
        return below(cellBlocks - blocks(cell) + 1, random(cell, 2));
    }

    private static long below(long bound, long random) {
        return (random >>> 1) % bound;
    }

    private long random(long cell, int what) {
        return SparseContent.mix(seed ^ SparseContent.mix(cell * 4 + what));
    }
}
