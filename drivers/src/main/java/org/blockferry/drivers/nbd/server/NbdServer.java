package org.blockferry.drivers.nbd.server;

import java.io.IOException;
import java.net.BindException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.blockferry.drivers.nbd.wire.PlainWire;
import org.blockferry.drivers.nbd.wire.Wire;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.util.PrivateSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves disks over NBD until it is closed. Starting it binds the address; from then on clients of any behaviour come and go,
 * each with its own threads. {@link #close} stops accepting, lets what is in flight finish, flushes every writable disk and
 * removes the socket.
 *
 * <p>Clients that connect and say nothing do not keep others out: when too many are in their handshake, the one that has been
 * at it longest is dropped.
 */
public final class NbdServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);
    private static final int BACKLOG = 128;
    private static final int MAX_HANDSHAKES = 64;
    /** Workers beyond the first of each connection, for all connections together: 16 MiB of buffers. */
    private static final int SPARE_WORKERS = 64;

    private final NbdServerOptions options;
    private final Map<String, ExportAccess> exports;
    private final ServerSocketChannel listener;
    private final SocketAddress address;
    private final ExecutorService workers;
    private final ScheduledExecutorService timer;
    private final ConcurrentLinkedQueue<ByteBuffer> buffers = new ConcurrentLinkedQueue<>();
    private final AtomicInteger served = new AtomicInteger();
    private final Semaphore spareWorkers = new Semaphore(SPARE_WORKERS);

    /** Guards the three below; a change wakes who waits for it. */
    private final Object state = new Object();
    /** In the order in which they came. */
    private final Set<Connection> handshaking = new LinkedHashSet<>();
    private final Set<Connection> transmitting = new LinkedHashSet<>();
    private boolean stopping;
    private boolean closed;

    private NbdServer(NbdServerOptions options, Map<String, ExportAccess> exports, ServerSocketChannel listener,
            SocketAddress address) {
        this.options = options;
        this.exports = exports;
        this.listener = listener;
        this.address = address;
        AtomicInteger number = new AtomicInteger();
        workers = Executors.newCachedThreadPool(task -> daemon(task, "nbd-server-worker-" + number.incrementAndGet()));
        timer = Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "nbd-server-timer"));
        timer.scheduleWithFixedDelay(this::dropWhoIsLate, 250, 250, TimeUnit.MILLISECONDS);
        daemon(this::accept, "nbd-server-accept").start();
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Begins to listen.
     *
     * @param disks each with another name; they stay their owner's
     * @throws BlockException IN_USE if the address is taken; ACCESS_DENIED or IO if it cannot be bound
     */
    public static NbdServer start(NbdServerOptions options, List<ServedExport> disks) throws BlockException {
        Map<String, ExportAccess> exports = new LinkedHashMap<>();
        for (ServedExport disk : disks) {
            if (exports.put(disk.name(), new ExportAccess(disk)) != null) {
                throw new IllegalArgumentException("two exports are called '" + disk.name() + "'");
            }
        }
        String name = options.address().toString();
        ServerSocketChannel listener = null;
        try {
            if (options.address() instanceof UnixDomainSocketAddress unix) {
                listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                PrivateSocket.bind(listener, unix.getPath(), BACKLOG);
            } else {
                listener = ServerSocketChannel.open();
                listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                listener.bind(options.address(), BACKLOG);
            }
            return new NbdServer(options, exports, listener,
                    options.address() instanceof UnixDomainSocketAddress ? options.address() : listener.getLocalAddress());
        } catch (IOException | UnsupportedOperationException e) {
            BlockException failure = BlockException.of(e instanceof BindException ? Kind.IN_USE : Kind.IO, name,
                    "cannot listen: " + e.getMessage(), e);
            closeQuietly(listener, failure);
            throw failure;
        }
    }

    private static void closeQuietly(ServerSocketChannel listener, Exception into) {
        if (listener != null) {
            try {
                listener.close();
            } catch (IOException e) {
                into.addSuppressed(e);
            }
        }
    }

    /** Where the server listens; tells the port when the system chose it. */
    public SocketAddress address() {
        return address;
    }

    /** Connections in transmission now. */
    public int connections() {
        synchronized (state) {
            return transmitting.size();
        }
    }

    /** Connections that have reached transmission since the start. */
    public int served() {
        return served.get();
    }

    /** Waits until {@link #served} is not 0 and no connection is left: for a server that ends with its last client. */
    public void awaitLastClient() throws InterruptedException {
        synchronized (state) {
            while (!closed && (served.get() == 0 || !transmitting.isEmpty())) {
                state.wait();
            }
        }
    }

    // Accepting.

    private void accept() {
        while (true) {
            try {
                SocketChannel channel = listener.accept();
                Connection connection = new Connection(channel);
                List<Connection> dropped = new ArrayList<>();
                synchronized (state) {
                    if (stopping) {
                        dropped.add(connection);
                    } else {
                        handshaking.add(connection);
                        Iterator<Connection> oldest = handshaking.iterator();
                        for (int over = handshaking.size() - MAX_HANDSHAKES; over > 0; over--) {
                            dropped.add(oldest.next());
                            oldest.remove();
                        }
                    }
                }
                dropped.forEach(Connection::abort);
                if (!dropped.contains(connection)) {
                    workers.execute(connection::run);
                }
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException | RuntimeException | OutOfMemoryError e) {
                // Out of descriptors or threads, a client that reset at once: the next one may fare better.
                LOG.warn("{}: accepting a client failed: {}", address, e.toString());
                pause();
            }
        }
    }

    private void pause() {
        synchronized (state) {
            try {
                state.wait(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void dropWhoIsLate() {
        long now = System.nanoTime();
        List<Connection> late = new ArrayList<>();
        synchronized (state) {
            for (Connection each : handshaking) {
                if (now - each.since > options.handshakeTimeout().toNanos()) {
                    late.add(each);
                }
            }
            long stall = options.stallTimeout().toNanos();
            for (Connection each : transmitting) {
                Session session = each.session;
                boolean slowToEnd = each.endingSince != 0 && now - each.endingSince > options.handshakeTimeout().toNanos();
                if (slowToEnd || stall > 0 && session != null && session.isStalled(now, stall)) {
                    late.add(each);
                }
            }
        }
        late.forEach(Connection::abort);
    }

    private ByteBuffer takeBuffer() {
        ByteBuffer free = buffers.poll();
        return free == null ? ByteBuffer.allocateDirect(NbdServerOptions.BUFFER_BYTES) : free;
    }

    /** One client, from accept to close. */
    private final class Connection {
        private final SocketChannel channel;
        private final long since = System.nanoTime();
        private volatile Wire wire;
        private volatile Session session;
        /** When the goodbye began, which a client that takes no bytes could hold up; 0: not yet. */
        private volatile long endingSince;

        Connection(SocketChannel channel) {
            this.channel = channel;
        }

        void run() {
            try {
                wire = new PlainWire(channel);
                ServerHandshake handshake = new ServerHandshake(wire, exports, options, this::enter);
                Optional<Terms> terms = handshake.run();
                wire = handshake.wire();
                if (terms.isEmpty()) {
                    finish();
                    return;
                }
                served.incrementAndGet();
                session = new Session(wire, terms.get(), options.requestsPerConnection(), this::addWorker);
                work();
            } catch (IOException | RuntimeException e) {
                LOG.debug("{}: a handshake failed: {}", address, e.toString());
                finish();
            }
        }

        private boolean enter() {
            synchronized (state) {
                if (stopping || transmitting.size() >= options.maxConnections() || !handshaking.remove(this)) {
                    return false;
                }
                transmitting.add(this);
                return true;
            }
        }

        /** Every connection has one worker; the others are shared out as long as there are any. */
        private boolean addWorker() {
            if (!spareWorkers.tryAcquire()) {
                return false;
            }
            try {
                workers.execute(() -> {
                    try {
                        work();
                    } finally {
                        spareWorkers.release();
                    }
                });
                return true;
            } catch (RejectedExecutionException | OutOfMemoryError e) {
                // The server stops, or the system has no more threads.
                spareWorkers.release();
                return false;
            }
        }

        private void work() {
            ByteBuffer buffer = takeBuffer();
            boolean last;
            try {
                last = session.work(buffer);
            } finally {
                buffers.add(buffer);
            }
            if (last) {
                finish();
            }
        }

        private void finish() {
            endingSince = System.nanoTime() | 1;
            try {
                wire.close();
            } catch (IOException e) {
                abort();
            }
            synchronized (state) {
                handshaking.remove(this);
                transmitting.remove(this);
                state.notifyAll();
            }
        }

        /** Makes a client that only reads or is silent end by itself: what it has asked is still answered. */
        void endInput() {
            try {
                channel.shutdownInput();
            } catch (IOException e) {
                abort();
            }
        }

        void abort() {
            try {
                channel.close();
            } catch (IOException e) {
                LOG.debug("{}: closing a connection failed: {}", address, e.toString());
            }
        }
    }

    // Stopping.

    /**
     * Stops accepting, lets what is in flight finish (for the stop timeout; then it cuts), flushes every writable disk, and
     * removes the socket. A second call does nothing.
     *
     * @throws BlockException if a flush fails: what clients were told to be written may not be durable
     */
    @Override
    public void close() throws BlockException {
        List<Connection> silent;
        List<Connection> busy;
        synchronized (state) {
            if (closed || stopping) {
                return;
            }
            stopping = true;
            silent = List.copyOf(handshaking);
            busy = List.copyOf(transmitting);
        }
        BlockException failure = null;
        try {
            listener.close();
            if (address instanceof UnixDomainSocketAddress unix) {
                Files.deleteIfExists(unix.getPath());
            }
        } catch (IOException e) {
            failure = BlockException.of(Kind.IO, address.toString(), "cannot stop listening: " + e.getMessage(), e);
        }
        silent.forEach(Connection::abort);
        busy.forEach(Connection::endInput);
        if (!awaitNone(options.stopTimeout().toNanos())) {
            busy.forEach(Connection::abort);
            awaitNone(options.stopTimeout().toNanos());
        }
        timer.shutdownNow();
        workers.shutdown();
        buffers.clear();
        for (ExportAccess each : exports.values()) {
            try {
                each.flush();
            } catch (BlockException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        synchronized (state) {
            closed = true;
            state.notifyAll();
        }
        if (failure != null) {
            throw failure;
        }
    }

    private boolean awaitNone(long nanos) {
        long deadline = System.nanoTime() + nanos;
        synchronized (state) {
            while (!transmitting.isEmpty() || !handshaking.isEmpty()) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                try {
                    TimeUnit.NANOSECONDS.timedWait(state, left);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
            return true;
        }
    }
}
