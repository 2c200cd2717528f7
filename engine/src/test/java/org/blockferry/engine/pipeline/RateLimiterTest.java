package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class RateLimiterTest {
    private static final long SLICE = RateLimiter.SLICE_NANOS;

    private final RateLimiter limiter = new RateLimiter(0);

    @Test
    void unlimitedNeverWaits() {
        limiter.spend(Long.MAX_VALUE / 2);

        assertEquals(0, limiter.delay(0, 0));
    }

    @Test
    void quotaOfOneSliceWaitsForTheNext() {
        limiter.spend(100);

        assertEquals(SLICE, limiter.delay(0, 1000));
        assertEquals(1, limiter.delay(SLICE - 1, 1000));
        assertEquals(0, limiter.delay(SLICE, 1000));
    }

    @Test
    void oneLargeSlotIsPaidByManySlices() {
        limiter.spend(1050);

        assertEquals(10 * SLICE, limiter.delay(0, 1000));
        assertEquals(0, limiter.delay(10 * SLICE, 1000));
    }

    @Test
    void unusedSlicesAreLost() {
        assertEquals(0, limiter.delay(1000 * SLICE, 1000));
        limiter.spend(100);

        assertEquals(SLICE, limiter.delay(1000 * SLICE, 1000));
    }

    @Test
    void rateBelowOneByteASliceStillMoves() {
        limiter.spend(1);

        assertEquals(SLICE, limiter.delay(0, 1));
    }
}
