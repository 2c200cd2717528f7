package org.blockferry.engine.block;

import java.nio.ByteBuffer;
import java.util.Set;

/**
 * A disk that can be written. Any byte range may be written; {@link BlockLimits} say which ones are cheap.
 *
 * <p>The life of a target: writes, zeroes and discards in any order and from up to {@link NodeInfo#maxWriters} threads (in
 * ascending order and from one thread with {@link Trait#APPEND_ONLY}); then {@link #complete} from one thread; then
 * {@link #close}. Concurrent calls never touch the same unit of {@link BlockLimits#clusterSize}.
 */
public interface BlockTarget extends BlockNode {

    /**
     * Writes the bytes of {@code from}, position to limit, at {@code offset}. On return the position is the limit, and the
     * buffer may be used again.
     *
     * @throws BlockException NO_SPACE, READ_ONLY or IO, with the offset; what the range then holds is unspecified
     */
    void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException;

    /**
     * Makes {@code range} read as zeroes without a payload.
     *
     * @return {@code false} if there is no cheap way: then nothing was changed and the caller writes zeroes itself
     * @throws BlockException if a way that had begun failed
     */
    boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException;

    /**
     * Tells the node that nobody needs the content of {@code range} any more. Advice: what is read there afterwards is
     * unspecified unless the node says otherwise.
     *
     * @return {@code false} if the advice was not taken
     */
    default boolean discard(ByteRange range) throws BlockException {
        return false;
    }

    /** Makes durable what was written before the call. */
    void flush() throws BlockException;

    /**
     * Copies the first {@code length} bytes of {@code from} to {@code to} without passing them through this process: by sharing
     * blocks or by a copy in the kernel.
     *
     * @param from a run that is {@code MAPPED} and {@code OFFSET_VALID} and neither ZERO nor COMPRESSED
     * @return bytes copied, from the start of the run; fewer than asked, down to 0, when the node cannot or can no longer do
     *     it. The caller copies the rest by reading and writing.
     */
    default long offload(BlockStatus from, long to, long length) throws BlockException {
        return 0;
    }

    /**
     * Makes this target, into which nothing was written yet, hold what {@code source} holds by sharing all of its blocks: a
     * reflink of a whole file.
     *
     * @param source a protocol node of the same length
     * @return {@code false} if the two cannot share: then nothing was changed
     * @throws BlockException NO_SPACE if there is no room for the shared blocks' metadata
     */
    default boolean share(BlockSource source) throws BlockException {
        return false;
    }

    /**
     * Lets requests fail that wait for somebody outside, such as the reader of a pipe: the copy was abandoned. For any thread.
     * The target can only be closed after that. A node that waits for nobody may go on.
     */
    default void giveUp() {
    }

    /**
     * Makes the target whole: writes the metadata that is still missing, in an order that keeps an image that was cut short
     * from being taken for a finished one, flushes as its {@link CacheMode} asks, and lets a new target appear under its name.
     *
     * <p>After {@link #close} without a successful {@code complete} a new target is gone, or does not open as an image.
     */
    void complete() throws BlockException;
}
