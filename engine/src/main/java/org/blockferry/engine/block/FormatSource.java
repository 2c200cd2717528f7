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

    /**
     * What the image tells of itself, as it stood when it was opened. May read tables of the image.
     *
     * @throws BlockException INVALID_FORMAT or CORRUPT_IMAGE if one of them is not what it should be
     */
    default FormatDetails details() throws BlockException {
        return FormatDetails.NONE;
    }

    /**
     * Whether the image's clusters were mapped in advance and most were never written: then data whose host is a hole reads as zeroes
     * without being looked at. Costs reading the image's tables; worth asking once, before a walk over the disk.
     */
    default boolean isMappedInAdvance() throws BlockException {
        return false;
    }

    /**
     * As {@link #status}, but only what the image's own tables say: where they map data, it is data, even if its file has a hole
     * there.
     */
    default BlockStatus tableStatus(ByteRange range) throws BlockException {
        return status(range);
    }
}
