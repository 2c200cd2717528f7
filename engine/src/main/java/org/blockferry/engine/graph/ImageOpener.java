package org.blockferry.engine.graph;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.blockferry.engine.block.BackedTarget;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.util.CloseAll;
import org.blockferry.engine.util.Printable;

/**
 * Opens images with everything below them. Thread-safe.
 *
 * <p>The rules for what an image says of other files:
 * <ul>
 * <li>The format of the named image is the one that the caller gives, else the one that its first 4 KiB show, else {@code raw}.
 *     A stream can be read as raw only: one that looks like something else is refused unless it was called raw.
 * <li>An image that was called {@code raw} is raw: nothing inside is looked at, so a guest that writes an image header into its
 *     raw disk gains nothing. A raw image ends its chain.
 * <li>The format of a backing file is the one that the image above names. If it names none, the backing file is probed, as QEMU
 *     does; but one that then is found to name further files is refused (see {@link OpenPolicy#followProbed}).
 * <li>Names are paths, or paths after {@code file:}; all others ({@code json:}, {@code nbd:}, {@code null:}, unknown ones) are
 *     refused. A relative name is relative to the folder in the name of the image that holds it.
 * <li>An external data file is bytes, whatever it begins with.
 * <li>An image that is met again further down its own chain, under whatever name, is refused.
 * </ul>
 *
 * <p>Whatever fails, nothing stays open.
 */
public final class ImageOpener {
    /** The field of {@link #resolve} for backing files. */
    public static final String BACKING_FILE = "backing file";
    private static final String DATA_FILE = "external data file";
    private static final String RAW = "raw";
    private static final int PROBE_BYTES = 4096;

    private final DriverRegistry registry;
    private final OpenPolicy policy;

    public ImageOpener(DriverRegistry registry, OpenPolicy policy) {
        this.registry = Objects.requireNonNull(registry, "registry");
        this.policy = Objects.requireNonNull(policy, "policy");
    }

    /** The drivers that this opens with. */
    public DriverRegistry registry() {
        return registry;
    }

    /**
     * Opens an image and its chain for reading.
     *
     * @param image as a user writes it
     * @param format of the image itself; empty: probe
     * @param options the snapshot and the driver's options are for the image itself, the rest for the whole chain
     * @throws BlockException naming the image, or the image and the backing file that could not be opened
     */
    public ImageChain openChain(String image, Optional<String> format, OpenOptions options) throws BlockException {
        return openChain(registry.locate(image), format, options);
    }

    /** As {@link #openChain(String, Optional, OpenOptions)}, for a location that is known. */
    public ImageChain openChain(ImageLocation image, Optional<String> format, OpenOptions options) throws BlockException {
        List<Layer> layers = new ArrayList<>();
        try {
            layers.add(openLayer(image, format, options, true));
            addBacking(layers, options);
            return new ImageChain(layers);
        } catch (BlockException | RuntimeException | Error e) {
            layers.forEach(layer -> CloseAll.after(e, layer.node()));
            throw e;
        }
    }

    /**
     * Opens an image that is described part by part, and its chain: as it is described, else as the images name it.
     *
     * @throws BlockException as {@link #openChain(String, Optional, OpenOptions)}; INVALID_ARGUMENT if a slice ends past its file
     */
    public ImageChain openChain(NodeSpec image, OpenOptions options) throws BlockException {
        List<Layer> layers = new ArrayList<>();
        OpenOptions below = options.withSnapshot(Optional.empty()).withDriverOptions(Map.of());
        try {
            NodeSpec spec = image;
            while (true) {
                layers.add(openLayer(spec.file(), spec.format(), layers.isEmpty() ? options : below, true,
                        spec.isSlice() ? Optional.of(spec) : Optional.empty()));
                if (spec.backing() instanceof NodeSpec.Backing.Given given) {
                    spec = given.node();
                } else if (spec.backing() instanceof NodeSpec.Backing.None) {
                    return new ImageChain(layers);
                } else {
                    addBacking(layers, options);
                    return new ImageChain(layers);
                }
            }
        } catch (BlockException | RuntimeException | Error e) {
            layers.forEach(layer -> CloseAll.after(e, layer.node()));
            throw e;
        }
    }

    /**
     * Opens an image for what it tells of itself; nothing below it is looked at. The layer is the caller's to close. It is not the
     * disk: what it defers to a backing file reads as zeroes.
     */
    public Layer openAlone(String image, Optional<String> format, OpenOptions options) throws BlockException {
        return openLayer(registry.locate(image), format, options, true);
    }

    /** Opens what lies below the last of these layers, and adds it. */
    private void addBacking(List<Layer> layers, OpenOptions options) throws BlockException {
        OpenOptions below = options.withSnapshot(Optional.empty()).withDriverOptions(Map.of());
        boolean probed = false;
        Optional<BackingReference> reference = layers.get(layers.size() - 1).node().backing();
        while (reference.isPresent()) {
            Layer opened = openBacking(layers, reference.get(), probed, below);
            layers.add(opened);
            probed = reference.get().format().isEmpty();
            reference = opened.node().backing();
        }
    }

    private Layer openBacking(List<Layer> chain, BackingReference reference, boolean aboveWasProbed, OpenOptions options)
            throws BlockException {
        Layer above = chain.get(chain.size() - 1);
        ImageLocation image = above.location();
        String stored = Printable.line(reference.file());
        if (policy.untrusted()) {
            throw BlockException.of(Kind.REFUSED, image.text(),
                    BACKING_FILE + " is '" + stored + "'; an untrusted image's backing file is not opened");
        }
        if (aboveWasProbed && !policy.followProbed()) {
            throw BlockException.of(Kind.REFUSED, image.text(), BACKING_FILE + " is '" + stored
                    + "', but that this file is an image was only probed: " + chain.get(chain.size() - 2).location()
                    + " does not name the format of its backing file, and a raw disk could look like this");
        }
        if (chain.size() >= policy.maxDepth()) {
            throw BlockException.of(Kind.REFUSED, image.text(), BACKING_FILE + " is '" + stored + "'; the chain already has "
                    + chain.size() + " images, and no more are followed");
        }
        ImageLocation location = ImageNames.resolve(image, BACKING_FILE, reference.file());
        for (Layer layer : chain) {
            if (layer.location().protocol().equals(location.protocol()) && layer.location().rest().equals(location.rest())) {
                throw cycle(image, location, layer);
            }
        }
        Layer opened;
        try {
            opened = openLayer(location, reference.format(), options,
                    reference.format().isPresent() || policy.followProbed());
        } catch (BlockException e) {
            throw belowImage(image, BACKING_FILE, location, e);
        }
        try {
            Optional<Layer> same = chain.stream()
                    .filter(layer -> layer.identity().isPresent() && layer.identity().equals(opened.identity())).findFirst();
            if (same.isPresent()) {
                throw cycle(image, location, same.get());
            }
            if (!opened.node().info().isLengthKnown()) {
                throw BlockException.of(Kind.UNSUPPORTED, image.text(),
                        BACKING_FILE + " '" + location + "' is a stream, which has no length");
            }
            return opened;
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, opened.node());
            throw e;
        }
    }

    private static BlockException cycle(ImageLocation image, ImageLocation backing, Layer same) {
        return BlockException.of(Kind.CORRUPT_IMAGE, image.text(), BACKING_FILE + " '" + Printable.line(backing.text())
                + "' is in the chain already, as '" + same.location() + "'");
    }

    /** {@code overlay.qcow2: backing file '/x/base.qcow2': No such file or directory}. */
    private static BlockException belowImage(ImageLocation image, String field, ImageLocation below, BlockException cause) {
        String prefix = below.text() + ": ";
        String message = cause.getMessage();
        String reason = message.startsWith(prefix) ? message.substring(prefix.length()) : message;
        return BlockException.of(cause.kind(), image.text(),
                field + " '" + Printable.line(below.text()) + "': " + reason, cause).withErrno(cause.errno().orElse(0));
    }

    /** @param follow whether the image's data file may be opened, as far as the format goes */
    private Layer openLayer(ImageLocation location, Optional<String> format, OpenOptions options, boolean follow)
            throws BlockException {
        return openLayer(location, format, options, follow, Optional.empty());
    }

    /** @param slice the part of the file that is the disk, if it is not all of it */
    private Layer openLayer(ImageLocation location, Optional<String> format, OpenOptions options, boolean follow,
            Optional<NodeSpec> slice) throws BlockException {
        Optional<FormatDriver> named = format.isPresent()
                ? Optional.of(registry.format(location.text(), format.get())) : Optional.empty();
        ProtocolDriver protocol = registry.protocol(location);
        BlockSource file = protocol.openSource(location, options);
        FormatDriver driver;
        try {
            driver = named.isPresent() ? named.get() : probe(location, file);
            if (file.info().has(Trait.STREAM) && !driver.name().equals(RAW)) {
                throw BlockException.of(Kind.UNSUPPORTED, location.text(),
                        "a stream can only be read as raw, not as " + driver.name() + (named.isPresent() ? ""
                                : ", which it looks like; if its bytes are what is wanted, say that the format is raw"));
            }
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, file);
            throw e;
        }
        if (slice.isPresent()) {
            file = slice(location, file, slice.get());
        }
        // The protocol has had its options; the format refuses what it does not know.
        AtomicReference<FoundImage> dataFile = new AtomicReference<>();
        FormatDriver.DataFileOpener dataFiles = dataFiles(location, file.info(), options, follow);
        FormatSource node = driver.open(file, options.withDriverOptions(Map.of()), (image, name) -> {
            BlockSource opened = dataFiles.open(image, name);
            dataFile.set(new FoundImage(ImageNames.resolve(location, DATA_FILE, name), RAW, opened.info()));
            return opened;
        });
        return new Layer(location, driver.name(), node, Optional.ofNullable(dataFile.get()));
    }

    /** The part of a raw file that is the disk; closes the file when there is no such part. */
    private static BlockSource slice(ImageLocation location, BlockSource file, NodeSpec spec) throws BlockException {
        long length = file.info().length();
        String wrong = !file.info().isLengthKnown() ? "a stream has no slices"
                : spec.offset() > length ? "Offset (" + spec.offset() + ") cannot be greater than size of the containing file ("
                        + length + ")"
                : spec.size().orElse(0) > length - spec.offset() ? "The sum of offset (" + spec.offset() + ") and size ("
                        + spec.size().getAsLong() + ") has to be smaller or equal to the actual size of the containing file ("
                        + length + ")" : "";
        if (!wrong.isEmpty()) {
            BlockException refusal = BlockException.of(Kind.INVALID_ARGUMENT, location.text(), wrong);
            CloseAll.after(refusal, file);
            throw refusal;
        }
        return new SliceSource(file, new ByteRange(spec.offset(), spec.size().orElse(length - spec.offset())));
    }

    private FormatDriver probe(ImageLocation location, BlockSource file) throws BlockException {
        NodeInfo info = file.info();
        boolean stream = !info.isLengthKnown() || info.has(Trait.STREAM);
        ByteBuffer head = ByteBuffer.allocateDirect(stream ? PROBE_BYTES : (int) Math.min(PROBE_BYTES, info.length()));
        try {
            file.read(0, head);
        } catch (BlockException e) {
            if (stream && (e.kind() == Kind.OUT_OF_BOUNDS || e.kind() == Kind.UNSUPPORTED)) {
                // Shorter than any image, or not to be looked into.
                return registry.format(location.text(), RAW);
            }
            throw e;
        }
        return registry.probe(location.text(), head.flip());
    }

    /** Opens the data file of the image in {@code file}; its bytes are never probed. */
    private FormatDriver.DataFileOpener dataFiles(ImageLocation location, NodeInfo file, OpenOptions options, boolean follow) {
        return (image, name) -> {
            if (policy.untrusted()) {
                throw BlockException.of(Kind.REFUSED, location.text(), DATA_FILE + " is '" + Printable.line(name)
                        + "'; an untrusted image's data file is not opened");
            }
            if (!follow) {
                throw BlockException.of(Kind.REFUSED, location.text(), DATA_FILE + " is '" + Printable.line(name)
                        + "', but that this file is an image was only probed, and a raw disk could look like this");
            }
            ImageLocation data = ImageNames.resolve(location, DATA_FILE, name);
            BlockSource opened;
            try {
                opened = registry.protocol(data)
                        .openSource(data, options.withSnapshot(Optional.empty()).withDriverOptions(Map.of()));
            } catch (BlockException e) {
                throw belowImage(location, DATA_FILE, data, e);
            }
            if (file.identity().isPresent() && file.identity().equals(opened.info().identity())) {
                BlockException same = BlockException.of(Kind.CORRUPT_IMAGE, location.text(),
                        DATA_FILE + " '" + Printable.line(name) + "' is the image itself");
                CloseAll.after(same, opened);
                throw same;
            }
            return opened;
        };
    }

    /**
     * Looks at what stands under a name: how long it is, which file it is, and what its first bytes show. It is closed again.
     *
     * @return empty if there is nothing
     * @throws BlockException if there is something that cannot be read, such as a directory
     */
    public Optional<FoundImage> find(ImageLocation image, OpenOptions options) throws BlockException {
        ProtocolDriver protocol = registry.protocol(image);
        if (!protocol.exists(image)) {
            return Optional.empty();
        }
        try (BlockSource file = protocol.openSource(image, options)) {
            return Optional.of(new FoundImage(image, probe(image, file).name(), file.info()));
        }
    }

    /**
     * Where a file is that an image names, or that is going to be named in an image.
     *
     * @param image where the image is
     * @param field what the name is, for messages: {@link #BACKING_FILE}
     * @param name as it stands in the image
     * @throws BlockException REFUSED if it is not a name of a file
     */
    public ImageLocation resolve(ImageLocation image, String field, String name) throws BlockException {
        return ImageNames.resolve(image, field, name);
    }

    /**
     * Makes a new image. See {@link ProtocolDriver#create} for what becomes of what stands there.
     *
     * @param options of the format; checked before anything is made
     * @throws BlockException UNSUPPORTED if the place takes bytes in order only and the format needs more
     */
    public BlockTarget createTarget(String image, String format, CreateOptions options) throws BlockException {
        return createTarget(registry.locate(image), format, options);
    }

    /** As {@link #createTarget(String, String, CreateOptions)}, for a location that is known. */
    public BlockTarget createTarget(ImageLocation image, String format, CreateOptions options) throws BlockException {
        FormatDriver driver = registry.format(image.text(), format);
        driver.checkCreateOptions(image.text(), options);
        // A raw disk is as long as its file; the file of any other image grows as it is written. The options are the format's.
        CreateOptions file = CreateOptions.ofLength(driver.name().equals(RAW) ? options.length() : NodeInfo.UNKNOWN_LENGTH)
                .withCache(options.cache());
        BlockTarget storage = registry.protocol(image).create(image, file);
        try {
            if (storage.info().has(Trait.APPEND_ONLY) && !driver.name().equals(RAW)) {
                throw BlockException.of(Kind.UNSUPPORTED, image.text(),
                        "a stream takes a raw disk only; a " + driver.name() + " image is not written in one direction");
            }
            return driver.create(storage, options);
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, storage);
            throw e;
        }
    }

    /**
     * Opens an image for writing in place.
     *
     * @param format empty: what its first bytes show
     * @throws BlockException UNSUPPORTED if the format cannot be written in place
     */
    public BlockTarget openTarget(String image, Optional<String> format, OpenOptions options) throws BlockException {
        return openTarget(registry.locate(image), format, options);
    }

    /** As {@link #openTarget(String, Optional, OpenOptions)}, for a location that is known. */
    public BlockTarget openTarget(ImageLocation image, Optional<String> format, OpenOptions options) throws BlockException {
        Optional<FormatDriver> named = format.isPresent()
                ? Optional.of(registry.format(image.text(), format.get())) : Optional.empty();
        BlockTarget file = registry.protocol(image).openTarget(image, options);
        try {
            boolean readable = file instanceof BlockStorage;
            FormatDriver driver = named.isPresent() ? named.get()
                    : readable ? probe(image, (BlockStorage) file) : registry.format(image.text(), RAW);
            if (readable) {
                BlockTarget target = driver.openTarget((BlockStorage) file, options.withDriverOptions(Map.of()),
                        dataFiles(image, file.info(), options, true));
                return target instanceof BackedTarget backed ? withBacking(image, driver, backed, options) : target;
            }
            if (!driver.name().equals(RAW)) {
                throw BlockException.of(Kind.UNSUPPORTED, image.text(),
                        "what cannot be read is written in place as raw only, not as " + driver.name());
            }
            return file;
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, file);
            throw e;
        }
    }

    /** Gives a target that has a backing file the chain below it, opened for reading. */
    private BlockTarget withBacking(ImageLocation image, FormatDriver driver, BackedTarget target, OpenOptions options)
            throws BlockException {
        List<Layer> layers = new ArrayList<>(List.of(new Layer(image, driver.name(), new TargetLayer(target))));
        try {
            addBacking(layers, options);
            if (layers.size() > 1) {
                target.setBacking(new ImageChain(layers.subList(1, layers.size())));
            }
            return target;
        } catch (BlockException | RuntimeException | Error e) {
            layers.forEach(layer -> CloseAll.after(e, layer.node()));
            throw e;
        }
    }
}
