package org.blockferry.drivers.synthetic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparseShapeTest {
    @ParameterizedTest(name = "{0} % in runs of {1}")
    @CsvSource({"0, 65536", "0.5, 4096", "1, 65536", "10, 65536", "10, 4096", "33.3, 12288", "50, 65536", "90, 65536", "99.9, 8192",
        "100, 65536"})
    void theEndOfARunIsWhereTheBlocksSaySo(double percent, long runLength) {
        long size = (24 << 20) + 1234;
        for (long seed = 1; seed <= 3; seed++) {
            SparseShape shape = new SparseShape(seed, size, percent, runLength);
            for (long at = 0; at < size;) {
                long end = shape.endOfRun(at);
                String context = "seed " + seed + ", run " + at + " to " + end;
                assertTrue(end > at && end <= size, context);
                for (long block = at; block < end; block += SparseShape.BLOCK) {
                    assertEquals(shape.isData(at), shape.isData(block), context);
                }
                assertTrue(end == size || shape.isData(end) != shape.isData(at), context);
                assertEquals(end, shape.endOfRun((at + end) / 2), context);
                at = end;
            }
        }
    }

    @ParameterizedTest(name = "{0} % in runs of {1} on {2} bytes")
    @CsvSource({"1, 65536, 8589934592", "10, 16777216, 1099511627776", "10, 65536, 8589934592", "50, 1048576, 68719476736",
        "90, 1048576, 68719476736", "99.9, 65536, 1099511627776"})
    void dataIsAsMuchAndItsRunsAreAsLongAsAsked(double percent, long runLength, long size) {
        SparseShape shape = new SparseShape(5, size, percent, runLength);
        long data = 0;
        long runs = 0;
        for (long at = 0; at < size;) {
            long end = shape.endOfRun(at);
            if (shape.isData(at)) {
                data += end - at;
                runs++;
            }
            at = end;
        }
        assertEquals(percent, 100.0 * data / size, percent * 0.05);
        // Neighbours touch the more often the fuller the disk is, so the mean may be longer, but not by much while it is sparse.
        double mean = (double) data / runs;
        assertTrue(mean > runLength * 0.95 && (percent > 10 || mean < runLength * 1.2), "mean run " + mean);
    }

    @Test
    void reachesTheEndOfTheLargestDisk() {
        for (double percent : new double[] {0, 0.000001, 10, 100}) {
            SparseShape shape = new SparseShape(1, Long.MAX_VALUE, percent, 1L << 55);
            long at = Long.MAX_VALUE - 1;
            assertEquals(Long.MAX_VALUE, shape.endOfRun(at));
            int runs = 0;
            for (at = 0; at < Long.MAX_VALUE; runs++) {
                at = shape.endOfRun(at);
            }
            // 2^63 in runs of 2^55: 256 of them at most, and as many holes.
            assertTrue(runs <= 513, runs + " runs at " + percent + " %");
        }
    }

    @Test
    void anEmptyOrFullDiskOfAnySizeIsOneRun() {
        assertEquals(Long.MAX_VALUE, new SparseShape(1, Long.MAX_VALUE, 0, 4096).endOfRun(0));
        assertEquals(Long.MAX_VALUE, new SparseShape(1, Long.MAX_VALUE, 100, 4096).endOfRun(12345));
        assertFalse(new SparseShape(1, Long.MAX_VALUE, 0, 4096).isData(77));
        assertTrue(new SparseShape(1, Long.MAX_VALUE, 100, 4096).isData(77));
    }
}
