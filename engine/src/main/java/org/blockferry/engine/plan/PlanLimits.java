package org.blockferry.engine.plan;

import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;

/**
 * How finely a target wants its actions cut.
 *
 * @param unit no unit of this many bytes is written in part while something else is done with the rest; a power of two. It
 * keeps     a target from reading what it has in order to change a part of it.
 * @param clusterSize the same where a base shows through: a cluster is written whole, from the full content of the source, so
 *     that the target never copies from the base; a power of two
 * @param wholeClusters whether the cluster is the unit everywhere: compressed clusters cannot be changed in part, and a target with
 *     a backing file does not know where that ends
 * @param zeroStep most bytes of one explicit Zero; keeps progress and cancel responsive on storage that is slow at it
 */
public record PlanLimits(int unit, int clusterSize, boolean wholeClusters, long zeroStep) {
    /** As in other engines of the field; a slow disk zeroes this much in about a second. */
    public static final long DEFAULT_ZERO_STEP = 128L << 20;

    public PlanLimits {
        if (Integer.bitCount(unit) != 1 || unit < 1 || Integer.bitCount(clusterSize) != 1 || clusterSize < 1) {
            throw new IllegalArgumentException("unit " + unit + " and cluster size " + clusterSize + "; powers of two");
        }
        if (zeroStep < Math.max(unit, clusterSize)) {
            throw new IllegalArgumentException("zero step " + zeroStep + " is below the unit " + Math.max(unit, clusterSize));
        }
    }

    /**
     * What {@code target} asks for.
     *
     * @param compress whether its clusters will be written compressed
     */
    public static PlanLimits of(NodeInfo target, boolean compress) {
        BlockLimits limits = target.limits();
        int cluster = limits.writeUnit(compress);
        long largest = Math.max(limits.requestAlignment(), cluster);
        return new PlanLimits(limits.requestAlignment(), cluster,
                compress || target.has(Trait.BACKING), Math.max(DEFAULT_ZERO_STEP, largest));
    }

    /** Bytes of the unit at offsets where a base shows through, or everywhere with {@code wholeClusters}. */
    int coarse() {
        return Math.max(unit, clusterSize);
    }
}
