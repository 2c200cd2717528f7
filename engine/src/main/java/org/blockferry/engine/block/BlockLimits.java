package org.blockferry.engine.block;

/**
 * What requests a node likes. None of these is a duty of the caller: a node takes any byte range and does what is needed
 * inside. Requests that keep to them are the cheap ones.
 *
 * @param requestAlignment offset and length of a request are best multiples of this; a power of two, at least 1
 * @param memoryAlignment the address of a buffer is best a multiple of this; a power of two, at least 1
 * @param optimalTransfer the best length of one read or write; 0: no preference
 * @param maxTransfer the longest read or write that is served in one piece; a larger one is split by the node
 * @param zeroAlignment zeroes are made without a payload in multiples of this; a power of two, at least 1
 * @param maxZero the longest range that is zeroed by one request
 * @param discardAlignment as {@code zeroAlignment}, for discard
 * @param maxDiscard as {@code maxZero}, for discard
 * @param clusterSize the unit in which the node allocates and, above a backing file, in which it must be written whole; two
 *     writers never work in the same one; a power of two, 1 when there is no such unit
 * @param compressionUnit the unit that is stored compressed, of which every write with {@link WriteFlag#COMPRESSED} is best a
 *     multiple; a power of two, 1 when it is the cluster or nothing is compressed
 */
public record BlockLimits(
        int requestAlignment,
        int memoryAlignment,
        int optimalTransfer,
        int maxTransfer,
        int zeroAlignment,
        long maxZero,
        int discardAlignment,
        long maxDiscard,
        int clusterSize,
        int compressionUnit) {

    /** A node without preferences: byte-addressed memory. */
    public static final BlockLimits NONE =
            new BlockLimits(1, 1, 0, Integer.MAX_VALUE, 1, Long.MAX_VALUE, 1, Long.MAX_VALUE, 1, 1);

    public BlockLimits {
        requirePowerOfTwo("requestAlignment", requestAlignment);
        requirePowerOfTwo("memoryAlignment", memoryAlignment);
        requirePowerOfTwo("zeroAlignment", zeroAlignment);
        requirePowerOfTwo("discardAlignment", discardAlignment);
        requirePowerOfTwo("clusterSize", clusterSize);
        requirePowerOfTwo("compressionUnit", compressionUnit);
        if (optimalTransfer < 0 || maxTransfer < requestAlignment || maxZero < zeroAlignment || maxDiscard < discardAlignment) {
            throw new IllegalArgumentException("limits below their alignment: optimalTransfer " + optimalTransfer
                    + ", maxTransfer " + maxTransfer + ", maxZero " + maxZero + ", maxDiscard " + maxDiscard);
        }
    }

    /** Limits of a node that compresses nothing, or by the cluster. */
    public BlockLimits(int requestAlignment, int memoryAlignment, int optimalTransfer, int maxTransfer, int zeroAlignment,
            long maxZero, int discardAlignment, long maxDiscard, int clusterSize) {
        this(requestAlignment, memoryAlignment, optimalTransfer, maxTransfer, zeroAlignment, maxZero, discardAlignment,
                maxDiscard, clusterSize, 1);
    }

    /** Bytes of the unit that two writers never share: the cluster, or what is compressed as one if that is larger. */
    public int writeUnit(boolean compress) {
        return compress ? Math.max(clusterSize, compressionUnit) : clusterSize;
    }

    private static void requirePowerOfTwo(String what, int value) {
        if (Integer.bitCount(value) != 1 || value < 1) {
            throw new IllegalArgumentException(what + " is " + value + ", not a power of two");
        }
    }

    public BlockLimits withRequestAlignment(int bytes) {
        return new BlockLimits(bytes, memoryAlignment, optimalTransfer, maxTransfer, zeroAlignment, maxZero,
                discardAlignment, maxDiscard, clusterSize, compressionUnit);
    }

    public BlockLimits withMemoryAlignment(int bytes) {
        return new BlockLimits(requestAlignment, bytes, optimalTransfer, maxTransfer, zeroAlignment, maxZero,
                discardAlignment, maxDiscard, clusterSize, compressionUnit);
    }

    public BlockLimits withTransfer(int optimal, int max) {
        return new BlockLimits(requestAlignment, memoryAlignment, optimal, max, zeroAlignment, maxZero,
                discardAlignment, maxDiscard, clusterSize, compressionUnit);
    }

    public BlockLimits withZero(int alignment, long max) {
        return new BlockLimits(requestAlignment, memoryAlignment, optimalTransfer, maxTransfer, alignment, max,
                discardAlignment, maxDiscard, clusterSize, compressionUnit);
    }

    public BlockLimits withDiscard(int alignment, long max) {
        return new BlockLimits(requestAlignment, memoryAlignment, optimalTransfer, maxTransfer, zeroAlignment, maxZero,
                alignment, max, clusterSize, compressionUnit);
    }

    public BlockLimits withClusterSize(int bytes) {
        return new BlockLimits(requestAlignment, memoryAlignment, optimalTransfer, maxTransfer, zeroAlignment, maxZero,
                discardAlignment, maxDiscard, bytes, compressionUnit);
    }

    public BlockLimits withCompressionUnit(int bytes) {
        return new BlockLimits(requestAlignment, memoryAlignment, optimalTransfer, maxTransfer, zeroAlignment, maxZero,
                discardAlignment, maxDiscard, clusterSize, bytes);
    }
}
