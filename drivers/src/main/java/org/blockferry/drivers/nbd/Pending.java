package org.blockferry.drivers.nbd;

import java.nio.ByteBuffer;
import org.blockferry.drivers.nbd.wire.NbdErrno;

/**
 * One request on its way: a place of a connection, used again and again. Its caller fills it in before sending; from then until
 * {@link #done} it belongs to the thread that receives for the connection, then to the caller again, ordered by that volatile
 * field.
 */
final class Pending {
    private static final ByteBuffer NO_BUFFER = ByteBuffer.allocate(0);

    /** Which place of the connection this is. */
    final int slot;
    /**
     * What the server sends back; differs at every use of the place, so that a stale or invented one is noticed. Written after
     * all other fields and read before them by the leader, which thereby sees the rest.
     */
    volatile long cookie;
    int command;
    long offset;
    long length;
    /** Where a read's bytes go, from {@link #start} on; the caller is kept from it until {@code done}. */
    ByteBuffer into = NO_BUFFER;
    int start;
    ExtentSink sink = ExtentSink.NONE;
    /** The next request of the same caller, -1 at the end. */
    int next;

    /** What of a read has arrived. */
    final Coverage covered = new Coverage();
    /** Whether an extent has arrived. */
    boolean anyExtent;
    /** The server's error value; 0: none yet. */
    int error;
    String errorMessage = "";
    /** Where the server says that the error is; -1: it does not say. */
    long errorOffset;

    /** Whether the reply is complete, or will never be. */
    volatile boolean done;
    /** Whether the connection was lost before the reply was complete. */
    boolean lost;
    /** The caller, once it waits. */
    volatile Thread waiter;

    Pending(int slot) {
        this.slot = slot;
    }

    void prepare(int newCommand, long newOffset, long newLength, ByteBuffer buffer, int bufferStart, ExtentSink extents) {
        command = newCommand;
        offset = newOffset;
        length = newLength;
        into = buffer;
        start = bufferStart;
        sink = extents;
        next = -1;
        covered.reset();
        anyExtent = false;
        error = 0;
        errorMessage = "";
        errorOffset = -1;
        lost = false;
        waiter = null;
        done = false;
    }

    /** Drops what belongs to the caller, so that a place that is not in use holds nothing. */
    void release() {
        into = NO_BUFFER;
        sink = ExtentSink.NONE;
    }

    /** Notes an error of the server; the first one counts. */
    void fail(int errno, String message, long at) {
        if (error == 0) {
            error = errno == 0 ? NbdErrno.EINVAL.value() : errno;
            errorMessage = message;
            errorOffset = at;
        }
    }
}
