package org.blockferry.engine.block;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How a node is opened.
 *
 * @param cache use of the page cache
 * @param share whether to open although others may be writing (QEMU's {@code -U})
 * @param snapshot ID or name of the internal snapshot to read instead of the current state
 * @param driverOptions further options by their names; a driver refuses one that it does not know
 */
public record OpenOptions(CacheMode cache, boolean share, Optional<String> snapshot, Map<String, String> driverOptions) {

    /** Through the page cache, not shared, the current state. */
    public static final OpenOptions DEFAULT = new OpenOptions(CacheMode.WRITEBACK, false, Optional.empty(), Map.of());

    public OpenOptions {
        Objects.requireNonNull(cache, "cache");
        Objects.requireNonNull(snapshot, "snapshot");
        driverOptions = Map.copyOf(driverOptions);
    }

    public OpenOptions withCache(CacheMode other) {
        return new OpenOptions(other, share, snapshot, driverOptions);
    }

    public OpenOptions withShare(boolean other) {
        return new OpenOptions(cache, other, snapshot, driverOptions);
    }

    public OpenOptions withSnapshot(Optional<String> other) {
        return new OpenOptions(cache, share, other, driverOptions);
    }

    public OpenOptions withDriverOptions(Map<String, String> other) {
        return new OpenOptions(cache, share, snapshot, other);
    }
}
