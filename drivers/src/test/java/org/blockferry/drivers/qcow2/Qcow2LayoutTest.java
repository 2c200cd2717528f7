package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Address arithmetic and entry bits, against figures of the specification. */
class Qcow2LayoutTest {

    @ParameterizedTest(name = "{0} cluster bits, extended {1}: an L2 table of {2} entries covers {3} bytes")
    @CsvSource({"9,false,64,32768", "12,false,512,2097152", "16,false,8192,536870912", "21,false,262144,549755813888",
        "14,true,1024,16777216", "16,true,4096,268435456", "21,true,131072,274877906944"})
    void anL2TableIsOneCluster(int clusterBits, boolean extended, int entries, long coverage) {
        Qcow2Layout layout = new Qcow2Layout(clusterBits, 4, extended);
        assertEquals(entries, layout.l2Entries());
        assertEquals(coverage, layout.l2Coverage());
        assertEquals(1, layout.l1EntriesFor(1));
        assertEquals(1, layout.l1EntriesFor(coverage));
        assertEquals(2, layout.l1EntriesFor(coverage + 1));
        assertEquals(0, layout.l1EntriesFor(0));
        assertEquals(4194304L * coverage, layout.maxDiskBytes());
        for (long offset : new long[] {0, 1, coverage - 1, coverage, 5 * coverage + 12345}) {
            assertEquals(offset, layout.l1Index(offset) * coverage + (long) layout.l2Index(offset) * layout.clusterSize()
                    + layout.offsetInCluster(offset));
            assertEquals(layout.offsetInCluster(offset) / layout.subclusterSize(), layout.subclusterIndex(offset));
        }
        assertEquals(extended ? 32 : 1, layout.clusterSize() / layout.subclusterSize());
    }

    @Test
    void theLargestDisksAreThoseOfTheSpecification() {
        assertEquals(1L << 37, new Qcow2Layout(9, 4, false).maxDiskBytes());
        assertEquals(1L << 61, new Qcow2Layout(21, 4, false).maxDiskBytes());
        assertEquals((1L << 49) - 1, new Qcow2Layout(21, 4, false).maxCompressedOffset());
        assertEquals((1L << 56) - 1, new Qcow2Layout(9, 4, false).maxCompressedOffset());
    }

    @Test
    void refcountsAreFoundByBlockAndIndex() {
        Qcow2Layout layout = new Qcow2Layout(16, 4, false);
        assertEquals(32768, layout.refcountBlockEntries());
        assertEquals(1, layout.refcountTableIndex(32768L << 16));
        assertEquals(5, layout.refcountBlockIndex((32768L << 16) + (5 << 16) + 77));
        assertEquals(1 << 19, new Qcow2Layout(16, 0, false).refcountBlockEntries());
        assertEquals(64, new Qcow2Layout(9, 6, false).refcountBlockEntries());
    }

    @ParameterizedTest
    @CsvSource({"9,512", "9,1024", "12,4000", "16,1", "16,65536", "16,131072", "21,2097152", "21,4194304"})
    void compressedEntriesHoldEveryOffsetAndEnoughSectors(int clusterBits, int bytes) {
        Qcow2Layout layout = new Qcow2Layout(clusterBits, 4, false);
        for (long offset : new long[] {512, 1024, 1L << 30, layout.maxCompressedOffset() & -512}) {
            long entry = L2Entry.compressed(layout, offset, bytes);
            assertTrue(L2Entry.isCompressed(entry));
            assertEquals(offset, L2Entry.compressedOffset(layout, entry));
            assertEquals(bytes + 511 & -512, L2Entry.compressedBytes(layout, entry));
        }
        long entry = L2Entry.compressed(layout, 1000, 24);
        assertEquals(24, L2Entry.compressedBytes(layout, entry), "up to the end of the sector");
        assertEquals(1000, L2Entry.compressedOffset(layout, entry));
        assertEquals(24 + 512, L2Entry.compressedBytes(layout, L2Entry.compressed(layout, 1000, 25)));
    }

    @Test
    void compressedEntriesRefuseWhatTheyCannotHold() {
        Qcow2Layout layout = new Qcow2Layout(16, 4, false);
        assertThrows(IllegalArgumentException.class, () -> L2Entry.compressed(layout, 1, 131072));
        assertThrows(IllegalArgumentException.class, () -> L2Entry.compressed(layout, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> L2Entry.compressed(layout, layout.maxCompressedOffset() + 1, 1));
    }

    @Test
    void subclusterMasksCoverTheirRange() {
        assertEquals(0xffffffffL, L2Entry.allocated(0, 32));
        assertEquals(L2Entry.ALL_ZERO, L2Entry.zeroes(0, 32));
        assertEquals(0x18, L2Entry.allocated(3, 5));
        assertTrue(L2Entry.isAllocated(0x18, 4));
        assertTrue(L2Entry.isZero(L2Entry.zeroes(31, 32), 31));
    }
}
