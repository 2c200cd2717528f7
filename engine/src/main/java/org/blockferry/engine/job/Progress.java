package org.blockferry.engine.job;

import java.time.Duration;
import java.util.Objects;
import java.util.OptionalDouble;

/**
 * How far a copy has come. All but the time are bytes of the source's disk; the five kinds do not overlap.
 *
 * @param total to be dealt with, or {@link #UNKNOWN}: the source is a stream
 * @param copied read and written
 * @param offloaded copied by the system without passing through this process
 * @param zeroed known to be zero without being read, whether that had to be written or not
 * @param zeroDetected read, and then found to be zero
 * @param skipped left to the base that the target keeps
 * @param elapsed since the copy began; stands still once it has ended
 */
public record Progress(
        long total, long copied, long offloaded, long zeroed, long zeroDetected, long skipped, Duration elapsed) {
    /** A total that is known only at the end. */
    public static final long UNKNOWN = -1;

    public Progress {
        Objects.requireNonNull(elapsed, "elapsed");
    }

    /** Bytes dealt with; {@code total} at the end. */
    public long done() {
        return copied + offloaded + zeroed + zeroDetected + skipped;
    }

    /** What is done of the total, 0 to 1; empty when the total is unknown. */
    public OptionalDouble fraction() {
        return total < 0 ? OptionalDouble.empty()
                : OptionalDouble.of(total == 0 ? 1 : Math.min(1, (double) done() / total));
    }
}
