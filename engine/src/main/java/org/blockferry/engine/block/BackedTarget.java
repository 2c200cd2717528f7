package org.blockferry.engine.block;

import java.util.Optional;

/**
 * A target that is the top layer of a chain and is written in place. What a request changes in part of a unit of {@link
 * BlockLimits#clusterSize} that the layer does not hold yet is filled up from below, so the layer needs what lies there; it does
 * not open it itself.
 */
public interface BackedTarget extends BlockTarget {

    /** What the image says of its backing file; empty when it has none. */
    Optional<BackingReference> backing();

    /**
     * Gives the target what lies below it, ahead of the first request. The target owns it from then on, closes it, and reads zeroes
     * past its end; what the target defers is read from it, and its status there is the one of the chain.
     *
     * @param below the backing file with its own chain, whose length is known
     */
    void setBacking(BlockSource below);

    /** What {@link #setBacking} gave it. */
    Optional<BlockSource> below();

    /** The status of this layer alone: what is not {@link BlockStatus#LOCAL} defers to the backing file. */
    BlockStatus layerStatus(ByteRange range) throws BlockException;
}
