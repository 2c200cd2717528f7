package org.blockferry.engine.block;

import java.util.Objects;

/**
 * Where an image is, as a user names it, split into the protocol that serves it and the rest.
 *
 * @param protocol name of the {@link ProtocolDriver}: {@code file}, {@code null}, {@code nbd}
 * @param rest what the driver makes of: a path, {@code 1T?seed=3}, a whole URI
 * @param text as the user wrote it, for messages
 */
public record ImageLocation(String protocol, String rest, String text) {
    public ImageLocation {
        Objects.requireNonNull(protocol, "protocol");
        Objects.requireNonNull(rest, "rest");
        Objects.requireNonNull(text, "text");
    }

    /** A file by its path, whatever characters the path contains. */
    public static ImageLocation file(String path) {
        return new ImageLocation("file", path, path);
    }

    @Override
    public String toString() {
        return text;
    }
}
