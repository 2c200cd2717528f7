package org.blockferry.engine.block;

import java.util.Optional;

/** An image that holds dirty bitmaps, opened: implemented by a {@link BlockSource}. */
public interface BitmapSource extends BlockSource {

    /**
     * One of its bitmaps, as it was when the image was opened.
     *
     * @return empty if there is none of this name
     * @throws BlockException REFUSED if its content is not to be trusted, because it was not saved or is being recorded by this very
     *     node; UNSUPPORTED if it is of a kind that is not known; CORRUPT_IMAGE or INVALID_FORMAT if its tables are not what they
     *     should be
     */
    Optional<DirtyBitmap> bitmap(String name) throws BlockException;
}
