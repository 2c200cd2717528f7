package org.blockferry.drivers.nbd.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.drivers.nbd.wire.NbdErrno;
import org.blockferry.drivers.nbd.wire.Wire;

/** Sends the replies of one connection, of many workers, one whole message at a time. */
final class ReplyWriter {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    /** Longer messages say nothing more to a person. */
    private static final int MAX_MESSAGE = 1024;

    private final Wire wire;
    private final Terms terms;
    private final ReentrantLock lock = new ReentrantLock();
    private final ByteBuffer head = ByteBuffer.allocateDirect(Nbd.EXTENDED_REPLY_BYTES + 16 + MAX_MESSAGE);
    private volatile long writingSince;

    ReplyWriter(Wire wire, Terms terms) {
        this.wire = wire;
        this.terms = terms;
    }

    /** When the write that is under way began; 0: none is. */
    long writingSince() {
        return writingSince;
    }

    /** A request that has nothing to tell is done. */
    void done(Request request) throws IOException {
        lock.lock();
        try {
            if (terms.structured()) {
                startChunk(request, Nbd.REPLY_FLAG_DONE, Nbd.REPLY_NONE, 0);
            } else {
                startSimple(request, 0);
            }
            send(NOTHING);
        } finally {
            lock.unlock();
        }
    }

    void error(Request request, NbdErrno errno, String message) throws IOException {
        byte[] text = message.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(text.length, MAX_MESSAGE);
        lock.lock();
        try {
            if (terms.structured()) {
                startChunk(request, Nbd.REPLY_FLAG_DONE, Nbd.REPLY_ERROR, 6 + length);
                head.putInt(errno.value()).putShort((short) length).put(text, 0, length);
            } else {
                startSimple(request, errno.value());
            }
            send(NOTHING);
        } finally {
            lock.unlock();
        }
    }

    /** One part of what a read found; only with structured replies. */
    void data(Request request, long offset, ByteBuffer bytes, boolean last) throws IOException {
        lock.lock();
        try {
            startChunk(request, last ? Nbd.REPLY_FLAG_DONE : 0, Nbd.REPLY_OFFSET_DATA, 8 + bytes.remaining());
            head.putLong(offset);
            send(bytes);
        } finally {
            lock.unlock();
        }
    }

    /** Fills a buffer with what follows, for {@link #wholeRead}. */
    @FunctionalInterface
    interface Filler {
        /** Fills the buffer again; an exception ends the connection, for the header has promised success. */
        void next() throws IOException;
    }

    /** A read answered by a simple reply: the header, then all bytes, buffer after buffer. */
    void wholeRead(Request request, ByteBuffer buffer, Filler filler) throws IOException {
        lock.lock();
        try {
            startSimple(request, 0);
            long left = request.length;
            left -= buffer.remaining();
            send(buffer);
            while (left > 0) {
                filler.next();
                left -= buffer.remaining();
                head.clear();
                send(buffer);
            }
        } finally {
            lock.unlock();
        }
    }

    /** One chunk of extents; {@code count} of them lie in {@code extents}, in the layout of the kind of chunk. */
    void extents(Request request, int context, ByteBuffer extents, int count, boolean last) throws IOException {
        lock.lock();
        try {
            int flags = last ? Nbd.REPLY_FLAG_DONE : 0;
            if (terms.extended()) {
                startChunk(request, flags, Nbd.REPLY_BLOCK_STATUS_EXT, 8 + extents.remaining());
                head.putInt(context).putInt(count);
            } else {
                startChunk(request, flags, Nbd.REPLY_BLOCK_STATUS, 4 + extents.remaining());
                head.putInt(context);
            }
            send(extents);
        } finally {
            lock.unlock();
        }
    }

    private void startSimple(Request request, int error) {
        head.clear();
        head.putInt(Nbd.SIMPLE_REPLY_MAGIC).putInt(error).putLong(request.cookie);
    }

    private void startChunk(Request request, int flags, int type, long length) {
        head.clear();
        head.putInt(terms.extended() ? Nbd.EXTENDED_REPLY_MAGIC : Nbd.STRUCTURED_REPLY_MAGIC);
        head.putShort((short) flags).putShort((short) type).putLong(request.cookie);
        if (terms.extended()) {
            head.putLong(request.offset).putLong(length);
        } else {
            head.putInt((int) length);
        }
    }

    private void send(ByteBuffer payload) throws IOException {
        head.flip();
        writingSince = System.nanoTime() | 1;
        wire.write(head, payload);
        writingSince = 0;
    }
}
