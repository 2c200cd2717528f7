package org.blockferry.engine.inspect;

import java.util.Objects;
import java.util.OptionalLong;

/**
 * How large the file of a copy gets.
 *
 * @param required bytes, as far as it can be told without reading: an upper bound for a copy that leaves out what is known to be zero
 * @param fullyAllocated bytes when all of the disk has been written
 * @param bitmaps bytes that copies of the persistent bitmaps need beside that; empty where there can be none
 */
public record Measurement(long required, long fullyAllocated, OptionalLong bitmaps) {
    public Measurement {
        Objects.requireNonNull(bitmaps, "bitmaps");
    }

    /**
     * What a scan found: it reads all data, as a copy does, and writes nothing.
     *
     * @param fileSize bytes of the file that a copy makes: exact
     * @param data bytes of the disk that a copy writes
     * @param zeroesFound bytes that were stored as data and are zeroes, which a copy leaves out
     */
    public record Scan(long fileSize, long data, long zeroesFound) {
    }
}
