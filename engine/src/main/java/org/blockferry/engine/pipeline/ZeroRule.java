package org.blockferry.engine.pipeline;

import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.util.ByteSize;

/**
 * Where zeroes that are found in copied data begin and end, and whether they must be written. Pure.
 *
 * <p>Zeroes are looked for in whole blocks at multiples of the block, so that what is left to be written needs no
 * read-modify-write at the target: better write a few zero bytes than that. The block is
 * <ul>
 * <li>4 KiB, or what is smaller or larger of the sparse size and the target's request alignment;
 * <li>the unit in which the target zeroes without a payload, where zeroes must be written explicitly;
 * <li>the cluster, in a target with a backing file, and with compression.
 * </ul>
 */
final class ZeroRule {
    private static final int MAX_BLOCK = 4096;
    private static final int MIN_BLOCK = 512;

    private final boolean enabled;
    private final int minimum;
    private final long boundary;
    private final boolean explicitBehind;
    private final int blockBefore;
    private final int blockBehind;

    /** @param slotBytes data that is seen at once; a block is never larger */
    ZeroRule(CopyPolicy policy, NodeInfo target, PipelineOptions options, int slotBytes) {
        int cluster = target.limits().writeUnit(options.compress());
        int block = Math.max(Math.max(MIN_BLOCK, Math.min(MAX_BLOCK, Integer.highestOneBit(Math.max(1, options.sparseSize())))),
                target.limits().requestAlignment());
        int explicitBlock = Math.max(block, target.limits().zeroAlignment());
        this.enabled = options.sparseSize() > 0 && !policy.allocateAll() && !target.has(Trait.APPEND_ONLY);
        this.minimum = options.sparseSize();
        this.boundary = policy.shownLength() + Math.floorMod(-policy.shownLength(), (long) cluster);
        this.explicitBehind = policy.mustWriteZeroes(policy.shownLength());
        int behind = explicitBehind ? explicitBlock : block;
        this.blockBefore = Math.min(slotBytes, Math.max(explicitBlock, cluster));
        // A target with a backing file cannot know where that ends: every cluster of it is written whole.
        boolean wholeClusters = options.compress() || target.has(Trait.BACKING);
        this.blockBehind = Math.min(slotBytes, wholeClusters ? Math.max(behind, cluster) : behind);
    }

    /** One line for people: whether zeroes are looked for, and how. */
    String explain() {
        if (!enabled) {
            return "zeroes in data: not looked for; all is written as it is";
        }
        return "zeroes in data: looked for in blocks of " + ByteSize.format(block(Long.MAX_VALUE))
                + (boundary > 0 && blockBefore != blockBehind ? ", over a backing file of " + ByteSize.format(blockBefore) : "")
                + "; " + (isExplicit(Long.MAX_VALUE) ? "written as zeroes, because the target may hold something else there"
                : "left out, because the target reads as zeroes" + (boundary > 0 ? " behind its backing file" : ""));
    }

    /** Whether zeroes are looked for at all. */
    boolean isEnabled() {
        return enabled;
    }

    /** Shortest run of zeroes that counts. */
    int minimum() {
        return minimum;
    }

    /** Bytes of the unit that zeroes are found in at {@code offset}; a power of two. */
    int block(long offset) {
        return offset < boundary ? blockBefore : blockBehind;
    }

    /** Whether zeroes found at {@code offset} must be written. */
    boolean isExplicit(long offset) {
        return offset < boundary || explicitBehind;
    }

    /** The end of what has the same block and the same answer as {@code offset}. */
    long sameUntil(long offset) {
        return offset < boundary ? boundary : Long.MAX_VALUE;
    }
}
