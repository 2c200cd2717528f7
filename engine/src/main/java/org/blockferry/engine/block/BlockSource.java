package org.blockferry.engine.block;

import java.nio.ByteBuffer;
import java.util.OptionalLong;

/** A disk that can be read. Any byte range may be asked for; {@link BlockLimits} say which ones are cheap. */
public interface BlockSource extends BlockNode {

    /**
     * Returns the status of the first run in {@code range}.
     *
     * <p>The run starts at {@code range.offset()}, is never empty, may end before or after the range, but never past the
     * node's length, and is as long as the node can tell cheaply. Callers clip, and ask in ranges as large as they can use.
     *
     * @param range bytes of the node, within {@code [0, length)}, not empty
     * @throws BlockException CORRUPT_IMAGE if metadata has reserved bits set or points past the file; IO if it cannot be read
     */
    BlockStatus status(ByteRange range) throws BlockException;

    /**
     * Fills {@code into} from its position to its limit with the bytes from {@code offset} on.
     *
     * <p>On return the position is the limit. After an exception the buffer's content and position are unspecified. What a
     * layer defers to its backing file reads as zeroes from the layer alone.
     *
     * @param offset first byte; {@code offset + into.remaining()} is at most the node's length
     * @throws BlockException with the offset of the request that failed
     */
    void read(long offset, ByteBuffer into) throws BlockException;

    /** Bytes of storage that the node's content takes; empty when it cannot tell. Holes take none. */
    default OptionalLong allocatedBytes() throws BlockException {
        return OptionalLong.empty();
    }
}
