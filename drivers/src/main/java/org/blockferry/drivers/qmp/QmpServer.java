package org.blockferry.drivers.qmp;

import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.util.PrivateSocket;

/**
 * Speaks QMP to whoever connects to a Unix socket, which only this user can open: greeting, {@code qmp_capabilities}, commands,
 * events. A client that does not read is dropped before it holds anybody up. Thread-safe.
 */
public final class QmpServer implements AutoCloseable {
    private static final int BACKLOG = 8;
    private static final int MOST_SESSIONS = 16;

    /** Carries out commands, in the threads of sessions, several at a time. */
    @FunctionalInterface
    public interface Handler {
        /** @return a tree of maps, lists, strings, numbers and booleans */
        Object execute(String command, QmpValue arguments) throws QmpRefusal;
    }

    private final Path socket;
    private final ServerSocketChannel listener;
    private final Handler handler;
    private final Set<QmpSession> sessions = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private QmpServer(Path socket, ServerSocketChannel listener, Handler handler) {
        this.socket = socket;
        this.listener = listener;
        this.handler = handler;
        Thread thread = new Thread(this::accept, "qmp-server");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Begins to listen.
     *
     * @throws BlockException IN_USE if somebody listens there or what stands there is no socket; IO if it cannot be made
     */
    public static QmpServer start(Path socket, Handler handler) throws BlockException {
        ServerSocketChannel listener = null;
        try {
            listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            PrivateSocket.bind(listener, socket, BACKLOG);
            return new QmpServer(socket, listener, handler);
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            BlockException failure = BlockException.of(e instanceof BindException ? Kind.IN_USE : Kind.IO,
                    QmpReply.printable(socket.toString()), "cannot listen: " + QmpReply.printable(e.getMessage()), e);
            if (listener != null) {
                try {
                    listener.close();
                } catch (IOException alsoFailed) {
                    failure.addSuppressed(alsoFailed);
                }
            }
            throw failure;
        }
    }

    private void accept() {
        while (!closed) {
            SocketChannel client;
            try {
                client = listener.accept();
            } catch (IOException e) {
                // Closed; or a client that was gone again at once, and then the next one is waited for.
                continue;
            }
            QmpSession session = new QmpSession(client, handler, sessions::remove);
            if (closed || sessions.size() >= MOST_SESSIONS) {
                session.close();
                continue;
            }
            sessions.add(session);
            session.start();
        }
    }

    /** Tells all clients of an event. Does not wait for them. */
    public void event(String name, Map<String, Object> data) {
        Instant now = Instant.now();
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("timestamp", Map.of("seconds", now.getEpochSecond(), "microseconds", now.getNano() / 1000));
        message.put("event", name);
        message.put("data", data);
        byte[] line = Json.line(message);
        sessions.forEach(session -> session.event(line));
    }

    /** Lets what was said reach its readers, within a moment, ends all sessions and removes the socket. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            listener.close();
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            // A socket without a listener is all that is left then; the next server removes it.
            return;
        } finally {
            sessions.forEach(QmpSession::finish);
        }
    }
}
