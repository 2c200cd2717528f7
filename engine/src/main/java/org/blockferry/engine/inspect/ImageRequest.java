package org.blockferry.engine.inspect;

import java.util.Objects;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;

/**
 * Which image is asked about, and how it is opened. Immutable.
 *
 * @param image as a user writes it
 * @param format of the image; empty: found out by looking
 * @param snapshot ID or name of the internal snapshot to look at instead of the current state
 * @param cache use of the page cache
 * @param share whether to look although others may be writing
 * @param untrusted whether nothing is opened that the image names
 */
public record ImageRequest(String image, Optional<String> format, Optional<String> snapshot, CacheMode cache, boolean share,
        boolean untrusted) {
    public ImageRequest {
        Objects.requireNonNull(image, "image");
        Objects.requireNonNull(format, "format");
        Objects.requireNonNull(snapshot, "snapshot");
        Objects.requireNonNull(cache, "cache");
    }

    /** The current state of an image whose format is to be found out. */
    public static ImageRequest of(String image) {
        return new ImageRequest(image, Optional.empty(), Optional.empty(), CacheMode.WRITEBACK, false, false);
    }

    public ImageRequest withImage(String other) {
        return new ImageRequest(other, format, snapshot, cache, share, untrusted);
    }

    public ImageRequest withFormat(Optional<String> other) {
        return new ImageRequest(image, other, snapshot, cache, share, untrusted);
    }

    public ImageRequest withSnapshot(Optional<String> other) {
        return new ImageRequest(image, format, other, cache, share, untrusted);
    }

    public ImageRequest withCache(CacheMode other) {
        return new ImageRequest(image, format, snapshot, other, share, untrusted);
    }

    public ImageRequest withShare(boolean other) {
        return new ImageRequest(image, format, snapshot, cache, other, untrusted);
    }

    public ImageRequest withUntrusted(boolean other) {
        return new ImageRequest(image, format, snapshot, cache, share, other);
    }

    OpenOptions openOptions() {
        return OpenOptions.DEFAULT.withCache(cache).withShare(share).withSnapshot(snapshot);
    }

    ImageOpener opener(DriverRegistry drivers) {
        return new ImageOpener(drivers, OpenPolicy.DEFAULT.withUntrusted(untrusted));
    }

    ImageChain open(DriverRegistry drivers) throws BlockException {
        return opener(drivers).openChain(image, format, openOptions());
    }
}
