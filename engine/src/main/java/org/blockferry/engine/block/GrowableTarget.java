package org.blockferry.engine.block;

/** A target whose length can be set: one that was made for a source of unknown length learns here where the disk ends. */
public interface GrowableTarget extends BlockTarget {

    /**
     * Sets the length. Bytes that are gained read as zeroes.
     *
     * @throws BlockException UNSUPPORTED if the length of this node is fixed
     */
    void setLength(long length) throws BlockException;
}
