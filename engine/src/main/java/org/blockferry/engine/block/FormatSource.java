package org.blockferry.engine.block;

import java.util.Optional;

/**
 * One layer of an image, opened for reading. Its status speaks of this layer alone: what is not {@link BlockStatus#LOCAL}
 * defers to the backing file, which the layer does not open.
 */
public interface FormatSource extends BlockSource {

    /** What the image says of its backing file; empty when it has none. */
    Optional<BackingReference> backing();

    /** The node that holds the image's bytes. */
    BlockSource file();
}
