package org.blockferry.drivers.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CoverageTest {

    @Test
    void joinsRangesInAnyOrderAndNoticesOverlaps() {
        Coverage coverage = new Coverage();
        assertTrue(coverage.add(10, 20));
        assertTrue(coverage.add(30, 40));
        assertFalse(coverage.covers(10, 40));
        assertFalse(coverage.add(19, 31));
        assertFalse(coverage.add(10, 11));
        assertTrue(coverage.add(20, 30));
        assertTrue(coverage.covers(10, 40));
        assertFalse(coverage.covers(9, 40));
        coverage.reset();
        assertFalse(coverage.covers(10, 40));
        assertTrue(coverage.covers(5, 5));
    }

    @Test
    void agreesWithABitSetOverRandomRanges() {
        for (long seed = 1; seed <= 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Coverage coverage = new Coverage();
            BitSet model = new BitSet();
            for (int i = 0; i < 200; i++) {
                int start = random.nextInt(100);
                int end = start + 1 + random.nextInt(1 + random.nextInt(12));
                boolean fresh = model.get(start, end).isEmpty();
                assertEquals(fresh, coverage.add(start, end), "seed " + seed);
                if (fresh) {
                    model.set(start, end);
                }
                int from = random.nextInt(100);
                int to = from + 1 + random.nextInt(20);
                boolean all = model.get(from, to).cardinality() == to - from;
                // Coverage answers for a whole request: only when nothing is missing anywhere between its edges.
                if (coverage.covers(from, to)) {
                    assertTrue(all, "seed " + seed);
                }
            }
        }
    }
}
