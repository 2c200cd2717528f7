package org.blockferry.engine.job;

import java.time.Duration;
import java.util.Objects;
import java.util.OptionalDouble;

/**
 * How far a copy has come. All but the time are bytes of the source's disk.
 *
 * @param total to be dealt with, or {@link #UNKNOWN}: the source is a stream
 * @param copied read and written, or moved by the kernel
 * @param zeroed made zero without being read, or found to be zero
 * @param skipped left as they are: zero in a target that reads as zeroes, or shown by the kept base
 * @param offloaded of {@code copied}, what was moved without passing through this process
 * @param zeroDetected of {@code zeroed}, what was read and then found to be zero
 * @param elapsed since the copy began; stands still once it has ended
 */
public record Progress(long total, long copied, long zeroed, long skipped, long offloaded, long zeroDetected, Duration elapsed) {
    /** A total that is known only at the end. */
    public static final long UNKNOWN = -1;

    public Progress {
        Objects.requireNonNull(elapsed, "elapsed");
    }

    /** Bytes dealt with; {@code total} at the end. */
    public long done() {
        return copied + zeroed + skipped;
    }

    /** What is done of the total, 0 to 1; empty when the total is unknown. */
    public OptionalDouble fraction() {
        return total < 0 ? OptionalDouble.empty()
                : OptionalDouble.of(total == 0 ? 1 : Math.min(1, (double) done() / total));
    }
}
