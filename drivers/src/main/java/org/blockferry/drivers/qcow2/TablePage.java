package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;

/** A piece of a table in memory, as it stands or will stand in the file. Owned by a {@link PageCache}. */
final class TablePage {
    private static final long NONE = -1;

    private final ByteBuffer bytes;
    private long hostOffset = NONE;
    private boolean dirty;
    private long lastUse;

    TablePage(int size) {
        bytes = ByteBuffer.allocateDirect(size);
    }

    /** All of it, big-endian; position and limit are of no meaning. */
    ByteBuffer bytes() {
        return bytes;
    }

    long hostOffset() {
        return hostOffset;
    }

    void holds(long offset) {
        hostOffset = offset;
        dirty = false;
    }

    void forget() {
        holds(NONE);
    }

    boolean isDirty() {
        return dirty;
    }

    /** Says whether it differs from the file. */
    void setDirty(boolean differs) {
        dirty = differs;
    }

    long lastUse() {
        return lastUse;
    }

    void touch(long now) {
        lastUse = now;
    }
}
