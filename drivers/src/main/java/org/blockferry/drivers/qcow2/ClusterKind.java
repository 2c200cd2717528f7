package org.blockferry.drivers.qcow2;

import org.blockferry.engine.block.BlockStatus;

/** What a cluster or subcluster is, with the status bits that follow from it. */
enum ClusterKind {
    /** {@code ----}: the read defers to the backing file. */
    UNALLOCATED(0, false),
    /** {@code --MO}: a subcluster without content in a cluster that has space. */
    PREALLOCATED(BlockStatus.MAPPED, true),
    /** {@code LZ--}. */
    ZERO(BlockStatus.LOCAL | BlockStatus.ZERO, false),
    /** {@code LZMO}. */
    PREALLOCATED_ZERO(BlockStatus.LOCAL | BlockStatus.ZERO | BlockStatus.MAPPED, true),
    /** {@code L-MO}. */
    DATA(BlockStatus.LOCAL | BlockStatus.MAPPED, true),
    /** {@code L-M-C}. */
    COMPRESSED(BlockStatus.LOCAL | BlockStatus.MAPPED | BlockStatus.COMPRESSED, false);

    private final int statusBits;
    private final boolean hasHost;

    ClusterKind(int statusBits, boolean hasHost) {
        this.statusBits = statusBits;
        this.hasHost = hasHost;
    }

    /** The bits of {@link BlockStatus}, without OFFSET_VALID, which comes with a host offset. */
    int statusBits() {
        return statusBits;
    }

    /** Whether plain host bytes belong to it, at a host offset. */
    boolean hasHost() {
        return hasHost;
    }
}
