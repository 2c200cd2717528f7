package org.blockferry.engine.block;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A format whose images hold dirty bitmaps that outlast whoever records them: implemented by a {@link FormatDriver}. Each call changes the
 * image durably, or fails and leaves its bitmaps as they were; a crash leaves space that is not used, at most. The file stays open.
 * Stateless and thread-safe.
 *
 * <p>A bitmap that was not saved by who recorded it last is inconsistent: all that can be done with it is to remove it.
 */
public interface BitmapFormat {

    /**
     * One of an image's bitmaps.
     *
     * @param file an image's own file; the bitmap may be read while it is open
     * @return empty if there is none of this name
     * @throws BlockException as {@link BitmapSource#bitmap}
     */
    Optional<DirtyBitmap> bitmap(BlockSource file, String name) throws BlockException;

    /**
     * Makes a bitmap in which nothing is dirty.
     *
     * @param granularity bytes of the disk for one bit; empty: what suits the image
     * @param enabled whether it records what is written from now on
     * @throws BlockException INVALID_ARGUMENT if there is one of this name, or the name or granularity is out of bounds; UNSUPPORTED if this
     *     image cannot have any; CORRUPT_IMAGE if it has errors
     */
    void addBitmap(BlockStorage file, String name, OptionalLong granularity, boolean enabled) throws BlockException;

    /** @throws BlockException NOT_FOUND, or as {@link #addBitmap} */
    void removeBitmap(BlockStorage file, String name) throws BlockException;

    /**
     * Makes nothing dirty.
     *
     * @throws BlockException NOT_FOUND; REFUSED if it is inconsistent; or as {@link #addBitmap}
     */
    void clearBitmap(BlockStorage file, String name) throws BlockException;

    /**
     * Says whether it records what is written from now on.
     *
     * @throws BlockException as {@link #clearBitmap}
     */
    void enableBitmap(BlockStorage file, String name, boolean enabled) throws BlockException;

    /**
     * Makes dirty, too, what another bitmap says is dirty; granularities may differ.
     *
     * @param other of a disk of the same length, of this image or another
     * @throws BlockException as {@link #clearBitmap}; INVALID_ARGUMENT if the lengths differ
     */
    void mergeBitmap(BlockStorage file, String name, DirtyBitmap other) throws BlockException;
}
