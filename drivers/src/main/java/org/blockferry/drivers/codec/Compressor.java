package org.blockferry.drivers.codec;

import java.nio.ByteBuffer;

/** Compresses one unit at a time, each by itself. Owned by one thread at a time; holds native memory. */
public interface Compressor extends AutoCloseable {

    /**
     * Compresses {@code from}, position to limit, into {@code into}, from its position on.
     *
     * @param from direct; its position afterwards is unspecified
     * @param into direct; after a success its position is behind what was made, else unspecified
     * @return bytes made; 0 if {@code into.remaining()} are too few
     */
    int compress(ByteBuffer from, ByteBuffer into);

    /** Frees native memory. A second call does nothing. */
    @Override
    void close();
}
