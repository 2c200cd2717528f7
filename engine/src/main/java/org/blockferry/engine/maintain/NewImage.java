package org.blockferry.engine.maintain;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An image that is to be made.
 *
 * @param image where
 * @param format of the image
 * @param size bytes of the disk; empty: those of the backing file
 * @param options of the format, as a user writes them
 * @param backing name of the backing file, as it is to stand in the image: relative to the image's folder
 * @param backingFormat its format
 * @param backingUnchecked whether the backing file may be missing: it is not opened
 */
public record NewImage(String image, String format, OptionalLong size, Map<String, String> options, Optional<String> backing,
        Optional<String> backingFormat, boolean backingUnchecked) {

    public NewImage {
        Objects.requireNonNull(image, "image");
        Objects.requireNonNull(format, "format");
        Objects.requireNonNull(size, "size");
        options = Map.copyOf(options);
        Objects.requireNonNull(backing, "backing");
        Objects.requireNonNull(backingFormat, "backingFormat");
    }

    /** An image without a backing file, with every option at its default. */
    public static NewImage of(String image, String format, long size) {
        return new NewImage(image, format, OptionalLong.of(size), Map.of(), Optional.empty(), Optional.empty(), false);
    }

    public NewImage withOptions(Map<String, String> other) {
        return new NewImage(image, format, size, other, backing, backingFormat, backingUnchecked);
    }

    /** Over a backing file, which gives the size if none was given. */
    public NewImage withBacking(String file, String fileFormat) {
        return new NewImage(image, format, size, options, Optional.of(file), Optional.of(fileFormat), backingUnchecked);
    }
}
