package org.blockferry.engine.block;

/**
 * A disk that can be read and written, and whose length can change: what a format keeps its image in. Reads see what was
 * written before them, also ahead of {@link #complete}.
 */
public interface BlockStorage extends BlockSource, GrowableTarget {

    /**
     * Sets the length. Bytes that are gained read as zeroes.
     *
     * @throws BlockException UNSUPPORTED if the length of this node is fixed (a block device) and {@code length} is larger
     */
    @Override
    void setLength(long length) throws BlockException;

    /**
     * Reserves space for {@code range}, growing the node if need be, without changing what is read; bytes that are gained read
     * as zeroes.
     *
     * @return {@code false} if there is no cheap way: then nothing was changed
     * @throws BlockException NO_SPACE if the space is not to be had
     */
    boolean allocate(ByteRange range) throws BlockException;
}
