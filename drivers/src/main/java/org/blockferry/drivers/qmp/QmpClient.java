package org.blockferry.drivers.qmp;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/**
 * A QMP session with one QEMU, over a Unix socket: JSON objects, one a line (docs/interop/qmp-spec). Commands of many threads
 * may be under way; replies are told apart by their ids. A thread of its own reads, and hands events to the listeners.
 *
 * <p>No call waits for ever: a QEMU that dies fails all that wait, and one that does not answer fails each within its time
 * limit. Thread-safe.
 */
public final class QmpClient implements AutoCloseable {
    /** Exporting or stopping waits for the guest's requests in flight, which a slow disk may hold for long. */
    static final Duration COMMAND_LIMIT = Duration.ofSeconds(60);
    private static final Duration GREETING_LIMIT = Duration.ofSeconds(15);
    /** QEMU describes hundreds of block nodes in fewer; bounds the memory that it can make us use. */
    private static final int MOST_LINE_BYTES = 8 << 20;
    private static final int READ_BYTES = 16 << 10;

    private final String name;
    private final SocketChannel channel;
    private final CompletableFuture<QmpValue> greeting = new CompletableFuture<>();
    private final Map<Long, CompletableFuture<QmpValue>> waiting = new HashMap<>();
    private final List<Consumer<QmpEvent>> listeners = new CopyOnWriteArrayList<>();
    private final List<Consumer<BlockException>> lossListeners = new CopyOnWriteArrayList<>();
    private final Object sending = new Object();
    private long nextId;
    private BlockException lost;

    private QmpClient(String name, SocketChannel channel) {
        this.name = name;
        this.channel = channel;
    }

    /**
     * Connects and agrees on capabilities.
     *
     * @throws BlockException NOT_FOUND if nobody listens there; IO if what listens does not speak QMP, or speaks with another
     */
    public static QmpClient connect(Path socket) throws BlockException {
        return connect(socket, GREETING_LIMIT);
    }

    /** As {@link #connect(Path)}, waiting so long for the greeting. */
    static QmpClient connect(Path socket, Duration limit) throws BlockException {
        String name = QmpReply.printable(socket.toString());
        SocketChannel channel;
        try {
            UnixDomainSocketAddress address = UnixDomainSocketAddress.of(socket);
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(address);
            } catch (IOException | RuntimeException | Error e) {
                channel.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            throw BlockException.of(Kind.NOT_FOUND, name, "No such file or directory", e);
        } catch (IOException | RuntimeException e) {
            throw Files.exists(socket) ? BlockException.of(Kind.NOT_FOUND, name, "no QMP monitor listens: " + reason(e), e)
                    : BlockException.of(Kind.NOT_FOUND, name, "No such file or directory", e);
        }
        QmpClient client = new QmpClient(name, channel);
        try {
            Thread reader = new Thread(client::readAll, "qmp-reader");
            reader.setDaemon(true);
            reader.start();
            client.await(client.greeting, "the greeting", limit,
                    "; a monitor has one client at a time: is another connected?");
            client.execute("qmp_capabilities", Map.of());
            return client;
        } catch (BlockException | RuntimeException | Error e) {
            client.close();
            throw e;
        }
    }

    /** The socket, as messages name it. */
    String name() {
        return name;
    }

    /** Adds somebody who is told of each event, in the reader's thread: it must not wait for replies. */
    void onEvent(Consumer<QmpEvent> listener) {
        listeners.add(listener);
    }

    /** Adds somebody who is told, once, that the connection is gone without our having closed it. */
    void onLoss(Consumer<BlockException> listener) {
        BlockException already;
        synchronized (waiting) {
            already = lost;
            if (already == null) {
                lossListeners.add(listener);
            }
        }
        if (already != null) {
            listener.accept(already);
        }
    }

    /**
     * Runs a command.
     *
     * @return what it returned
     * @throws BlockException what QEMU answered: UNSUPPORTED if it does not know the command, NOT_FOUND for a node that is not
     *     there, REFUSED otherwise; IO if it does not answer
     */
    public QmpValue execute(String command, Map<String, Object> arguments) throws BlockException {
        QmpReply reply = call(command, arguments);
        if (reply.isError()) {
            throw failure(command, reply);
        }
        return reply.value();
    }

    /** @throws BlockException if QEMU is gone */
    void requireAlive() throws BlockException {
        requireAlive("");
    }

    private void requireAlive(String what) throws BlockException {
        synchronized (waiting) {
            if (lost != null) {
                // A new one for each: who collects failures suppresses one in another.
                throw BlockException.of(lost.kind(), name, what + lost.getMessage().substring(name.length() + 2), lost);
            }
        }
    }

    /** A command's error as an exception. */
    BlockException failure(String command, QmpReply reply) {
        Kind kind = reply.isUnknownCommand() ? Kind.UNSUPPORTED
                : reply.errorClass().equals("DeviceNotFound") ? Kind.NOT_FOUND : Kind.REFUSED;
        return BlockException.of(kind, name, command + ": " + reply.error());
    }

    /**
     * Runs a command whose failure means something.
     *
     * @throws BlockException IO if QEMU does not answer
     */
    QmpReply call(String command, Map<String, Object> arguments) throws BlockException {
        CompletableFuture<QmpValue> reply = new CompletableFuture<>();
        long id;
        synchronized (waiting) {
            requireAlive(command + ": ");
            id = nextId++;
            waiting.put(id, reply);
        }
        try {
            Map<String, Object> message = new LinkedHashMap<>();
            message.put("execute", command);
            if (!arguments.isEmpty()) {
                message.put("arguments", arguments);
            }
            message.put("id", id);
            send(command, Json.line(message));
            return QmpReply.of(await(reply, command, COMMAND_LIMIT, ""));
        } finally {
            synchronized (waiting) {
                waiting.remove(id);
            }
        }
    }

    private void send(String command, byte[] line) throws BlockException {
        ByteBuffer bytes = ByteBuffer.allocate(line.length + 1).put(line).put((byte) '\n').flip();
        synchronized (sending) {
            try {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            } catch (IOException e) {
                lose(BlockException.of(Kind.IO, name, "QEMU has closed the connection: " + reason(e), e));
                throw BlockException.of(Kind.IO, name, command + ": QEMU has closed the connection: " + reason(e), e);
            }
        }
    }

    private QmpValue await(CompletableFuture<QmpValue> reply, String what, Duration limit, String hint)
            throws BlockException {
        try {
            return reply.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            BlockException failure = (BlockException) e.getCause();
            String why = failure.getMessage().substring(name.length() + 2);
            throw BlockException.of(failure.kind(), name, what + ": " + why, failure);
        } catch (TimeoutException e) {
            throw BlockException.of(Kind.IO, name, what + ": no answer within " + limit.toMillis() / 1000.0 + " s" + hint, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw BlockException.of(Kind.IO, name, what + ": interrupted", e);
        }
    }

    private void readAll() {
        byte[] line = new byte[READ_BYTES];
        int length = 0;
        ByteBuffer bytes = ByteBuffer.allocate(READ_BYTES);
        try {
            while (channel.read(bytes.clear()) >= 0) {
                bytes.flip();
                while (bytes.hasRemaining()) {
                    byte next = bytes.get();
                    if (next == '\n') {
                        take(line, length);
                        length = 0;
                        continue;
                    }
                    if (length == line.length) {
                        if (length >= MOST_LINE_BYTES) {
                            throw new IOException("a line has more than " + MOST_LINE_BYTES + " bytes");
                        }
                        line = Arrays.copyOf(line, length * 2);
                    }
                    line[length++] = next;
                }
                if (length == 0 && line.length > READ_BYTES) {
                    line = new byte[READ_BYTES];
                }
            }
            lose(BlockException.of(Kind.IO, name, "QEMU has closed the connection"));
        } catch (ClosedChannelException e) {
            lose(BlockException.of(Kind.IO, name, "the session is closed", e));
        } catch (IOException e) {
            lose(BlockException.of(Kind.IO, name, "the connection to QEMU is lost: " + QmpReply.printable(reason(e)), e));
        } catch (RuntimeException | Error e) {
            lose(BlockException.of(Kind.IO, name, "the connection to QEMU is lost: " + e, e));
        }
    }

    private void take(byte[] line, int length) throws IOException {
        if (length == 0 || length == 1 && line[0] == '\r') {
            return;
        }
        QmpValue message;
        try {
            message = new QmpValue(Json.parse(line, length));
        } catch (IOException e) {
            throw new IOException("what it says is not QMP", e);
        }
        if (message.has("QMP")) {
            greeting.complete(message.get("QMP"));
        } else if (message.text("event").isPresent()) {
            QmpEvent event = new QmpEvent(message.text("event").get(), message.get("data"));
            listeners.forEach(listener -> listener.accept(event));
        } else if (message.number("id").isPresent()) {
            CompletableFuture<QmpValue> reply;
            synchronized (waiting) {
                reply = waiting.get(message.number("id").get());
            }
            if (reply != null) {
                reply.complete(message);
            }
        }
    }

    /** Fails all that wait and all that will come. */
    private void lose(BlockException failure) {
        List<CompletableFuture<QmpValue>> all;
        List<Consumer<BlockException>> told;
        synchronized (waiting) {
            if (lost != null) {
                return;
            }
            lost = failure;
            all = List.copyOf(waiting.values());
            told = List.copyOf(lossListeners);
        }
        greeting.completeExceptionally(failure);
        all.forEach(reply -> reply.completeExceptionally(failure));
        told.forEach(listener -> listener.accept(failure));
    }

    /** Ends the session; QEMU goes on. */
    @Override
    public void close() {
        synchronized (waiting) {
            lossListeners.clear();
        }
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing was promised about it.
            return;
        } finally {
            lose(BlockException.of(Kind.IO, name, "the session is closed"));
        }
    }

    private static String reason(Throwable failure) {
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }
}
