package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.Optional;
import java.util.function.Consumer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.CheckReport;
import org.blockferry.engine.block.RepairMode;

/**
 * Checks an image's refcounts and flags against everything that refers to its clusters, and repairs them.
 *
 * <pre>
 *   for each window of host clusters (nearly always one):
 *     ReferenceWalk       header, L1, L2, snapshots, bitmaps, refcount blocks ──▶ ReferenceCounts   judged in the first window
 *     RefcountComparison  refcount blocks in the file == ReferenceCounts ?      ──▶ SingleReferences
 *     CopiedFlags         bit 63 of active L1 and L2 entries == SingleReferences ?
 * </pre>
 *
 * <p>Memory is bounded whatever the image's size: 16 MiB of counts, which do for 134 million clusters that are referred to once (8 TiB
 * of 64 KiB clusters) or 16 million that snapshots share, and as much again for what has exactly one reference; the refcount table, at
 * most 8 MiB; one L2 table. What needs more is counted in several windows, each of which costs another walk over the tables. Clusters
 * that the file has and nobody refers to cost nothing.
 *
 * <p>What is counted as what, and the words for it, are QEMU's ({@code block/qcow2-refcount.c}).
 */
final class Qcow2Check {
    private static final long BUDGET = 16L << 20;

    private final CheckedImage image;
    private final CheckTally tally;
    private final Optional<RepairMode> repair;
    private final long budget;

    private Qcow2Check(CheckedImage image, Optional<RepairMode> repair, Consumer<String> findings, long budget) {
        this.image = image;
        this.tally = new CheckTally(findings);
        this.repair = repair;
        this.budget = budget;
    }

    static CheckReport check(BlockSource file, Consumer<String> findings) throws BlockException {
        return check(file, findings, BUDGET);
    }

    /** @param budget bytes for counts */
    static CheckReport check(BlockSource file, Consumer<String> findings, long budget) throws BlockException {
        return new Qcow2Check(new CheckedImage(file), Optional.empty(), findings, budget).run();
    }

    static CheckReport repair(BlockStorage file, RepairMode mode, Consumer<String> findings) throws BlockException {
        return repair(file, mode, findings, BUDGET);
    }

    static CheckReport repair(BlockStorage file, RepairMode mode, Consumer<String> findings, long budget) throws BlockException {
        return new Qcow2Check(new CheckedImage(file), Optional.of(mode), findings, budget).run();
    }

    /** Makes refcounts and flags what they must be with all that the image refers to, and with what it is going to refer to. */
    static CheckReport settle(CheckedImage image) throws BlockException {
        return new Qcow2Check(image, Optional.of(RepairMode.ALL), finding -> { }, BUDGET).run();
    }

    private CheckReport run() throws BlockException {
        Qcow2Layout layout = image.layout();
        for (int i = 0; i < image.incompleteSnapshots(); i++) {
            tally.corruption("ERROR snapshot table entry is incomplete");
        }
        BitSet badBlocks = new BitSet();
        ReferenceWalk walk = new ReferenceWalk(image, tally, badBlocks);
        RefcountComparison comparison = new RefcountComparison(image, tally, repair, badBlocks);
        CopiedFlags flags = new CopiedFlags(image, tally, repair);
        long max = Refcounts.max(layout.refcountOrder());
        long start = 0;
        do {
            // Room for what a repair appends.
            ReferenceCounts counts = new ReferenceCounts(start, image.fileClusters() + 1 + ReferenceCounts.PAGE, max, budget);
            walk.count(counts);
            tally.quiet();
            long overflows = counts.overflows();
            if (overflows > 0) {
                tally.corruptions += overflows;
                tally.say("ERROR: " + overflows + " references are more than a refcount of " + layout.refcountBits()
                        + " bits can count; amend the image to a larger refcount width");
            }
            SingleReferences singles = comparison.compare(counts);
            flags.check(singles, start == 0);
            start = counts.end();
        } while (start < image.fileClusters() + 1);
        if (repair.isPresent()) {
            image.flush();
            if (tally.corruptions == 0 && tally.checkErrors == 0) {
                markClean();
            }
            image.flush();
        }
        return tally.report(layout, image.header().size());
    }

    /** Nothing is wrong any more: the dirty and the corrupt bit go, and autoclear bits whose meaning is not known here. */
    private void markClean() throws BlockException {
        Qcow2Header header = image.header();
        if (header.version() < 3) {
            return;
        }
        long incompatible = header.incompatible() & ~(Feature.DIRTY.mask() | Feature.CORRUPT.mask());
        long autoclear = header.autoclear() & (Feature.BITMAPS.mask() | Feature.DATA_FILE_RAW.mask());
        if (incompatible != header.incompatible() || autoclear != header.autoclear()) {
            ByteBuffer fields = ByteBuffer.allocateDirect(3 * Long.BYTES).order(ByteOrder.BIG_ENDIAN);
            image.write(Qcow2Header.AT_INCOMPATIBLE,
                    fields.putLong(incompatible).putLong(header.compatible()).putLong(autoclear).flip());
        }
    }
}
