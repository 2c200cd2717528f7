package org.blockferry.drivers.codec;

import java.nio.ByteBuffer;

/** Decompresses one unit at a time into a buffer of known size. Owned by one thread at a time; holds native memory. */
public interface Decompressor extends AutoCloseable {

    /**
     * Fills {@code into}, position to limit, with the first bytes that the stream in {@code from} yields.
     *
     * <p>The stream begins at {@code from.position()} and may be followed by anything up to its limit. Never more than {@code
     * into.remaining()} bytes are produced, whatever the stream says, and no memory is taken in proportion to what it says.
     *
     * @param from direct; its position afterwards is unspecified
     * @param into direct; its position afterwards is its limit if the result is {@code true}, else unspecified
     * @return {@code false} if the stream is damaged or yields less; the content of {@code into} is then unspecified
     */
    boolean decompress(ByteBuffer from, ByteBuffer into);

    /** Bytes of the stream that the last call took, if it was a success; 0 if the stream goes on or its end is not known. */
    int consumed();

    /** Frees native memory. A second call does nothing. */
    @Override
    void close();
}
