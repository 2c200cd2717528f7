package org.blockferry.engine.job;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.blockferry.engine.block.ByteRange;

/**
 * What a copy came to. A copy that failed has no result but an exception.
 *
 * @param cancelled whether it was ended before it was complete
 * @param progress bytes and time at the end
 * @param targetState what the target is now, in words: {@code complete}; when cancelled, what is left of it
 * @param salvaged ranges that could not be read and are zeroes in the target, ascending
 * @param statistics times per stage, a line each, if they were asked for
 */
public record CopyResult(boolean cancelled, Progress progress, String targetState, List<ByteRange> salvaged,
        Optional<String> statistics) {
    public CopyResult {
        Objects.requireNonNull(progress, "progress");
        Objects.requireNonNull(targetState, "targetState");
        salvaged = List.copyOf(salvaged);
        Objects.requireNonNull(statistics, "statistics");
    }
}
