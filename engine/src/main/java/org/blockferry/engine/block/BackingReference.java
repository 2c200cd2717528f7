package org.blockferry.engine.block;

import java.util.Objects;
import java.util.Optional;

/**
 * What an image says of its backing file, unresolved and untrusted.
 *
 * @param file the name as it stands in the image, possibly relative to the image's folder
 * @param format the format it is said to have, if the image says
 */
public record BackingReference(String file, Optional<String> format) {
    public BackingReference {
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(format, "format");
    }
}
