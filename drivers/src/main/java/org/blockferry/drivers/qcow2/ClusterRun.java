package org.blockferry.drivers.qcow2;

/** A run of guest bytes of one kind, contiguous in the host where it has a host. Mutable, reused; owned by one thread. */
final class ClusterRun {
    private ClusterKind kind = ClusterKind.UNALLOCATED;
    private long start;
    private long end;
    private long hostStart;

    /** Makes it an empty run at {@code guestOffset}. */
    void reset(long guestOffset) {
        start = guestOffset;
        end = guestOffset;
    }

    /**
     * Goes on to {@code newEnd}, if what lies there is the same and, where it has a host, adjoins there as well.
     *
     * @param hostOffset where the first new byte stands; of no interest if the kind has no host
     * @return {@code false} if it is something else: nothing was changed
     */
    boolean extend(ClusterKind next, long hostOffset, long newEnd) {
        if (isEmpty()) {
            kind = next;
            hostStart = hostOffset;
        } else if (next != kind || kind.hasHost() && hostOffset != hostStart + length()) {
            return false;
        }
        end = newEnd;
        return true;
    }

    boolean isEmpty() {
        return end == start;
    }

    ClusterKind kind() {
        return kind;
    }

    long start() {
        return start;
    }

    long end() {
        return end;
    }

    long length() {
        return end - start;
    }

    /** Where the first byte stands; meaningful only if the kind has a host. */
    long hostStart() {
        return hostStart;
    }
}
