package org.blockferry.engine.block;

/**
 * Which parts of a disk were written since some moment, one bit for each {@link #granularity} bytes. Thread-safe. Lives no longer
 * than the node that it came from.
 */
public interface DirtyBitmap {

    /** As its user called it. */
    String name();

    /** Bytes of the disk that one bit stands for; a power of two. */
    long granularity();

    /** Bytes of the disk that it speaks of. */
    long length();

    /**
     * A run of the disk in which all is dirty or nothing is.
     *
     * @param range where; ends on a multiple of the granularity or with the disk
     */
    record Run(ByteRange range, boolean dirty) {
    }

    /**
     * Says what holds from the start of {@code range}, as far as is cheap to know.
     *
     * @param range bytes of the disk, not empty
     * @return a run that starts where {@code range} does, is not empty and may end before or after it
     * @throws BlockException CORRUPT_IMAGE if the bitmap's tables are not what they should be
     */
    Run first(ByteRange range) throws BlockException;
}
