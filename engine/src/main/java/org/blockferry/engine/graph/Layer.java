package org.blockferry.engine.graph;

import java.util.Objects;
import java.util.Optional;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.ImageLocation;

/**
 * One image of a chain.
 *
 * @param location where it was found
 * @param format name of its format, as given, as named by the image above, or as probed
 * @param node the opened layer; its status and reads speak of this layer alone
 * @param dataFile the file that holds its data, if that is not its own
 */
public record Layer(ImageLocation location, String format, FormatSource node, Optional<FoundImage> dataFile) {
    public Layer {
        Objects.requireNonNull(location, "location");
        Objects.requireNonNull(format, "format");
        Objects.requireNonNull(node, "node");
        Objects.requireNonNull(dataFile, "dataFile");
    }

    /** A layer that holds its data itself. */
    public Layer(ImageLocation location, String format, FormatSource node) {
        this(location, format, node, Optional.empty());
    }

    /** Equal for two layers whose bytes are in the same file under any name; empty when the node cannot tell. */
    public Optional<String> identity() {
        return node.file().info().identity();
    }

    /** Bytes of the disk that this layer shows. */
    public long length() {
        return node.info().length();
    }
}
