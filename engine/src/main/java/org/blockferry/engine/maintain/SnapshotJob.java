package org.blockferry.engine.maintain;

import java.time.Instant;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.SnapshotFormat;

/**
 * Takes, deletes and goes back to internal snapshots of one image: {@code qemu-img snapshot}. Which ones there are is told by {@link
 * org.blockferry.engine.inspect.ImageInfo}.
 *
 * <p>Each call is durable when it returns. Owned by one thread.
 */
public final class SnapshotJob implements AutoCloseable {
    private final OpenImage image;

    private SnapshotJob(OpenImage image) {
        this.image = image;
    }

    /**
     * Opens an image to change its snapshots; nobody else may use it.
     *
     * @param format empty: what its first bytes show
     */
    public static SnapshotJob open(DriverRegistry registry, String image, Optional<String> format) throws BlockException {
        return new SnapshotJob(OpenImage.open(registry, registry.locate(image), format, OpenOptions.DEFAULT));
    }

    /** Remembers the current state under a name; several may have the same. */
    public void create(String name, Instant now) throws BlockException {
        snapshots().createSnapshot(image.file(), name, now);
        image.file().complete();
    }

    /**
     * Forgets the first snapshot of that name.
     *
     * @throws BlockException NOT_FOUND
     */
    public void delete(String name) throws BlockException {
        if (!(image.driver() instanceof SnapshotFormat)) {
            throw BlockException.of(Kind.NOT_FOUND, image.file().info().name(), "snapshot not found");
        }
        snapshots().deleteSnapshot(image.file(), name);
        image.file().complete();
    }

    /**
     * Makes the current state what it was; what was written since is lost.
     *
     * @throws BlockException NOT_FOUND
     */
    public void apply(String idOrName) throws BlockException {
        snapshots().applySnapshot(image.file(), idOrName);
        image.file().complete();
    }

    private SnapshotFormat snapshots() throws BlockException {
        if (image.driver() instanceof SnapshotFormat format) {
            return format;
        }
        throw BlockException.of(Kind.UNSUPPORTED, image.file().info().name(), "Operation not supported: images of format '"
                + image.driver().name() + "' have no snapshots");
    }

    @Override
    public void close() throws BlockException {
        image.close();
    }
}
