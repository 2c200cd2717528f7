package org.blockferry.engine.maintain;

import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.BitmapFormat;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.DirtyBitmap;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.util.CloseAll;

/**
 * Makes, removes, empties, merges, and starts or stops persistent bitmaps of one image: {@code qemu-img bitmap}. Which ones there are is
 * told by {@link org.blockferry.engine.inspect.ImageInfo}.
 *
 * <p>Each call is durable when it returns. Only the image's own file is opened. Owned by one thread.
 */
public final class BitmapJob implements AutoCloseable {
    private final OpenImage image;
    private final String node;
    private Optional<Source> source = Optional.empty();

    /** Where bitmaps are merged from. */
    private record Source(BlockSource file, FormatDriver driver) {
    }

    private BitmapJob(OpenImage image) {
        this.image = image;
        this.node = image.file().info().name();
    }

    /**
     * Opens an image to change its bitmaps; nobody else may use it.
     *
     * @param format empty: what its first bytes show
     */
    public static BitmapJob open(DriverRegistry registry, String image, Optional<String> format) throws BlockException {
        return open(registry, registry.locate(image), format);
    }

    /** As {@link #open(DriverRegistry, String, Optional)}, of an image that is described part by part. */
    public static BitmapJob open(DriverRegistry registry, ImageLocation image, Optional<String> format) throws BlockException {
        return new BitmapJob(OpenImage.open(registry, image, format, OpenOptions.DEFAULT));
    }

    /**
     * Opens another image, whose bitmaps {@link #merge} then takes.
     *
     * @param format empty: what its first bytes show
     * @throws IllegalStateException if there is one already
     */
    public void openSource(DriverRegistry registry, String other, Optional<String> format) throws BlockException {
        if (source.isPresent()) {
            throw new IllegalStateException(node + ": merges from one image");
        }
        FormatDriver named = registry.format(other, format.orElse("raw"));
        BlockSource file = registry.protocol(registry.locate(other)).openSource(registry.locate(other), OpenOptions.DEFAULT);
        try {
            source = Optional.of(new Source(file, format.isPresent() ? named : OpenImage.probe(registry, file)));
        } catch (BlockException | RuntimeException e) {
            CloseAll.after(e, file);
            throw e;
        }
    }

    /**
     * Makes a bitmap in which nothing is dirty, and which records what is written from now on.
     *
     * @param granularity bytes of the disk for one bit, a power of two from 512 to 2 GiB; empty: what suits the image
     * @throws BlockException INVALID_ARGUMENT if there is one of this name, or a bound is not kept; UNSUPPORTED if the image can have none
     */
    public void add(String name, OptionalLong granularity) throws BlockException {
        if (!(image.driver() instanceof BitmapFormat)) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "Can't store persistent bitmaps to '" + node + "': Operation not supported");
        }
        format(name).addBitmap(image.file(), name, granularity, true);
        image.file().complete();
    }

    /** @throws BlockException NOT_FOUND */
    public void remove(String name) throws BlockException {
        format(name).removeBitmap(image.file(), name);
        image.file().complete();
    }

    /**
     * Makes nothing dirty.
     *
     * @throws BlockException NOT_FOUND; REFUSED if it was not saved by who recorded it last
     */
    public void clear(String name) throws BlockException {
        format(name).clearBitmap(image.file(), name);
        image.file().complete();
    }

    /**
     * Says whether it records what is written from now on.
     *
     * @throws BlockException as {@link #clear}
     */
    public void enable(String name, boolean enabled) throws BlockException {
        format(name).enableBitmap(image.file(), name, enabled);
        image.file().complete();
    }

    /**
     * Makes dirty, too, what another bitmap says is dirty: one of this image, or of the one of {@link #openSource}.
     *
     * @throws BlockException as {@link #clear}, for both; INVALID_ARGUMENT if the disks are of different lengths
     */
    public void merge(String name, String from) throws BlockException {
        BitmapFormat format = format(name);
        if (format.bitmap(image.file(), name).isEmpty()) {
            throw notFound(name);
        }
        BlockSource file = source.isPresent() ? source.get().file() : image.file();
        FormatDriver driver = source.isPresent() ? source.get().driver() : image.driver();
        Optional<DirtyBitmap> other = driver instanceof BitmapFormat of ? of.bitmap(file, from) : Optional.empty();
        format.mergeBitmap(image.file(), name, other.orElseThrow(() -> notFound(from)));
        image.file().complete();
    }

    private BitmapFormat format(String name) throws BlockException {
        if (image.driver() instanceof BitmapFormat format) {
            return format;
        }
        throw notFound(name);
    }

    private BlockException notFound(String name) {
        return BlockException.of(Kind.NOT_FOUND, node, "Dirty bitmap '" + name + "' not found");
    }

    @Override
    public void close() throws BlockException {
        try {
            image.close();
        } catch (BlockException | RuntimeException e) {
            source.ifPresent(other -> CloseAll.after(e, other.file()));
            throw e;
        }
        if (source.isPresent()) {
            source.get().file().close();
        }
    }
}
