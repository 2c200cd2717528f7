package org.blockferry.engine.block;

/** A format whose disks can be made longer or shorter: implemented by a {@link FormatDriver}. Stateless and thread-safe. */
public interface ResizableFormat {

    /** What becomes of the space that a disk gains. */
    enum Space {
        /** It takes none. */
        OFF,
        /** It is mapped, and takes none. */
        METADATA,
        /** It is reserved. */
        FALLOC,
        /** Zeroes are written. */
        FULL
    }

    /**
     * Changes the length of an image's disk, durably. What is gained reads as zeroes; what is lost is lost. A crash leaves the old or the
     * new length. The file stays open.
     *
     * @param length bytes of the disk
     * @param space other than OFF only where the disk grows
     * @throws BlockException UNSUPPORTED if this image cannot be resized so; CORRUPT_IMAGE if it has errors
     */
    void resize(BlockStorage file, long length, Space space) throws BlockException;
}
