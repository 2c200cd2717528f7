package org.blockferry.drivers.nbd.wire;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A blocking, full-duplex byte stream to the other end. One thread at a time reads and one at a time writes; the two may be
 * different threads. {@link #close} comes from any thread and makes both return with an exception.
 */
public interface Wire extends Closeable {

    /**
     * Reads at least one byte.
     *
     * @return bytes read, or -1 when the other end has closed the stream
     */
    int read(ByteBuffer into) throws IOException;

    /** Writes both buffers whole, in one system call where that is possible. Either may be empty. */
    void write(ByteBuffer head, ByteBuffer payload) throws IOException;

    /** Makes a blocked or later {@link #read} say that the stream has ended; writing still works. */
    void shutdownInput() throws IOException;

    /** Says goodbye as far as the stream knows how, then closes it. */
    @Override
    void close() throws IOException;

    /** Closes the stream at once, without a word that could block. */
    void abort();

    /** Whether the bytes are encrypted. */
    boolean isEncrypted();

    /**
     * Reads until {@code into} is full.
     *
     * @throws EOFException if the stream ends before
     */
    default void readFully(ByteBuffer into) throws IOException {
        while (into.hasRemaining()) {
            if (read(into) < 0) {
                throw new EOFException("the connection was closed by the other end");
            }
        }
    }
}
