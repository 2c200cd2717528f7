package org.blockferry.drivers.qcow2;

/**
 * The bits of L1 and L2 entries (specification, sections "Cluster mapping" and "Extended L2 Entries"). An entry is a
 * {@code long}, and with extended L2 a second one, the subcluster bitmap; all of this is arithmetic on them.
 *
 * <pre>
 * L2 entry         Bit  0 -  61:  Cluster descriptor
 *                           62:   0 for standard clusters, 1 for compressed clusters
 *                           63:   1 for standard clusters whose refcount is exactly one
 * Standard         Bit       0:   reads as all zeros (version 3, without extended L2)
 *                       1 -  8:   Reserved (set to 0)
 *                       9 - 55:   Bits 9-55 of host cluster offset
 *                      56 - 61:   Reserved (set to 0)
 * Compressed       Bit  0 - x-1:  Host offset, any byte                              x = 62 - (cluster_bits - 8)
 *                       x - 61:   Number of additional 512-byte sectors, beyond the sector containing the offset
 * Subcluster       Bit  0 - 31:   subcluster is allocated
 * bitmap               32 - 63:   subcluster reads as zeros
 * </pre>
 */
final class L2Entry {
    /** Bit 63: the refcount of what the entry points to is exactly one. */
    static final long COPIED = 1L << 63;
    /** Bit 62. */
    static final long COMPRESSED = 1L << 62;
    /** Bit 0 of a standard cluster. */
    static final long ZERO = 1;
    /** Bits 9 to 55. */
    static final long OFFSET_MASK = 0x00fffffffffffe00L;
    /** Bits 1 to 8 and 56 to 61 of a standard L2 entry. */
    static final long STANDARD_RESERVED = 0x3f000000000001feL;
    /** Bits 0 to 8 and 56 to 62 of an L1 entry. */
    static final long L1_RESERVED = 0x7f000000000001ffL;
    /** Every subcluster is allocated. */
    static final long ALL_ALLOCATED = 0x00000000ffffffffL;
    /** Every subcluster reads as zeros. */
    static final long ALL_ZERO = 0xffffffff00000000L;

    private static final int SECTOR = 512;

    private L2Entry() {
    }

    /** A data cluster with a refcount of one. */
    static long data(long hostOffset) {
        return COPIED | hostOffset;
    }

    /** A cluster that reads as zeros, with nothing allocated. Version 3, without extended L2. */
    static long zero() {
        return ZERO;
    }

    /** A cluster that reads as zeros, with space preallocated and a refcount of one. Version 3, without extended L2. */
    static long preallocatedZero(long hostOffset) {
        return COPIED | hostOffset | ZERO;
    }

    /**
     * A compressed cluster.
     *
     * @param hostOffset first byte of its data, any
     * @param bytes bytes of its data, at least 1
     */
    static long compressed(Qcow2Layout layout, long hostOffset, int bytes) {
        long additional = ((hostOffset & SECTOR - 1) + bytes - 1) / SECTOR;
        if (bytes < 1 || hostOffset < 0 || hostOffset > layout.maxCompressedOffset()
                || additional >= 1L << layout.clusterBits() - 8) {
            throw new IllegalArgumentException(bytes + " bytes at " + hostOffset + " do not fit a compressed cluster's entry");
        }
        return COMPRESSED | additional << layout.compressedShift() | hostOffset;
    }

    static boolean isCompressed(long entry) {
        return (entry & COMPRESSED) != 0;
    }

    /** Bit 0: reads as zeros. Meaningful for standard clusters of version 3 without extended L2. */
    static boolean isZero(long entry) {
        return (entry & ZERO) != 0;
    }

    /** Where a standard cluster, or the L2 table of an L1 entry, starts. */
    static long hostOffset(long entry) {
        return entry & OFFSET_MASK;
    }

    static boolean isCopied(long entry) {
        return (entry & COPIED) != 0;
    }

    /** Where a compressed cluster's data starts. */
    static long compressedOffset(Qcow2Layout layout, long entry) {
        return entry & (1L << layout.compressedShift()) - 1;
    }

    /** The most bytes that a compressed cluster's data can have: up to the end of its last sector. */
    static int compressedBytes(Qcow2Layout layout, long entry) {
        int additional = (int) (entry >>> layout.compressedShift()) & (1 << layout.clusterBits() - 8) - 1;
        return (additional + 1) * SECTOR - (int) (entry & SECTOR - 1);
    }

    static boolean isAllocated(long bitmap, int subcluster) {
        return (bitmap >>> subcluster & 1) != 0;
    }

    static boolean isZero(long bitmap, int subcluster) {
        return (bitmap >>> 32 + subcluster & 1) != 0;
    }

    /** The bits that mark subclusters {@code [from, to)} allocated. */
    static long allocated(int from, int to) {
        return (1L << to) - (1L << from);
    }

    /** The bits that make subclusters {@code [from, to)} read as zeros. */
    static long zeroes(int from, int to) {
        return allocated(from, to) << 32;
    }
}
