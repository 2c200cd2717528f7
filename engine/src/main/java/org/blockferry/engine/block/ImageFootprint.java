package org.blockferry.engine.block;

import java.util.Objects;
import java.util.OptionalLong;

/**
 * How large the file of a new image gets.
 *
 * @param clusterSize the unit in which data takes space
 * @param diskBytes bytes of the disk, rounded up to that unit
 * @param metadataBytes what the file of a wholly written disk has beside them, at most
 * @param allocatesAll whether the image takes the space of the whole disk from the start, or must be taken to
 * @param bitmapBytes what copies of the source's bitmaps need; empty where there can be none
 */
public record ImageFootprint(long clusterSize, long diskBytes, long metadataBytes, boolean allocatesAll, OptionalLong bitmapBytes) {
    public ImageFootprint {
        Objects.requireNonNull(bitmapBytes, "bitmapBytes");
        if (clusterSize < 1 || diskBytes < 0 || metadataBytes < 0) {
            throw new IllegalArgumentException(
                    "clusterSize " + clusterSize + ", diskBytes " + diskBytes + ", metadataBytes " + metadataBytes);
        }
    }
}
