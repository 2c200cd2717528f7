package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.RepairMode;

/**
 * Compares the refcounts in the file with the references that were counted, cluster by cluster, and repairs them where that is
 * allowed. A refcount that is too large is a leak, one that is too small a corruption.
 *
 * <p>A refcount is repaired where it stands. Where its block is missing or cannot be used, a new block is put at the end of the file:
 * written first, entered into the refcount table last.
 */
final class RefcountComparison {
    private static final long SIXTEEN_BIT_ONES = 0x0001000100010001L;

    private final CheckedImage image;
    private final Qcow2Layout layout;
    private final CheckTally tally;
    private final Optional<RepairMode> repair;
    private final BitSet badBlocks;
    private final ByteBuffer chunk;
    private ReferenceCounts counts;
    /** Clusters from here on were appended by the repair: their refcounts are new, not wrong. */
    private final long appended;
    private SingleReferences singles;

    RefcountComparison(CheckedImage image, CheckTally tally, Optional<RepairMode> repair, BitSet badBlocks) {
        this.image = image;
        this.layout = image.layout();
        this.tally = tally;
        this.repair = repair;
        this.badBlocks = badBlocks;
        this.appended = image.fileClusters() + 1;
        int entries = Math.min(layout.refcountBlockEntries(), ReferenceCounts.PAGE);
        this.chunk = ByteBuffer.allocateDirect((entries << layout.refcountOrder()) + 7 >>> 3).order(ByteOrder.BIG_ENDIAN);
    }

    private boolean repairsAll() {
        return repair.filter(RepairMode.ALL::equals).isPresent();
    }

    /**
     * Compares the clusters of a window.
     *
     * @return which of them have a refcount of exactly one when that is done
     */
    SingleReferences compare(ReferenceCounts window) throws BlockException {
        counts = window;
        singles = new SingleReferences(window.start(), window.end());
        if (repairsAll()) {
            abandonBadBlocks();
        }
        int entries = Math.min(layout.refcountBlockEntries(), ReferenceCounts.PAGE);
        // Repairing may put new blocks behind the end.
        for (long from = window.start(); from < Math.min(window.end(), clusters()); from += entries) {
            long before;
            do {
                before = clusters();
                compareChunk(from, (int) Math.min(entries, Math.min(window.end(), before) - from));
            } while (clusters() != before);
        }
        return singles;
    }

    /** The clusters to compare: the file's, and one more that an entry at the very end of the file may reach into. */
    private long clusters() {
        return image.fileClusters() + 1;
    }

    /** Blocks that cannot be used are given up; what they counted is written anew, where something is to be counted. */
    private void abandonBadBlocks() throws BlockException {
        for (int i = badBlocks.nextSetBit(0); i >= 0; i = badBlocks.nextSetBit(i + 1)) {
            long entry = image.refcountTable()[i];
            long cluster = entry >>> layout.clusterBits();
            boolean isPlace = layout.isClusterAligned(entry) && Long.compareUnsigned(entry, image.fileLength()) < 0;
            // The block stands where others stand, too. What was compared by it in an earlier window cannot be undone.
            boolean shared = isPlace && counts.holds(cluster) && (long) i << layout.refcountBlockBits() >= counts.start();
            if (shared) {
                counts.remove(cluster);
            }
            if (shared || !isPlace) {
                image.refcountTable()[i] = 0;
                image.writeLong(image.header().refcountTableOffset() + (long) i * Long.BYTES, 0);
                badBlocks.clear(i);
                tally.corruptions--;
                tally.corruptionsFixed++;
            }
        }
    }

    private void compareChunk(long from, int length) throws BlockException {
        long index = from >>> layout.refcountBlockBits();
        long block = index < image.refcountTable().length ? image.refcountTable()[(int) index] & -512L : 0;
        if (block == 0 && counts.isEmptyPage(from)) {
            return;
        }
        if (!layout.isClusterAligned(block) || block < 0) {
            singles.markUnknown(from, length);
            for (int i = 0; i < length && from + i < image.fileClusters(); i++) {
                tally.checkErrors++;
                tally.say("Can't get refcount for cluster " + (from + i) + ": Input/output error");
            }
            return;
        }
        long at = block + (((from & layout.refcountBlockEntries() - 1) << layout.refcountOrder()) >>> 3);
        chunk.clear();
        if (block != 0) {
            image.read(at, chunk);
        } else {
            while (chunk.hasRemaining()) {
                chunk.put((byte) 0);
            }
        }
        long[] ones = counts.bitsOfPage(from).orElse(SingleReferences.NONE);
        int first = (int) (from - counts.start()) & ReferenceCounts.PAGE - 1;
        boolean equal = ones.length != 0 && layout.refcountOrder() == 4 && equalsBits(ones, first, length);
        if (equal) {
            noteHighest(from, length);
            if (length == ReferenceCounts.PAGE) {
                singles.takePage(from, ones);
            } else {
                singles.copy(from, ones, first, length);
            }
        } else if (compareEach(from, length, index, block != 0)) {
            writeBack(at, block, index);
        }
    }

    /** Whether 16-bit refcounts are what bits say, 64 clusters at a time; the chunk's bytes past {@code length} are not looked at. */
    private boolean equalsBits(long[] bits, int first, int length) {
        if ((length & 63) != 0) {
            return false;
        }
        for (int i = 0; i < length; i += 64) {
            long word = bits[first + i >>> 6];
            if (word != 0 && word != -1L) {
                return false;
            }
            long expected = word == 0 ? 0 : SIXTEEN_BIT_ONES;
            for (int at = 2 * i; at < 2 * i + 128; at += Long.BYTES) {
                if (chunk.getLong(at) != expected) {
                    return false;
                }
            }
        }
        return true;
    }

    private void noteHighest(long from, int length) {
        for (int i = length - 1; i >= 0; i--) {
            if (counts.get(from + i) != 0) {
                tally.highestCluster = Math.max(tally.highestCluster, from + i);
                return;
            }
        }
    }

    /** Returns whether the chunk was changed. */
    private boolean compareEach(long from, int length, long index, boolean hasBlock) {
        boolean changed = false;
        int order = layout.refcountOrder();
        for (int i = 0; i < length; i++) {
            long cluster = from + i;
            long actual = Refcounts.get(chunk, order, i);
            long expected = counts.get(cluster);
            if (expected == 0 && cluster >= image.fileClusters()) {
                continue;
            }
            if (actual != expected) {
                boolean leak = Long.compareUnsigned(actual, expected) > 0;
                boolean fix = repair.isPresent() && (leak || repairsAll())
                        && (hasBlock || index < image.refcountTable().length);
                if (cluster < appended) {
                    tally.say((fix ? "Repairing" : leak ? "Leaked" : "ERROR") + " cluster " + cluster + " refcount="
                            + Long.toUnsignedString(actual) + " reference=" + expected);
                    count(leak, fix);
                }
                if (fix) {
                    Refcounts.set(chunk, order, i, expected);
                    actual = expected;
                    changed = true;
                }
            }
            if (actual != 0 || expected != 0) {
                tally.highestCluster = Math.max(tally.highestCluster, cluster);
            }
            if (actual == 1) {
                singles.set(cluster);
            }
        }
        return changed;
    }

    private void count(boolean leak, boolean fixed) {
        if (leak) {
            tally.leaksFixed += fixed ? 1 : 0;
            tally.leaks += fixed ? 0 : 1;
        } else {
            tally.corruptionsFixed += fixed ? 1 : 0;
            tally.corruptions += fixed ? 0 : 1;
        }
    }

    /** Where there is no block yet, one is put at the end of the file. */
    private void writeBack(long at, long block, long index) throws BlockException {
        if (block != 0) {
            image.write(at, chunk.clear());
            return;
        }
        long place = image.fileClusters() << layout.clusterBits();
        ByteBuffer zeroes = ByteBuffer.allocateDirect(layout.clusterSize());
        image.write(place, zeroes);
        image.write(place + at, chunk.clear());
        image.flush();
        image.refcountTable()[(int) index] = place;
        image.writeLong(image.header().refcountTableOffset() + index * Long.BYTES, place);
        counts.add(place >>> layout.clusterBits(), 1);
    }
}
