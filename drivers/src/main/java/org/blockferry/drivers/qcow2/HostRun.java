package org.blockferry.drivers.qcow2;

/** Clusters side by side in the file. Mutable, reused; owned by one thread. */
final class HostRun {
    private long offset;
    private long clusters;
    private boolean fresh;

    void set(long hostOffset, long count, boolean isFresh) {
        offset = hostOffset;
        clusters = count;
        fresh = isFresh;
    }

    /** Where the first one starts. */
    long offset() {
        return offset;
    }

    long clusters() {
        return clusters;
    }

    /** Whether they lie past the end of everything that was ever in the file, so that they read as zeroes. */
    boolean isFresh() {
        return fresh;
    }
}
