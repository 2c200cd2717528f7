package org.blockferry.engine.graph;

import java.util.Objects;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;

/**
 * What stands under a name, found by looking at its first bytes.
 *
 * @param location where it is
 * @param format the format that its first bytes show; {@code raw} if none
 * @param file the protocol node that holds it, closed by now: its length and identity
 */
public record FoundImage(ImageLocation location, String format, NodeInfo file) {
    public FoundImage {
        Objects.requireNonNull(location, "location");
        Objects.requireNonNull(format, "format");
        Objects.requireNonNull(file, "file");
    }
}
