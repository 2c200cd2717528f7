package org.blockferry.engine.block;

import java.nio.ByteBuffer;
import java.util.Optional;

/** A target that takes what another node of the same {@link CompressedForm} has stored. */
public interface CompressedTarget extends BlockTarget {

    /** How it stores what is compressed; empty if it takes nothing stored. */
    Optional<CompressedForm> compressedForm();

    /**
     * Stores one unit.
     *
     * @param offset of the unit
     * @param stored the compressed bytes, position to limit
     * @return false if the unit cannot be stored like this: nothing has changed, and it must be written
     */
    boolean writeCompressed(long offset, ByteBuffer stored) throws BlockException;
}
