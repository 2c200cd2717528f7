package org.blockferry.drivers.nbd.wire;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLSession;

/**
 * Encrypted bytes over another wire, by the JDK's {@link SSLEngine}. Reading unwraps and writing wraps, each with its own
 * buffers, so that the two directions do not wait for each other; what the reader must send in between (alerts, key updates)
 * goes through the writer's lock.
 */
public final class TlsWire implements Wire {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Wire below;
    private final SSLEngine engine;
    private final ReentrantLock sending = new ReentrantLock();
    private final ByteBuffer netOut;
    /** Encrypted bytes that were received; always ready to be drained. Owned by the reading thread. */
    private ByteBuffer netIn;
    /** Plain bytes that a caller had no room for; always ready to be drained. Owned by the reading thread. */
    private ByteBuffer plain;

    private TlsWire(Wire below, SSLEngine engine) {
        this.below = below;
        this.engine = engine;
        SSLSession session = engine.getSession();
        netOut = ByteBuffer.allocateDirect(session.getPacketBufferSize());
        netIn = ByteBuffer.allocateDirect(2 * session.getPacketBufferSize()).limit(0);
        plain = ByteBuffer.allocateDirect(session.getApplicationBufferSize()).limit(0);
    }

    /**
     * Runs the TLS handshake over {@code below}, whose owner the result becomes. Nothing may have been read ahead from it.
     *
     * @throws IOException if the two ends do not agree or a certificate is not accepted; {@code below} is unusable then
     */
    public static TlsWire handshake(Wire below, SSLEngine engine) throws IOException {
        TlsWire wire = new TlsWire(below, engine);
        engine.beginHandshake();
        wire.shakeHands();
        return wire;
    }

    private void shakeHands() throws IOException {
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_WRAP -> wrapAndSend(NOTHING);
                case NEED_TASK -> runTasks();
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    if (unwrap(plain.hasRemaining() ? NOTHING : plain.clear(), true) < 0) {
                        throw new EOFException("the other end closed the connection during the TLS handshake");
                    }
                }
                case FINISHED, NOT_HANDSHAKING -> {
                    return;
                }
                default -> throw new IOException("TLS handshake in the state " + engine.getHandshakeStatus());
            }
        }
    }

    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        while (true) {
            if (plain.hasRemaining()) {
                int count = Math.min(plain.remaining(), into.remaining());
                into.put(into.position(), plain, plain.position(), count);
                into.position(into.position() + count);
                plain.position(plain.position() + count);
                return count;
            }
            if (into.remaining() >= plain.capacity()) {
                int before = into.position();
                if (unwrap(into, false) < 0) {
                    return -1;
                }
                if (into.position() > before) {
                    return into.position() - before;
                }
            } else if (unwrap(plain.clear(), true) < 0) {
                return -1;
            }
        }
    }

    /**
     * Unwraps one record.
     *
     * @param toPlain whether {@code into} is {@link #plain}, which is left ready to be drained
     * @return -1 at the end of the stream
     */
    private int unwrap(ByteBuffer into, boolean toPlain) throws IOException {
        try {
            while (true) {
                SSLEngineResult result = engine.unwrap(netIn, into);
                if (result.getStatus() == Status.BUFFER_UNDERFLOW) {
                    netIn.compact();
                    int read;
                    try {
                        read = below.read(netIn);
                    } finally {
                        netIn.flip();
                    }
                    if (read < 0) {
                        return -1;
                    }
                    continue;
                }
                if (result.getStatus() == Status.BUFFER_OVERFLOW) {
                    throw new IOException("a TLS record is larger than the session allows");
                }
                if (result.getStatus() == Status.CLOSED) {
                    return -1;
                }
                afterHandshakeStep(result.getHandshakeStatus());
                return 0;
            }
        } finally {
            if (toPlain && into == plain) {
                plain.flip();
            }
        }
    }

    /** Does what a record that was received after the handshake asks for. */
    private void afterHandshakeStep(HandshakeStatus status) throws IOException {
        if (status == HandshakeStatus.NEED_TASK) {
            runTasks();
        }
        if (status == HandshakeStatus.NEED_WRAP) {
            wrapAndSend(NOTHING);
        }
    }

    @Override
    public void write(ByteBuffer head, ByteBuffer payload) throws IOException {
        sending.lock();
        try {
            // The head travels in a record of its own: 29 bytes more on the wire, no copy of the payload.
            while (head.hasRemaining()) {
                wrapAndSend(head);
            }
            while (payload.hasRemaining()) {
                wrapAndSend(payload);
            }
        } finally {
            sending.unlock();
        }
    }

    private void wrapAndSend(ByteBuffer from) throws IOException {
        sending.lock();
        try {
            netOut.clear();
            SSLEngineResult result = engine.wrap(from, netOut);
            if (result.getStatus() == Status.CLOSED && result.bytesProduced() == 0) {
                throw new IOException("the TLS session is closed");
            }
            netOut.flip();
            below.write(netOut, NOTHING);
        } finally {
            sending.unlock();
        }
    }

    @Override
    public void shutdownInput() throws IOException {
        below.shutdownInput();
    }

    /** Sends close_notify unless somebody is just writing, then closes what is below. */
    @Override
    public void close() throws IOException {
        if (sending.tryLock()) {
            try {
                engine.closeOutbound();
                netOut.clear();
                engine.wrap(NOTHING, netOut);
                netOut.flip();
                below.write(netOut, NOTHING);
            } catch (IOException e) {
                // The other end is gone already; there is nobody left to tell.
                netOut.clear();
            } finally {
                sending.unlock();
            }
        }
        below.close();
    }

    @Override
    public void abort() {
        below.abort();
    }

    @Override
    public boolean isEncrypted() {
        return true;
    }
}
