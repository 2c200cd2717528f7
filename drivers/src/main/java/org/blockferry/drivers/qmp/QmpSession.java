package org.blockferry.drivers.qmp;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/** One client of a {@link QmpServer}: one thread reads and carries out, another writes what is in a bounded queue. */
final class QmpSession implements AutoCloseable {
    private static final int MOST_LINE_BYTES = 64 << 10;
    private static final int MOST_QUEUED = 1000;
    private static final long FINISH_MILLIS = 2000;
    private static final byte[] END = new byte[0];

    private final SocketChannel channel;
    private final QmpServer.Handler handler;
    private final Consumer<QmpSession> whenOver;
    private final BlockingQueue<byte[]> toSay = new ArrayBlockingQueue<>(MOST_QUEUED);
    private final Thread writer = daemon(this::write, "qmp-server-writer");
    /** Held from when a command is carried out until its answer is queued: the command may be what ends the server. */
    private final ReentrantLock answering = new ReentrantLock();
    private volatile boolean negotiated;

    QmpSession(SocketChannel channel, QmpServer.Handler handler, Consumer<QmpSession> whenOver) {
        this.channel = channel;
        this.handler = handler;
        this.whenOver = whenOver;
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    void start() {
        Map<String, Object> version = Map.of("qemu", Map.of("major", 0, "minor", 1, "micro", 0), "package", "blockferry");
        say(Json.line(Map.of("QMP", Map.of("version", version, "capabilities", List.of()))));
        writer.start();
        daemon(this::read, "qmp-server-reader").start();
    }

    /** Nobody is told of events before the session has begun; a client that reads none is dropped. */
    void event(byte[] line) {
        if (negotiated) {
            say(line);
        }
    }

    private void say(byte[] line) {
        if (!toSay.offer(line)) {
            close();
        }
    }

    private void read() {
        // Closed with the channel, when the writer has said what is to be said.
        InputStream in = new BufferedInputStream(Channels.newInputStream(channel));
        try {
            byte[] line = new byte[256];
            int length = 0;
            for (int next = in.read(); next >= 0; next = in.read()) {
                if (next != '\n') {
                    if (length == MOST_LINE_BYTES) {
                        say(error(QmpRefusal.of("a command has more than " + MOST_LINE_BYTES + " bytes"), QmpValue.NOTHING));
                        break;
                    }
                    line = length == line.length ? Arrays.copyOf(line, length * 2) : line;
                    line[length++] = (byte) next;
                    continue;
                }
                if (!isBlank(line, length)) {
                    answering.lock();
                    try {
                        say(answer(line, length));
                    } finally {
                        answering.unlock();
                    }
                }
                length = 0;
            }
        } catch (IOException e) {
            // The client is gone, or was dropped.
            return;
        } finally {
            finish();
        }
    }

    private static boolean isBlank(byte[] line, int length) {
        for (int i = 0; i < length; i++) {
            if (line[i] > ' ') {
                return false;
            }
        }
        return true;
    }

    private byte[] answer(byte[] line, int length) {
        QmpValue message;
        try {
            message = new QmpValue(Json.parse(line, length));
        } catch (IOException e) {
            return error(QmpRefusal.of("JSON parse error, expecting an object on a line"), QmpValue.NOTHING);
        }
        try {
            Map<String, Object> reply = new LinkedHashMap<>();
            reply.put("return", execute(message));
            return Json.line(withId(reply, message));
        } catch (QmpRefusal e) {
            return error(e, message);
        } catch (RuntimeException e) {
            return error(QmpRefusal.of("internal error: " + e), message);
        }
    }

    private Object execute(QmpValue message) throws QmpRefusal {
        String command = message.text("execute").orElseThrow(() -> QmpRefusal.of("QMP input lacks member 'execute'"));
        if (command.equals("qmp_capabilities")) {
            negotiated = true;
            return Map.of();
        }
        if (!negotiated) {
            throw QmpRefusal.expectsNegotiation();
        }
        return handler.execute(command, message.get("arguments"));
    }

    private static byte[] error(QmpRefusal refusal, QmpValue message) {
        Map<String, Object> reply = new LinkedHashMap<>();
        reply.put("error", Map.of("class", refusal.errorClass(), "desc", refusal.getMessage()));
        return Json.line(withId(reply, message));
    }

    private static Map<String, Object> withId(Map<String, Object> reply, QmpValue message) {
        if (message.has("id")) {
            reply.put("id", message.get("id").tree());
        }
        return reply;
    }

    private void write() {
        try {
            for (byte[] line = toSay.take(); line != END; line = toSay.take()) {
                ByteBuffer bytes = ByteBuffer.allocate(line.length + 2).put(line).put((byte) '\r').put((byte) '\n').flip();
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
        } catch (IOException e) {
            // The client is gone.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            close();
        }
    }

    /** Writes what is to be said, the answer to a command that is being carried out too, if the client reads it within a moment. */
    void finish() {
        try {
            if (answering.tryLock(FINISH_MILLIS, TimeUnit.MILLISECONDS)) {
                answering.unlock();
            }
            if (toSay.offer(END) && Thread.currentThread() != writer) {
                writer.join(FINISH_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        close();
    }

    @Override
    public void close() {
        whenOver.accept(this);
        try {
            channel.close();
        } catch (IOException e) {
            // It is of no more use in any case.
            return;
        }
    }
}
