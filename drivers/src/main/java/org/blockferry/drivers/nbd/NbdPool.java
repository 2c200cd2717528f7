package org.blockferry.drivers.nbd;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.drivers.nbd.wire.NbdErrno;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;

/**
 * The connections to one export, seen as one. Requests go to the connection with the least in flight. A server that promises
 * {@code CAN_MULTI_CONN} gets further connections when all are busy, one at a time and in the background: a small copy never
 * waits for them, and a server that does not take them costs nothing. Thread-safe.
 *
 * <p>With {@code reconnect} a request whose connection was lost is sent again over another or a new one: reads, writes, zeroes,
 * trims and flushes may all be repeated. What a server had acknowledged but not flushed when it died is its own to keep.
 */
final class NbdPool implements AutoCloseable {
    /** Pieces of one caller's request in flight: 8 MiB in the default request size. */
    private static final int WINDOW = 8;
    private static final Duration SPARE_CONNECTION_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration FIRST_RETRY = Duration.ofMillis(50);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(2);
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final NbdConnector connector;
    private final String node;
    private final ExportTerms terms;
    private final long reconnectNanos;
    private final ScheduledFuture<?> watch;
    private final AtomicBoolean growing = new AtomicBoolean();
    private final Object change = new Object();
    /** Never changed in place. */
    private volatile NbdConnection[] connections;
    /** How many connections the server has turned out to take. */
    private volatile int mostConnections;
    private volatile boolean closed;

    private NbdPool(NbdConnector connector, NbdConnection first) {
        this.connector = connector;
        this.node = connector.address().name();
        this.terms = first.terms();
        this.connections = new NbdConnection[] {first};
        NbdOptions options = connector.options();
        mostConnections = terms.has(Nbd.CAN_MULTI_CONN) ? options.connections() : 1;
        reconnectNanos = options.reconnect().toNanos();
        Duration timeout = options.timeout();
        watch = timeout.isZero() ? Watchdog.after(Duration.ZERO, () -> { })
                : Watchdog.every(timeout.dividedBy(8), () -> checkProgress(timeout.toNanos()));
    }

    /** Makes the first connection. */
    static NbdPool open(NbdConnector connector) throws BlockException {
        return new NbdPool(connector, connector.connect(NbdOptions.HANDSHAKE_TIMEOUT));
    }

    ExportTerms terms() {
        return terms;
    }

    String node() {
        return node;
    }

    boolean isEncrypted() {
        return connections[0].isEncrypted();
    }

    /** Connections that are open now. */
    int size() {
        return connections.length;
    }

    /** Requests on all connections whose replies have not been collected. */
    int inFlight() {
        int sum = 0;
        for (NbdConnection each : connections) {
            sum += each.inFlight();
        }
        return sum;
    }

    int mostConnections() {
        return mostConnections;
    }

    /**
     * Carries out one request, in pieces of at most {@code piece} bytes that are all on their way together.
     *
     * @param buffer what a read fills and a write carries, from its position on, exactly {@code length} bytes; empty for
     *     others. On return its position is its limit.
     * @throws ServerErrorException if the server refused; what it did before is unspecified
     */
    void transfer(int command, int flags, long offset, long length, ByteBuffer buffer, long piece)
            throws BlockException, ServerErrorException {
        int position = buffer.position();
        int limit = buffer.limit();
        long firstLoss = 0;
        while (true) {
            NbdConnection connection = pick(command, offset, length);
            try {
                run(connection, command, flags, offset, length, buffer, piece);
                buffer.limit(limit).position(limit);
                return;
            } catch (ConnectionLostException e) {
                buffer.limit(limit).position(position);
                firstLoss = firstLoss == 0 ? System.nanoTime() : firstLoss;
                recover(connection, e, firstLoss, command, offset, length);
            }
        }
    }

    /**
     * Asks for the status of a range in one metadata context, without splitting it.
     *
     * @param context one that the server has
     */
    void status(String context, long offset, long length, ExtentSink sink) throws BlockException, ServerErrorException {
        long firstLoss = 0;
        while (true) {
            NbdConnection connection = pick(Nbd.CMD_BLOCK_STATUS, offset, length);
            int id = Objects.requireNonNull(connection.terms().contexts().get(context), context);
            try {
                int slot = connection.submit(Nbd.CMD_BLOCK_STATUS, 0, offset, length, NOTHING, NOTHING, 0,
                        (from, bytes, status) -> {
                    if (from == id) {
                        sink.extent(from, bytes, status);
                    }
                }, true);
                ServerErrorException error = collect(connection, slot);
                if (error != null) {
                    throw error;
                }
                return;
            } catch (ConnectionLostException e) {
                sink.restart();
                firstLoss = firstLoss == 0 ? System.nanoTime() : firstLoss;
                recover(connection, e, firstLoss, Nbd.CMD_BLOCK_STATUS, offset, length);
            }
        }
    }

    private static void run(NbdConnection connection, int command, int flags, long offset, long length, ByteBuffer buffer,
            long piece)
            throws ConnectionLostException, ServerErrorException {
        boolean reads = command == Nbd.CMD_READ;
        boolean writes = command == Nbd.CMD_WRITE;
        int start = buffer.position();
        long end = offset + length;
        long next = offset;
        int head = NbdConnection.NO_PLACE;
        int tail = NbdConnection.NO_PLACE;
        int inFlight = 0;
        ServerErrorException failed = null;
        ConnectionLostException lost = null;
        // A flush has no length; everything else ends when its last piece is sent.
        boolean more = true;
        while (more || inFlight > 0) {
            int slot = NbdConnection.NO_PLACE;
            if (more && inFlight < WINDOW) {
                // Data is cut where the server's buffers and clusters are; what has no payload into as few as can be.
                long step = length == 0 ? 0 : Math.min(end - next, reads || writes ? piece - next % piece : piece);
                int at = start + (int) (next - offset);
                if (writes) {
                    buffer.limit(at + (int) step).position(at);
                }
                try {
                    slot = connection.submit(command, flags, next, step, writes ? buffer : NOTHING, reads ? buffer : NOTHING,
                            at, ExtentSink.NONE, inFlight == 0);
                } catch (ConnectionLostException e) {
                    lost = e;
                    more = false;
                    continue;
                }
                if (slot != NbdConnection.NO_PLACE) {
                    if (tail == NbdConnection.NO_PLACE) {
                        head = slot;
                    } else {
                        connection.slot(tail).next = slot;
                    }
                    tail = slot;
                    inFlight++;
                    next += step;
                    more = next < end;
                    continue;
                }
            }
            // Every piece is waited for, whatever happens: until then the buffer is not the caller's.
            int done = head;
            head = connection.slot(done).next;
            tail = head == NbdConnection.NO_PLACE ? NbdConnection.NO_PLACE : tail;
            inFlight--;
            try {
                ServerErrorException error = collect(connection, done);
                if (error != null) {
                    failed = failed == null ? error : failed;
                    more = false;
                }
            } catch (ConnectionLostException e) {
                lost = e;
                more = false;
            }
        }
        if (failed != null) {
            throw failed;
        }
        if (lost != null) {
            throw lost;
        }
    }

    /** Waits for one reply and gives its place back; null stands for success, to keep the usual way free of objects. */
    private static ServerErrorException collect(NbdConnection connection, int slot) throws ConnectionLostException {
        try {
            Pending pending = connection.await(slot);
            if (pending.error == 0) {
                return null;
            }
            ByteRange range = new ByteRange(pending.offset, pending.length);
            long at = pending.errorOffset;
            return new ServerErrorException(NbdErrno.of(pending.error), pending.command,
                    at > range.offset() && at < range.end() ? range.from(at) : range, pending.errorMessage);
        } finally {
            connection.release(slot);
        }
    }

    // Choosing, growing, losing.

    private NbdConnection pick(int command, long offset, long length) throws BlockException {
        NbdConnection best = null;
        int least = Integer.MAX_VALUE;
        for (NbdConnection each : connections) {
            int inFlight = each.inFlight();
            if (inFlight < least && each.isUsable()) {
                best = each;
                least = inFlight;
                if (inFlight == 0) {
                    return best;
                }
            }
        }
        if (closed) {
            throw BlockException.request(Kind.IO, node, Nbd.verb(command), new ByteRange(offset, length), "the node is closed",
                    null);
        }
        if (best == null) {
            // All are lost: the newest one is as good as any to fail on, which leads to recovery.
            return connections[connections.length - 1];
        }
        grow();
        return best;
    }

    private void grow() {
        if (connections.length < mostConnections && growing.compareAndSet(false, true)) {
            Thread thread = new Thread(this::addConnection, "nbd-connect");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private void addConnection() {
        try {
            NbdConnection extra = connector.connect(SPARE_CONNECTION_TIMEOUT);
            String difference = difference(extra.terms());
            synchronized (change) {
                if (closed || !difference.isEmpty()) {
                    mostConnections = connections.length;
                    extra.close();
                    return;
                }
                NbdConnection[] more = Arrays.copyOf(connections, connections.length + 1);
                more[more.length - 1] = extra;
                // Published whole: others read the array without the lock.
                connections = more;
            }
        } catch (BlockException e) {
            // The server takes no more; what there is serves as well.
            mostConnections = connections.length;
        } finally {
            growing.set(false);
        }
    }

    /** What makes other terms unfit to go on with; empty if nothing does. */
    private String difference(ExportTerms other) {
        if (other.size() != terms.size()) {
            return "its size is now " + other.size() + ", was " + terms.size();
        }
        if (other.has(Nbd.READ_ONLY) && !terms.has(Nbd.READ_ONLY)) {
            return "it is now read-only";
        }
        if (other.minimumBlock() > terms.minimumBlock() || other.maximumPayload() < terms.maximumPayload()
                || terms.extended() && !other.extended()) {
            return "its limits are now narrower";
        }
        if (!other.contexts().keySet().containsAll(terms.contexts().keySet()) || (terms.flags() & ~other.flags()) != 0) {
            return "it can now do less";
        }
        return "";
    }

    /** Makes sure that there is a connection again, or says why not. */
    private void recover(NbdConnection lost, ConnectionLostException reason, long firstLoss, int command, long offset,
            long length)
            throws BlockException {
        String why = reason.getMessage();
        synchronized (change) {
            if (closed || reconnectNanos == 0 || reason.isNonsense()) {
                throw failed(command, offset, length, why, reason);
            }
            drop(lost);
            long wait = FIRST_RETRY.toNanos();
            while (!hasUsable()) {
                if (System.nanoTime() - firstLoss > reconnectNanos) {
                    throw failed(command, offset, length, why + ", and for " + reconnectNanos / 1_000_000_000.0
                            + " seconds it could not be made again", reason);
                }
                try {
                    NbdConnection again = connector.connect(NbdOptions.HANDSHAKE_TIMEOUT);
                    String difference = difference(again.terms());
                    if (!difference.isEmpty()) {
                        again.close();
                        throw failed(command, offset, length, why + ", and after reconnecting the export is another: "
                                + difference, reason);
                    }
                    connections = new NbdConnection[] {again};
                    return;
                } catch (BlockException e) {
                    if (e.range().isPresent() || e.kind() == Kind.REFUSED || e.kind() == Kind.INVALID_FORMAT) {
                        throw e;
                    }
                    LockSupport.parkNanos(Math.min(wait, reconnectNanos));
                    wait = Math.min(wait * 2, LONGEST_RETRY.toNanos());
                }
            }
        }
    }

    private BlockException failed(int command, long offset, long length, String why, Throwable cause) {
        return BlockException.request(Kind.IO, node, Nbd.verb(command), new ByteRange(offset, length), why, cause);
    }

    private boolean hasUsable() {
        for (NbdConnection each : connections) {
            if (each.isUsable()) {
                return true;
            }
        }
        return false;
    }

    private void drop(NbdConnection lost) {
        NbdConnection[] left = Arrays.stream(connections).filter(each -> each != lost).toArray(NbdConnection[]::new);
        // The last one stays, lost as it is, so that there is always something to fail on.
        connections = left.length == 0 ? connections : left;
    }

    private void checkProgress(long limitNanos) {
        for (NbdConnection each : connections) {
            each.checkProgress(limitNanos);
        }
    }

    @Override
    public void close() {
        watch.cancel(false);
        synchronized (change) {
            closed = true;
            for (NbdConnection each : connections) {
                each.close();
            }
        }
    }
}
