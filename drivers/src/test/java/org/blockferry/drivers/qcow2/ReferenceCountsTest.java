package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ReferenceCountsTest {
    private static final int PAGE = ReferenceCounts.PAGE;

    @Test
    void countsAsAnArrayDoes() {
        for (long seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            int clusters = 3 * PAGE + 100;
            int[] expected = new int[clusters];
            ReferenceCounts counts = new ReferenceCounts(0, clusters, 400, 1 << 20);
            for (int i = 0; i < 600; i++) {
                int from = random.nextInt(clusters);
                int length = Math.min(clusters - from, 1 + random.nextInt(i % 10 == 0 ? PAGE : 200));
                counts.add(from, length);
                for (int j = from; j < from + length; j++) {
                    expected[j] = Math.min(400, expected[j] + 1);
                }
            }
            for (int i = 0; i < clusters; i++) {
                assertEquals(expected[i], counts.get(i), "seed " + seed + " cluster " + i);
            }
            assertEquals(clusters, counts.end());
        }
    }

    @Test
    void countsNoMoreThanTheLimitAndSaysHowManyThatWere() {
        ReferenceCounts counts = new ReferenceCounts(0, PAGE, 1, 1 << 20);
        counts.add(10, 5);
        counts.add(12, 5);
        assertEquals(1, counts.get(12));
        assertEquals(3, counts.overflows());
    }

    @Test
    void dropsTheHighestPagesWhenTheBudgetIsUsedUp() {
        ReferenceCounts counts = new ReferenceCounts(0, 100L * PAGE, 1000, ReferenceCounts.LARGEST_PAGE_BYTES);
        for (int round = 0; round < 600; round++) {
            counts.add(round % 2 == 0 ? 0 : 99L * PAGE, PAGE);
        }
        assertTrue(counts.end() < 100L * PAGE);
        assertEquals(300, counts.get(1));
        ReferenceCounts rest = new ReferenceCounts(counts.end(), 100L * PAGE, 1000, ReferenceCounts.LARGEST_PAGE_BYTES);
        for (int round = 0; round < 150; round++) {
            rest.add(99L * PAGE, PAGE);
        }
        assertEquals(150, rest.get(99L * PAGE + 5));
    }
}
