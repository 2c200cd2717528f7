package org.blockferry.engine.block;

import java.util.function.Consumer;

/** A format whose images can be checked for contradictions: implemented by a {@link FormatDriver}. Stateless and thread-safe. */
public interface CheckedFormat {

    /**
     * Looks at all structures of one layer. What the image refers to outside itself is not opened.
     *
     * @param file the image; it stays open
     * @param findings gets one line for each finding, as it is made
     * @throws BlockException if it is no image of this format, or its header does not lead to its tables; IO
     */
    CheckReport check(BlockSource file, Consumer<String> findings) throws BlockException;

    /**
     * As {@link #check}, and repairs. What could be repaired is in the counts of what was fixed. The image is flushed on return;
     * it stays open.
     */
    CheckReport repair(BlockStorage file, RepairMode mode, Consumer<String> findings) throws BlockException;
}
