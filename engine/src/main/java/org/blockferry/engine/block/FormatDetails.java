package org.blockferry.engine.block;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What an image tells of itself beyond its disk, for people and management software. Immutable.
 *
 * @param clusterSize bytes of the unit of allocation; empty for a format without one
 * @param dirty whether the image was not closed properly
 * @param properties facts that only this format has, in the order to show them
 * @param bitmaps the persistent dirty bitmaps; an empty list if there are none, empty if an image of this kind cannot have any
 * @param snapshots the internal snapshots, in the image's order
 */
public record FormatDetails(OptionalLong clusterSize, boolean dirty, List<Property> properties, Optional<List<Bitmap>> bitmaps,
        List<Snapshot> snapshots) {

    /** A format that has nothing to tell: raw. */
    public static final FormatDetails NONE =
            new FormatDetails(OptionalLong.empty(), false, List.of(), Optional.empty(), List.of());

    public FormatDetails {
        Objects.requireNonNull(clusterSize, "clusterSize");
        properties = List.copyOf(properties);
        bitmaps = bitmaps.map(List::copyOf);
        snapshots = List.copyOf(snapshots);
    }

    /**
     * One fact.
     *
     * @param name in lower case, words joined by hyphens: {@code refcount-bits}
     * @param value a {@link String}, a {@link Long} or a {@link Boolean}
     */
    public record Property(String name, Object value) {
        public Property {
            Objects.requireNonNull(name, "name");
            if (!(value instanceof String || value instanceof Long || value instanceof Boolean)) {
                throw new IllegalArgumentException(name + " is " + value + "; it is a string, a long or a boolean");
            }
        }
    }

    /**
     * A persistent dirty bitmap.
     *
     * @param name as its user called it
     * @param granularity bytes of the disk that one bit stands for
     * @param inUse whether it was not saved properly, so that its content is not to be trusted
     * @param auto whether it records writes from the moment when the image is opened for writing
     */
    public record Bitmap(String name, long granularity, boolean inUse, boolean auto) {
        public Bitmap {
            Objects.requireNonNull(name, "name");
        }
    }

    /**
     * An internal snapshot.
     *
     * @param id unique ID
     * @param name given by the user
     * @param stateSize bytes of the machine's state, 0 if there is none
     * @param seconds when it was taken, since the Epoch
     * @param nanos and the part of a second
     * @param guestNanos how long the machine had run
     * @param instructions how many instructions it had run, where the image says
     */
    public record Snapshot(String id, String name, long stateSize, long seconds, int nanos, long guestNanos,
            OptionalLong instructions) {
        public Snapshot {
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(instructions, "instructions");
        }
    }
}
