package org.blockferry.engine.block;

import java.nio.ByteBuffer;

/**
 * A source with {@link Trait#STREAM}: its bytes come in order, once, and its {@linkplain NodeInfo#length length} is unknown
 * until they have ended. One thread reads it, with {@link #readNext}; {@link #read} serves bytes that were kept for probing, if
 * any.
 */
public interface StreamSource extends BlockSource {

    /**
     * Reads the next bytes into {@code into}, from its position on, and moves the position behind them. Waits until there is at
     * least one.
     *
     * @param into has room for at least one byte
     * @return bytes read, at least 1; or -1 at the end of the stream, and at every call after it
     * @throws BlockException if the stream broke; it is not usable after that
     */
    int readNext(ByteBuffer into) throws BlockException;

    /**
     * Lets {@link #readNext} tell the end of the stream from now on, also where it waits for the next byte: nobody wants any
     * more. For any thread. A stream that never waits may go on.
     */
    default void endEarly() {
    }
}
