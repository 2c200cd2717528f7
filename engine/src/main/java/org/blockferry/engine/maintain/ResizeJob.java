package org.blockferry.engine.maintain;

import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ResizableFormat;
import org.blockferry.engine.block.ResizableFormat.Space;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;

/** Makes an image's disk longer or shorter: {@code qemu-img resize}. Owned by one thread. */
public final class ResizeJob implements AutoCloseable {
    private final OpenImage image;
    private final long length;
    private final long backingLength;

    private ResizeJob(OpenImage image, long length, long backingLength) {
        this.image = image;
        this.length = length;
        this.backingLength = backingLength;
    }

    /**
     * Opens an image to resize it; nobody else may use it. Its backing files are looked at and closed again.
     *
     * @param format empty: what its first bytes show
     */
    public static ResizeJob open(DriverRegistry registry, String image, Optional<String> format) throws BlockException {
        ImageLocation location = registry.locate(image);
        long length;
        long backing;
        try (ImageChain chain = new ImageOpener(registry, OpenPolicy.DEFAULT).openChain(location, format, OpenOptions.DEFAULT)) {
            length = chain.info().length();
            backing = chain.layers().size() > 1 ? chain.layers().get(1).node().info().length() : 0;
        }
        return new ResizeJob(OpenImage.open(registry, location, format, OpenOptions.DEFAULT), length, backing);
    }

    /** Bytes of the disk as it was when it was opened. */
    public long length() {
        return length;
    }

    /**
     * Changes the length; durable on return.
     *
     * @param shrink whether it may become shorter, which loses data
     * @throws BlockException REFUSED if it would become shorter and must not; others as {@link ResizableFormat#resize}
     */
    public void resize(long bytes, boolean shrink, Space space) throws BlockException {
        String node = image.file().info().name();
        if (bytes <= 0) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "New image size must be positive");
        }
        if (bytes <= length && space != Space.OFF) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "Preallocation can only be used for growing images");
        }
        if (bytes < length && !shrink) {
            throw BlockException.of(Kind.REFUSED, node, "Use the --shrink option to perform a shrink operation: the disk has " + length
                    + " bytes, and all data beyond the " + bytes + " that are asked for would be deleted");
        }
        if (bytes > length && backingLength > length) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "the backing file is longer (" + backingLength + " bytes) than the image ("
                    + length + "), and would show where the image grows");
        }
        if (!(image.driver() instanceof ResizableFormat format)) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "Image format driver does not support resize");
        }
        format.resize(image.file(), bytes, space);
        image.file().complete();
    }

    @Override
    public void close() throws BlockException {
        image.close();
    }
}
