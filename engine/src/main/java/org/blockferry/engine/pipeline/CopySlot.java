package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;

/**
 * The unit of work in the ring: a list of runs and the buffer for their data. Owned by the planner until it is published, then
 * by the stage whose thread has claimed its sequence; the ring's sequences hand it on.
 *
 * <p>Design note: in the fused kind the buffer is the worker's, lent for as long as it works on the slot, not the slot's. With
 * as many buffers as threads instead of as many as slots, the bytes that are written are still in the core's cache, and the
 * next read lands on memory that is warm.
 */
final class CopySlot {
    private static final ByteBuffer NO_BUFFER = ByteBuffer.allocate(0);

    private final RunList runs = new RunList();
    private ByteBuffer buffer = NO_BUFFER;
    private boolean dropped;

    RunList runs() {
        return runs;
    }

    /** Whose position and limit the owner of the slot may set as it likes. */
    ByteBuffer buffer() {
        return buffer;
    }

    boolean hasBuffer() {
        return buffer != NO_BUFFER;
    }

    /** Gives the slot a buffer: for good, or for the time that its owner works on it. */
    void lend(ByteBuffer other) {
        buffer = other;
    }

    /** The buffer, set to {@code length} bytes from {@code position} on. */
    ByteBuffer window(int position, int length) {
        return buffer.limit(position + length).position(position);
    }

    /** Nothing of this slot is to be done any more: its stage failed, or the copy is being cancelled. */
    void drop() {
        dropped = true;
    }

    boolean isDropped() {
        return dropped;
    }

    /** Ready to be filled again. */
    void reset() {
        runs.clear();
        dropped = false;
    }
}
