package org.blockferry.drivers.nbd.server;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.drivers.nbd.wire.NbdErrno;
import org.blockferry.drivers.nbd.wire.Wire;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.ZeroFlag;

/**
 * The transmission phase of one connection. Workers take turns: the one that has the turn reads a request (and what of a
 * write's payload fits its buffer), passes the turn on, and serves what it read; so the bytes of a request stay with one thread
 * and in one core's cache. A further worker comes only while all others are busy, up to the server's limit.
 *
 * <p>A write that is larger than the buffer is written piece by piece by the worker that keeps the turn meanwhile. Replies
 * leave in the order in which they are done.
 */
final class Session {
    private static final int RECEIVE_BYTES = 8 << 10;

    private final Wire wire;
    private final Terms terms;
    private final ExportAccess export;
    private final ReplyWriter replies;
    private final int mostWorkers;
    private final BooleanSupplier moreWorkers;
    private final ReentrantLock turn = new ReentrantLock();
    private final AtomicInteger workers = new AtomicInteger(1);
    /** Owned by whoever has the turn; always ready to be drained. */
    private final ByteBuffer received = ByteBuffer.allocateDirect(RECEIVE_BYTES).limit(0);
    private boolean ended;
    /** When the client last moved inside a request that it has begun; 0: between requests. */
    private volatile long waitingSince;

    /** @param moreWorkers starts one more thread that calls {@link #work}, or says no */
    Session(Wire wire, Terms terms, int mostWorkers, BooleanSupplier moreWorkers) {
        this.wire = wire;
        this.terms = terms;
        this.export = terms.export();
        this.replies = new ReplyWriter(wire, terms);
        this.mostWorkers = mostWorkers;
        this.moreWorkers = moreWorkers;
    }

    /** Whether the client has kept the server waiting, in the middle of something, for longer than {@code limitNanos}. */
    boolean isStalled(long now, long limitNanos) {
        long reading = waitingSince;
        long writing = replies.writingSince();
        return reading != 0 && now - reading > limitNanos || writing != 0 && now - writing > limitNanos;
    }

    /**
     * Serves requests until the client has none any more.
     *
     * @param buffer the worker's own
     * @return whether this was the last worker, so that the connection can be closed
     */
    boolean work(ByteBuffer buffer) {
        Request request = new Request(buffer);
        try {
            while (true) {
                turn.lock();
                try {
                    if (ended) {
                        break;
                    }
                    if (!receive(request)) {
                        ended = true;
                        break;
                    }
                    if (!turn.hasQueuedThreads() && workers.get() < mostWorkers) {
                        addWorker();
                    }
                } finally {
                    turn.unlock();
                }
                serve(request);
            }
        } catch (IOException | RuntimeException e) {
            // Nothing can be said to a client that is gone or has broken the protocol: the connection ends for all workers.
            wire.abort();
            end();
        }
        return workers.decrementAndGet() == 0;
    }

    private void addWorker() {
        workers.incrementAndGet();
        if (!moreWorkers.getAsBoolean()) {
            // Those that there are do the work.
            workers.decrementAndGet();
        }
    }

    private void end() {
        turn.lock();
        try {
            ended = true;
        } finally {
            turn.unlock();
        }
    }

    // Receiving, by whoever has the turn.

    /**
     * Reads the next request that is to be served outside the turn. Requests that are wrong, and large writes, are answered
     * here.
     *
     * @return false at the end
     */
    private boolean receive(Request request) throws IOException {
        while (true) {
            if (!nextHeader(request)) {
                return false;
            }
            if (request.command == Nbd.CMD_DISC) {
                return false;
            }
            NbdErrno refused = check(request);
            if (request.command == Nbd.CMD_WRITE) {
                if (Long.compareUnsigned(request.length, Nbd.MAX_PAYLOAD) > 0) {
                    throw new IOException("a write of " + Long.toUnsignedString(request.length) + " bytes");
                }
                if (refused != null || request.length > request.buffer.capacity()) {
                    writeInPieces(request, refused);
                    continue;
                }
                receivePayload(request.buffer.clear().limit((int) request.length));
                request.buffer.flip();
            } else if (refused != null) {
                replies.error(request, refused, "");
                continue;
            }
            return true;
        }
    }

    private boolean nextHeader(Request request) throws IOException {
        int bytes = terms.extended() ? Nbd.EXTENDED_REQUEST_BYTES : Nbd.REQUEST_BYTES;
        while (received.remaining() < bytes) {
            waitingSince = received.hasRemaining() ? System.nanoTime() | 1 : 0;
            received.compact();
            int got;
            try {
                got = wire.read(received);
            } finally {
                received.flip();
            }
            if (got < 0) {
                return false;
            }
        }
        waitingSince = 0;
        int magic = received.getInt();
        if (magic != (terms.extended() ? Nbd.EXTENDED_REQUEST_MAGIC : Nbd.REQUEST_MAGIC)) {
            throw new IOException("the magic of a request is 0x" + Integer.toHexString(magic));
        }
        request.flags = received.getShort() & 0xffff;
        request.command = received.getShort() & 0xffff;
        request.cookie = received.getLong();
        request.offset = received.getLong();
        request.length = terms.extended() ? received.getLong() : Integer.toUnsignedLong(received.getInt());
        return true;
    }

    /** What is wrong with a request, as the protocol wants it said ("Error values"); null if nothing is. */
    private NbdErrno check(Request request) {
        int allowed = switch (request.command) {
            case Nbd.CMD_READ -> Nbd.CMD_FLAG_FUA | Nbd.CMD_FLAG_DF;
            case Nbd.CMD_WRITE -> Nbd.CMD_FLAG_FUA | (terms.extended() ? Nbd.CMD_FLAG_PAYLOAD_LEN : 0);
            case Nbd.CMD_FLUSH, Nbd.CMD_TRIM, Nbd.CMD_CACHE -> Nbd.CMD_FLAG_FUA;
            case Nbd.CMD_WRITE_ZEROES -> Nbd.CMD_FLAG_FUA | Nbd.CMD_FLAG_NO_HOLE | Nbd.CMD_FLAG_FAST_ZERO;
            case Nbd.CMD_BLOCK_STATUS -> Nbd.CMD_FLAG_FUA | Nbd.CMD_FLAG_REQ_ONE;
            default -> -1;
        };
        boolean changes = request.command == Nbd.CMD_WRITE || request.command == Nbd.CMD_TRIM
                || request.command == Nbd.CMD_WRITE_ZEROES;
        if (allowed < 0 || (request.flags & ~allowed) != 0) {
            return NbdErrno.EINVAL;
        }
        if (changes && export.export().isReadOnly()) {
            return NbdErrno.EPERM;
        }
        if (request.command == Nbd.CMD_FLUSH) {
            return request.offset != 0 || request.length != 0 ? NbdErrno.EINVAL : null;
        }
        if (request.offset < 0 || request.length < 0 || request.offset > export.size() - request.length) {
            return request.command == Nbd.CMD_WRITE || request.command == Nbd.CMD_WRITE_ZEROES ? NbdErrno.ENOSPC
                    : NbdErrno.EINVAL;
        }
        int block = export.export().minimumBlock();
        boolean misaligned = request.offset % block != 0
                || request.length % block != 0 && request.offset + request.length != export.size();
        if (misaligned || request.command == Nbd.CMD_READ && request.length > Nbd.MAX_PAYLOAD
                || request.command == Nbd.CMD_BLOCK_STATUS && (terms.contexts().isEmpty() || request.length == 0)) {
            return NbdErrno.EINVAL;
        }
        return null;
    }

    private void receivePayload(ByteBuffer into) throws IOException {
        int buffered = Math.min(received.remaining(), into.remaining());
        into.put(into.position(), received, received.position(), buffered);
        into.position(into.position() + buffered);
        received.position(received.position() + buffered);
        while (into.hasRemaining()) {
            waitingSince = System.nanoTime() | 1;
            if (wire.read(into) < 0) {
                throw new EOFException();
            }
        }
        waitingSince = 0;
    }

    /** Takes a whole payload in, writing it as it comes unless the request is refused or a piece has failed. */
    private void writeInPieces(Request request, NbdErrno refused) throws IOException {
        BlockException failure = null;
        long end = request.offset + request.length;
        for (long at = request.offset; at != end;) {
            int step = (int) Math.min(end - at, request.buffer.capacity());
            receivePayload(request.buffer.clear().limit(step));
            request.buffer.flip();
            if (refused == null && failure == null) {
                try {
                    export.write(at, request.buffer, request.has(Nbd.CMD_FLAG_FUA));
                } catch (BlockException e) {
                    failure = e;
                }
            }
            at += step;
        }
        if (refused != null) {
            replies.error(request, refused, "");
        } else if (failure != null) {
            replies.error(request, NbdErrno.of(failure.kind()), failure.getMessage());
        } else {
            replies.done(request);
        }
    }

    // Serving, without the turn.

    private void serve(Request request) throws IOException {
        try {
            switch (request.command) {
                case Nbd.CMD_READ -> read(request);
                case Nbd.CMD_WRITE -> {
                    export.write(request.offset, request.buffer, request.has(Nbd.CMD_FLAG_FUA));
                    replies.done(request);
                }
                case Nbd.CMD_FLUSH -> {
                    export.flush();
                    replies.done(request);
                }
                case Nbd.CMD_TRIM -> {
                    if (request.length > 0) {
                        export.discard(new ByteRange(request.offset, request.length));
                    }
                    if (request.has(Nbd.CMD_FLAG_FUA)) {
                        export.flush();
                    }
                    replies.done(request);
                }
                case Nbd.CMD_WRITE_ZEROES -> zero(request);
                case Nbd.CMD_BLOCK_STATUS -> status(request);
                // "A server MAY advertise NBD_FLAG_SEND_CACHE even if the command has no effect."
                case Nbd.CMD_CACHE -> replies.done(request);
                default -> throw new AssertionError("an unchecked request of type " + request.command);
            }
        } catch (BlockException e) {
            replies.error(request, NbdErrno.of(e.kind()), e.getMessage());
        } catch (RuntimeException e) {
            // A fault of ours is one failed request of one client.
            replies.error(request, NbdErrno.EIO, "internal error: " + e);
        }
    }

    private void read(Request request) throws IOException {
        ByteBuffer buffer = request.buffer;
        if (request.length == 0) {
            replies.done(request);
            return;
        }
        fill(request.offset, request);
        if (!terms.structured()) {
            long[] next = {request.offset + buffer.remaining()};
            replies.wholeRead(request, buffer, () -> {
                try {
                    fill(next[0], request);
                } catch (BlockException e) {
                    throw new IOException(e);
                }
                next[0] += buffer.remaining();
            });
            return;
        }
        long end = request.offset + request.length;
        if (request.has(Nbd.CMD_FLAG_DF) && request.length > buffer.capacity()) {
            // "A server MAY reject with EOVERFLOW"; up to 64 KiB it must not.
            replies.error(request, NbdErrno.EOVERFLOW, "unfragmented reads are limited to " + buffer.capacity() + " bytes");
            return;
        }
        for (long at = request.offset;;) {
            long next = at + buffer.remaining();
            replies.data(request, at, buffer, next == end);
            if (next == end) {
                return;
            }
            at = next;
            fill(at, request);
        }
    }

    private void fill(long at, Request request) throws BlockException {
        ByteBuffer buffer = request.buffer;
        buffer.clear().limit((int) Math.min(buffer.capacity(), request.offset + request.length - at));
        export.read(at, buffer);
        buffer.flip();
    }

    private void zero(Request request) throws IOException {
        if (request.length == 0) {
            replies.done(request);
            return;
        }
        Set<ZeroFlag> flags = EnumSet.noneOf(ZeroFlag.class);
        if (!request.has(Nbd.CMD_FLAG_NO_HOLE)) {
            flags.add(ZeroFlag.MAY_UNMAP);
        }
        if (request.has(Nbd.CMD_FLAG_FAST_ZERO)) {
            flags.add(ZeroFlag.FAST);
        }
        if (request.has(Nbd.CMD_FLAG_FUA)) {
            flags.add(ZeroFlag.FUA);
        }
        if (!export.writeZeroes(new ByteRange(request.offset, request.length), flags)) {
            if (request.has(Nbd.CMD_FLAG_FAST_ZERO)) {
                replies.error(request, NbdErrno.ENOTSUP, "");
                return;
            }
            writeZeroBytes(request);
        }
        replies.done(request);
    }

    private void writeZeroBytes(Request request) throws BlockException {
        ByteBuffer zeroes = request.buffer.clear();
        while (zeroes.remaining() >= Long.BYTES) {
            zeroes.putLong(0);
        }
        long end = request.offset + request.length;
        for (long at = request.offset; at < end;) {
            zeroes.clear().limit((int) Math.min(zeroes.capacity(), end - at));
            int step = zeroes.remaining();
            export.write(at, zeroes, request.has(Nbd.CMD_FLAG_FUA));
            at += step;
        }
    }

    private void status(Request request) throws IOException {
        ExtentList list = new ExtentList(request, terms.extended(), export.export().minimumBlock(), export.size());
        for (int i = 0; i < terms.contexts().size(); i++) {
            String context = terms.contexts().get(i);
            int count = list.collect(context, export);
            replies.extents(request, i + 1, request.buffer, count, i == terms.contexts().size() - 1);
        }
    }
}
