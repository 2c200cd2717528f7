package org.blockferry.engine.inspect;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.Layer;
import org.blockferry.engine.util.CloseAll;

/**
 * What one image is and says of itself.
 *
 * @param image the name by which it was opened
 * @param format its format
 * @param virtualSize bytes of its disk, in whole sectors
 * @param actualSize bytes of storage that its file takes, where that can be told
 * @param backing what it says of its backing file, as it stands there: not to be trusted, and not followed
 * @param backingPath where that file is, if it is a name of a file at all
 * @param details what only images of its format have
 */
public record ImageInfo(String image, String format, long virtualSize, OptionalLong actualSize, Optional<BackingReference> backing,
        Optional<String> backingPath, FormatDetails details) {
    public ImageInfo {
        Objects.requireNonNull(image, "image");
        Objects.requireNonNull(format, "format");
        Objects.requireNonNull(actualSize, "actualSize");
        Objects.requireNonNull(backing, "backing");
        Objects.requireNonNull(backingPath, "backingPath");
        Objects.requireNonNull(details, "details");
    }

    /**
     * Looks at one image. A backing file is named, but neither opened nor looked for.
     *
     * @throws BlockException if it cannot be opened or what it says of itself is not well-formed
     */
    public static ImageInfo of(DriverRegistry drivers, ImageRequest request) throws BlockException {
        ImageOpener opener = request.opener(drivers);
        Layer layer = opener.openAlone(request.image(), request.format(), request.openOptions());
        ImageInfo info;
        try {
            info = of(opener, layer);
        } catch (BlockException | RuntimeException e) {
            CloseAll.after(e, layer.node());
            throw e;
        }
        layer.node().close();
        return info;
    }

    /**
     * Looks at an image and all its backing files, top first.
     *
     * @throws BlockException if one cannot be opened; REFUSED if the name of one is not that of a file
     */
    public static List<ImageInfo> ofChain(DriverRegistry drivers, ImageRequest request) throws BlockException {
        ImageOpener opener = request.opener(drivers);
        try (ImageChain chain = request.open(drivers)) {
            List<ImageInfo> all = new ArrayList<>();
            for (Layer layer : chain.layers()) {
                all.add(of(opener, layer));
            }
            return List.copyOf(all);
        }
    }

    private static ImageInfo of(ImageOpener opener, Layer layer) throws BlockException {
        Optional<BackingReference> backing = layer.node().backing();
        return new ImageInfo(layer.location().text(), layer.format(), DiskView.wholeSectors(Math.max(0, layer.length())),
                layer.node().file().allocatedBytes(), backing, backing.flatMap(named -> path(opener, layer, named)),
                layer.node().details());
    }

    private static Optional<String> path(ImageOpener opener, Layer layer, BackingReference named) {
        try {
            return Optional.of(opener.resolve(layer.location(), ImageOpener.BACKING_FILE, named.file()).text());
        } catch (BlockException e) {
            // A name of something else: it is shown as it is, and nothing is made of it.
            return Optional.empty();
        }
    }
}
