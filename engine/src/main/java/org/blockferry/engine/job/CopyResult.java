package org.blockferry.engine.job;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.pipeline.StageReport;

/**
 * What a copy came to. A copy that failed has no result but an exception.
 *
 * @param cancelled whether it was ended before it was complete
 * @param progress bytes and time at the end
 * @param targetState what the target is now, in words: {@code complete}, or when cancelled, what is left of it
 * @param salvaged bytes that could not be read and are zeroes in the target
 * @param salvagedRanges where they are, as far as they are listed
 * @param falseHole the first bytes that the source called zeroes and that hold something; from then on it was not believed
 * @param verification the digests of both sides, if they were asked for
 * @param statistics how the stages did, if that was asked for
 */
public record CopyResult(boolean cancelled, Progress progress, String targetState, long salvaged,
        List<ByteRange> salvagedRanges, Optional<ByteRange> falseHole, Optional<Verification> verification,
        Optional<StageReport> statistics) {
    public CopyResult {
        Objects.requireNonNull(progress, "progress");
        Objects.requireNonNull(targetState, "targetState");
        salvagedRanges = List.copyOf(salvagedRanges);
        Objects.requireNonNull(falseHole, "falseHole");
        Objects.requireNonNull(verification, "verification");
        Objects.requireNonNull(statistics, "statistics");
    }
}
