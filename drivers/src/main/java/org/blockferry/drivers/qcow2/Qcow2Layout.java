package org.blockferry.drivers.qcow2;

/**
 * Address arithmetic of an image: from a guest offset to table indexes, and the limits of the format (specification, sections
 * "Host cluster management" and "Cluster mapping"). Pure numbers, no I/O.
 *
 * @param clusterBits a cluster has {@code 1 << clusterBits} bytes
 * @param refcountOrder a refcount has {@code 1 << refcountOrder} bits
 * @param extendedL2 whether L2 entries have 16 bytes and a subcluster bitmap
 */
record Qcow2Layout(int clusterBits, int refcountOrder, boolean extendedL2) {
    static final int MIN_CLUSTER_BITS = 9;
    /** QEMU's limit: 2 MiB. */
    static final int MAX_CLUSTER_BITS = 21;
    /** With fewer, a subcluster would be smaller than a sector. */
    static final int MIN_EXTENDED_CLUSTER_BITS = 14;
    static final int DEFAULT_CLUSTER_BITS = 16;
    static final int DEFAULT_REFCOUNT_ORDER = 4;
    static final int SUBCLUSTERS = 32;

    /** QEMU's limit of an L1 table. */
    static final int MAX_L1_BYTES = 32 << 20;
    /** QEMU's limit of the refcount table. */
    static final int MAX_REFCOUNT_TABLE_BYTES = 8 << 20;
    /** QEMU's limit of internal snapshots. */
    static final int MAX_SNAPSHOTS = 65536;
    /** QEMU's limit of the snapshot table. */
    static final int MAX_SNAPSHOT_TABLE_BYTES = 64 << 20;
    /** Host offsets have 56 bits. */
    static final long MAX_HOST_OFFSET = (1L << 56) - 1;

    Qcow2Layout {
        int least = extendedL2 ? MIN_EXTENDED_CLUSTER_BITS : MIN_CLUSTER_BITS;
        if (clusterBits < least || clusterBits > MAX_CLUSTER_BITS) {
            throw new IllegalArgumentException("clusterBits is " + clusterBits + ", not in " + least + ".." + MAX_CLUSTER_BITS);
        }
        if (refcountOrder < 0 || refcountOrder > Qcow2Header.MAX_REFCOUNT_ORDER) {
            throw new IllegalArgumentException("refcountOrder is " + refcountOrder + ", not in 0..6");
        }
    }

    int clusterSize() {
        return 1 << clusterBits;
    }

    /** Bits of {@link #l2EntrySize}: 3 or 4. */
    int l2EntryBits() {
        return extendedL2 ? 4 : 3;
    }

    /** Bytes of an L2 entry: 8 or 16. */
    int l2EntrySize() {
        return 1 << l2EntryBits();
    }

    /** Bits of {@link #l2Entries}. */
    int l2Bits() {
        return clusterBits - l2EntryBits();
    }

    /** Entries of an L2 table, which is one cluster. */
    int l2Entries() {
        return 1 << l2Bits();
    }

    /** Bits of {@link #l2Coverage}. */
    int l2CoverageBits() {
        return l2Bits() + clusterBits;
    }

    /** Bytes of the disk that one L2 table, one L1 entry, describes. */
    long l2Coverage() {
        return 1L << l2CoverageBits();
    }

    /** The unit of allocation status: a subcluster with extended L2, else a cluster. */
    int subclusterBits() {
        return extendedL2 ? clusterBits - 5 : clusterBits;
    }

    int subclusterSize() {
        return 1 << subclusterBits();
    }

    /** Which L1 entry describes {@code guestOffset}; more than an {@code int} only past every limit. */
    long l1Index(long guestOffset) {
        return guestOffset >>> l2CoverageBits();
    }

    /** Which entry of its L2 table describes {@code guestOffset}. */
    int l2Index(long guestOffset) {
        return (int) (guestOffset >>> clusterBits) & l2Entries() - 1;
    }

    /** Which subcluster of its cluster {@code guestOffset} is in; 0 without extended L2. */
    int subclusterIndex(long guestOffset) {
        return offsetInCluster(guestOffset) >>> subclusterBits();
    }

    int offsetInCluster(long offset) {
        return (int) offset & clusterSize() - 1;
    }

    long clusterStart(long offset) {
        return offset & -clusterSize();
    }

    boolean isClusterAligned(long offset) {
        return offsetInCluster(offset) == 0;
    }

    /** Clusters that hold {@code bytes}, rounded up. */
    long clustersFor(long bytes) {
        return (bytes >>> clusterBits) + ((bytes & clusterSize() - 1) == 0 ? 0 : 1);
    }

    /** L1 entries for a disk of {@code bytes}, rounded up. */
    long l1EntriesFor(long bytes) {
        return (bytes >>> l2CoverageBits()) + ((bytes & l2Coverage() - 1) == 0 ? 0 : 1);
    }

    /** The largest disk whose L1 table is within {@link #MAX_L1_BYTES}. */
    long maxDiskBytes() {
        return (long) (MAX_L1_BYTES / Long.BYTES) << l2CoverageBits();
    }

    int refcountBits() {
        return 1 << refcountOrder;
    }

    /** Refcounts in a refcount block, which is one cluster. */
    int refcountBlockEntries() {
        return 1 << refcountBlockBits();
    }

    /** Bits of {@link #refcountBlockEntries}. */
    int refcountBlockBits() {
        return clusterBits + 3 - refcountOrder;
    }

    /** Which refcount table entry counts the cluster of {@code hostOffset}. */
    long refcountTableIndex(long hostOffset) {
        return hostOffset >>> clusterBits >>> refcountBlockBits();
    }

    /** Which refcount of its block counts the cluster of {@code hostOffset}. */
    int refcountBlockIndex(long hostOffset) {
        return (int) (hostOffset >>> clusterBits) & refcountBlockEntries() - 1;
    }

    /** Where the sector count starts in a compressed cluster's descriptor: {@code x = 62 - (cluster_bits - 8)}. */
    int compressedShift() {
        return 62 - (clusterBits - 8);
    }

    /** The largest host offset at which a compressed cluster's data may start. */
    long maxCompressedOffset() {
        return Math.min(MAX_HOST_OFFSET, (1L << compressedShift()) - 1);
    }
}
