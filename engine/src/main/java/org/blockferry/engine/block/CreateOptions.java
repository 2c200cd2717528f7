package org.blockferry.engine.block;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How a new image is made.
 *
 * @param length bytes of the disk, or {@link NodeInfo#UNKNOWN_LENGTH}: it grows as it is written
 * @param cache use of the page cache
 * @param backing what shows through where nothing is written
 * @param formatOptions the options of {@code -o}: {@code cluster_size} and the like, as written by the user; a driver refuses
 *     one that it does not know, or whose value is out of bounds, before anything is created
 */
public record CreateOptions(
        long length, CacheMode cache, Optional<BackingReference> backing, Map<String, String> formatOptions) {

    public CreateOptions {
        Objects.requireNonNull(cache, "cache");
        Objects.requireNonNull(backing, "backing");
        formatOptions = Map.copyOf(formatOptions);
        if (length < NodeInfo.UNKNOWN_LENGTH) {
            throw new IllegalArgumentException("length is " + length);
        }
    }

    /** An image of {@code length} bytes with every option at its default. */
    public static CreateOptions ofLength(long length) {
        return new CreateOptions(length, CacheMode.WRITEBACK, Optional.empty(), Map.of());
    }

    public boolean isLengthKnown() {
        return length != NodeInfo.UNKNOWN_LENGTH;
    }

    public CreateOptions withLength(long other) {
        return new CreateOptions(other, cache, backing, formatOptions);
    }

    public CreateOptions withCache(CacheMode other) {
        return new CreateOptions(length, other, backing, formatOptions);
    }

    public CreateOptions withBacking(BackingReference other) {
        return new CreateOptions(length, cache, Optional.of(other), formatOptions);
    }

    public CreateOptions withFormatOptions(Map<String, String> other) {
        return new CreateOptions(length, cache, backing, other);
    }
}
