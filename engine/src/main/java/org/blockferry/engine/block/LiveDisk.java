package org.blockferry.engine.block;

import java.util.function.Consumer;

/**
 * A disk that somebody writes to while it is copied, and what is known of these writes: the source of a mirror job.
 *
 * <p>From the moment that it is opened, every write to it is remembered until {@link #takeDirty} tells it. Bits are taken before
 * what they stand for is read: a write is either seen by the read, or told the next time, or both.
 *
 * <p>The {@link #source} may be read by many threads; all else is for one thread.
 */
public interface LiveDisk extends AutoCloseable {

    /** How a mirror job has ended, for what follows on the disk's side. */
    enum Ending {
        /** Both sides are equal; whoever writes goes over to the target, or is paused for that. */
        COMPLETED,
        /** The target is a point in time; whoever writes stays here. */
        CANCELLED,
        /** The target is not to be used; whoever writes stays here. */
        FAILED
    }

    /** The disk as it is at the moment of each request. */
    BlockSource source();

    /** Bytes for which one bit of memory stands; a power of two. */
    long granularity() throws BlockException;

    /**
     * What the images above a base hold: a run that none of them decides is without {@code LOCAL}.
     *
     * @param layers images from the top one down, at least 1
     * @param range as for {@link BlockSource#status}
     * @throws BlockException UNSUPPORTED if that cannot be told
     */
    BlockStatus statusAbove(int layers, ByteRange range) throws BlockException;

    /** Bytes that {@link #takeDirty} would tell by now, at least. */
    long dirtyBytes() throws BlockException;

    /**
     * Tells what was written since the disk was opened or since the last call, in ascending order. What {@link #source} tells of
     * its status afterwards is not older than that.
     *
     * @throws BlockException after which it is not known any more what is dirty
     */
    void takeDirty(Consumer<ByteRange> sink) throws BlockException;

    /**
     * Tells what a bitmap that the disk has by that name has marked.
     *
     * @throws BlockException NOT_FOUND if there is none; UNSUPPORTED if there cannot be any
     */
    void readBitmap(String name, Consumer<ByteRange> sink) throws BlockException;

    /** Clears a bitmap of the disk. */
    void clearBitmap(String name) throws BlockException;

    /**
     * Holds back whoever writes: on return no write is under way, and none begins before {@link #finish}.
     *
     * @throws BlockException UNSUPPORTED if nobody here can hold them back
     */
    void quiesce() throws BlockException;

    /** Says how the job has ended, and undoes {@link #quiesce} as that requires. Called once at most. */
    void finish(Ending ending) throws BlockException;

    /** Undoes everything that was made for the job's sake. Whoever is held back stays so. */
    @Override
    void close() throws BlockException;
}
