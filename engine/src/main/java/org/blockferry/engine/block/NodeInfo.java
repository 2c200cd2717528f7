package org.blockferry.engine.block;

import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What was learned of a node when it was opened.
 *
 * @param name what the user called it, for messages: a path or URI
 * @param driver the driver's name: {@code file}, {@code qcow2}
 * @param length bytes of the disk, or {@link #UNKNOWN_LENGTH} for a stream
 * @param limits what requests the node likes
 * @param traits what it can do
 * @param maxReaders threads that may read at once, at least 1
 * @param maxWriters threads that may write at once, at least 1
 * @param identity equal for two nodes exactly when they are the same object under any name (for a file, device and inode);
 *     empty when the node cannot tell
 */
public record NodeInfo(
        String name,
        String driver,
        long length,
        BlockLimits limits,
        Set<Trait> traits,
        int maxReaders,
        int maxWriters,
        Optional<String> identity) {

    /** The length of a source that ends when its bytes end. */
    public static final long UNKNOWN_LENGTH = -1;

    public NodeInfo {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(driver, "driver");
        Objects.requireNonNull(limits, "limits");
        Objects.requireNonNull(identity, "identity");
        traits = Set.copyOf(traits);
        if (length < UNKNOWN_LENGTH || maxReaders < 1 || maxWriters < 1) {
            throw new IllegalArgumentException(
                    name + ": length " + length + ", readers " + maxReaders + ", writers " + maxWriters);
        }
    }

    public boolean has(Trait trait) {
        return traits.contains(trait);
    }

    public boolean isLengthKnown() {
        return length != UNKNOWN_LENGTH;
    }

    /** The whole node. */
    public ByteRange range() {
        return new ByteRange(0, length);
    }

    public NodeInfo withLength(long other) {
        return new NodeInfo(name, driver, other, limits, traits, maxReaders, maxWriters, identity);
    }
}
