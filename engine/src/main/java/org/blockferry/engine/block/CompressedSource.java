package org.blockferry.engine.block;

import java.nio.ByteBuffer;
import java.util.Optional;

/** A source that can hand over what it has stored compressed, as it is stored. */
public interface CompressedSource extends BlockSource {

    /** How it is stored; empty if nothing can be handed over. */
    Optional<CompressedForm> compressedForm();

    /**
     * Reads one unit both ways. That the stored bytes yield the plain ones has been found out by doing it.
     *
     * @param offset of the unit
     * @param end up to where the caller will ask, so that adjoining units can be read at once
     * @param stored receives what is stored, from its position on; has room for a unit
     * @param plain direct; receives the content, from its position on; has room for a unit
     * @return bytes put into {@code stored}; 0 if the unit is not stored compressed here or its end cannot be told: then both
     *     buffers are unspecified
     * @throws BlockException CORRUPT_IMAGE if the stored bytes are damaged
     */
    int readCompressed(long offset, long end, ByteBuffer stored, ByteBuffer plain) throws BlockException;
}
