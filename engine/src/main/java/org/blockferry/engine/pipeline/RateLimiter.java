package org.blockferry.engine.pipeline;

/**
 * Spends a rate in slices of time: what is not used of a slice is lost, what was taken too much is paid by the slices after it.
 * So one large slot passes at once, and the mean is kept. Owned by one thread.
 */
final class RateLimiter {
    /** As in QEMU: short enough to look steady, long enough to be cheap. */
    static final long SLICE_NANOS = 100_000_000;

    private long sliceStart;
    private long spent;

    RateLimiter(long nowNanos) {
        this.sliceStart = nowNanos;
    }

    /**
     * How long to wait before more may be sent.
     *
     * @param bytesPerSecond 0: unlimited
     * @return nanoseconds; 0: go on
     */
    long delay(long nowNanos, long bytesPerSecond) {
        if (bytesPerSecond == 0) {
            spent = 0;
            return 0;
        }
        long quota = Math.max(1, bytesPerSecond / (1_000_000_000 / SLICE_NANOS));
        long slices = Math.max(0, (nowNanos - sliceStart) / SLICE_NANOS);
        sliceStart += slices * SLICE_NANOS;
        spent = slices > spent / quota ? 0 : spent - slices * quota;
        return spent < quota ? 0 : sliceStart + spent / quota * SLICE_NANOS - nowNanos;
    }

    /** So many bytes are being sent. */
    void spend(long bytes) {
        spent += bytes;
    }
}
