package org.blockferry.engine.digest;

import java.util.Objects;

/**
 * The digest of a disk.
 *
 * @param algorithm the hash behind it
 * @param hex in lower case
 * @param length bytes of the disk
 * @param read bytes that were read for it; the rest was known to be zeroes
 */
public record Checksum(DigestAlgorithm algorithm, String hex, long length, long read) {
    public Checksum {
        Objects.requireNonNull(algorithm, "algorithm");
        Objects.requireNonNull(hex, "hex");
    }

    /** Whether the two disks read the same, as far as the hash is good. */
    public boolean sameContent(Checksum other) {
        return algorithm == other.algorithm && hex.equals(other.hex) && length == other.length;
    }

    @Override
    public String toString() {
        return algorithm.word() + ":" + hex;
    }
}
