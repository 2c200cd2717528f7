package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;

/**
 * A piece of an L2 table in memory. Entries are at distinct places, so that threads that hold the slice pinned may change
 * different ones at once; what else is in here is guarded by the {@link L2Window}.
 */
final class L2Slice {
    private final ByteBuffer entries;
    private final int entryBits;

    /** Which slice of the disk this is. */
    long index;
    /** How many threads are at work on it. */
    int pins;
    /** Whether it differs from what the file holds. */
    boolean dirty;

    L2Slice(ByteBuffer entries, int entryBits) {
        this.entries = entries;
        this.entryBits = entryBits;
    }

    /** All bytes as they stand on disk; each call gives a buffer of its own. */
    ByteBuffer bytes() {
        return entries.duplicate();
    }

    void clear() {
        for (int at = 0; at < entries.capacity(); at += Long.BYTES) {
            entries.putLong(at, 0);
        }
    }

    long entry(int i) {
        return entries.getLong(i << entryBits);
    }

    void setEntry(int i, long entry) {
        entries.putLong(i << entryBits, entry);
    }

    /** The subcluster bitmap; only with extended L2. */
    long bitmap(int i) {
        return entries.getLong((i << entryBits) + Long.BYTES);
    }

    void setBitmap(int i, long bitmap) {
        entries.putLong((i << entryBits) + Long.BYTES, bitmap);
    }
}
