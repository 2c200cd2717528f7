package org.blockferry.drivers.qmp;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.blockferry.drivers.nbd.MetadataSink;
import org.blockferry.drivers.nbd.NbdDriver;
import org.blockferry.drivers.nbd.NbdSource;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.LiveDisk;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.util.CloseAll;

/**
 * A disk of a running QEMU, followed from outside: read over NBD while its guest writes, with QEMU's bitmaps telling what the
 * guest has written since. Everything that is made in QEMU for that is removed by {@link #close}; what a killed run left is
 * removed by the next {@link #open}.
 *
 * <p>The source may be read by many threads; all else is for one thread.
 */
public final class QemuDisk implements LiveDisk {
    private static final String DATA = "data";
    private static final String BASE = "base";

    private final QmpClient qemu;
    private final QemuNode node;
    private final QemuExports exports;
    private final NbdSource source;
    private final DirtyTracker tracker;
    private final LayerStatus layers;
    private final QemuGuest guest;
    private final GuestEnd guestEnd;
    private final List<String> stale;
    private boolean closed;

    private QemuDisk(QmpClient qemu, QemuNode node, RunName names, QemuExports exports, NbdSource source,
            QemuDiskOptions options, List<String> stale) {
        this.qemu = qemu;
        this.node = node;
        this.exports = exports;
        this.source = source;
        this.tracker = new DirtyTracker(qemu, exports, names, node, options.granularity());
        this.layers = new LayerStatus(source);
        this.guest = new QemuGuest(qemu);
        this.guestEnd = options.guestEnd();
        this.stale = stale;
    }

    /**
     * Connects to QEMU, exports the disk, and begins to record what is written to it.
     *
     * @throws BlockException one line: no monitor, no such node, an NBD server that runs already; then nothing is left in QEMU
     */
    public static QemuDisk open(QemuDiskOptions options) throws BlockException {
        QmpClient qemu = QmpClient.connect(options.monitor());
        try {
            QemuNode node = QemuNode.find(qemu, options.node());
            List<String> stale = StaleObjects.remove(qemu);
            RunName names = RunName.create(options.server().isEmpty());
            QemuExports exports = QemuExports.open(qemu, names, options);
            try {
                return open(qemu, node, names, exports, options, stale);
            } catch (BlockException | RuntimeException | Error e) {
                CloseAll.after(e, exports);
                throw e;
            }
        } catch (BlockException | RuntimeException | Error e) {
            qemu.close();
            throw e;
        }
    }

    private static QemuDisk open(
            QmpClient qemu, QemuNode node, RunName names, QemuExports exports, QemuDiskOptions options, List<String> stale)
            throws BlockException {
        String uri = exports.add(node.name(), DATA, options.depth() ? Map.of("allocation-depth", true) : Map.of());
        OpenOptions how = OpenOptions.DEFAULT.withDriverOptions(
                options.depth() ? Map.of("meta-context", LayerStatus.CONTEXT) : Map.of());
        NbdSource source = (NbdSource) new NbdDriver().openSource(new ImageLocation("nbd", uri, uri), how);
        source.readUnfragmented();
        QemuDisk disk = new QemuDisk(qemu, node, names, exports, source, options, stale);
        try {
            disk.tracker.start();
            return disk;
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, source);
            throw e;
        }
    }

    @Override
    public BlockSource source() {
        return source;
    }

    /** What a killed run had left in QEMU and was removed, for people. */
    public List<String> stale() {
        return stale;
    }

    @Override
    public long granularity() throws BlockException {
        return tracker.granularity();
    }

    /** Only if {@link QemuDiskOptions#depth} was asked for. */
    @Override
    public BlockStatus statusAbove(int images, ByteRange range) throws BlockException {
        return layers.above(images, range);
    }

    @Override
    public long dirtyBytes() throws BlockException {
        return tracker.marked();
    }

    @Override
    public void takeDirty(Consumer<ByteRange> sink) throws BlockException {
        tracker.take(dirty(sink));
        source.forgetStatus();
    }

    @Override
    public void readBitmap(String bitmap, Consumer<ByteRange> sink) throws BlockException {
        tracker.tell(bitmap, dirty(sink));
    }

    private static MetadataSink dirty(Consumer<ByteRange> sink) {
        return (range, flags) -> {
            if (flags != 0) {
                sink.accept(range);
            }
        };
    }

    @Override
    public void clearBitmap(String bitmap) throws BlockException {
        tracker.clear(bitmap);
    }

    @Override
    public void quiesce() throws BlockException {
        if (guestEnd != GuestEnd.UNTOUCHED) {
            guest.pause();
        }
    }

    @Override
    public void finish(Ending ending) throws BlockException {
        if (ending != Ending.COMPLETED || guestEnd != GuestEnd.PAUSED) {
            guest.resume();
        }
    }

    /**
     * Exports the image that is so many layers below the disk, until {@link #forgetBase}.
     *
     * @return its URI
     * @throws BlockException NOT_FOUND if the disk's chain is not that long
     */
    public String base(int layersBelow) throws BlockException {
        return exports.add(QemuNode.below(qemu, node.name(), layersBelow), BASE, Map.of());
    }

    /** Ends what {@link #base} began. */
    public void forgetBase() throws BlockException {
        exports.remove(BASE);
    }

    /** The folder that was made for the NBD server's socket, if one was. */
    Optional<Path> socketFolder() {
        return exports.folder();
    }

    /** The name of the node in QEMU. */
    public String node() {
        return node.name();
    }

    /** Removes all that was made in QEMU and lets go of it. The guest is left as it is. */
    @Override
    public void close() throws BlockException {
        if (!closed) {
            closed = true;
            // The data's export after the bitmaps: while it is connected, no other run takes them for a dead one's.
            try {
                CloseAll.inOrder(List.of(tracker, source, exports, qemu));
            } catch (BlockException e) {
                throw e;
            } catch (IOException e) {
                throw new AssertionError("these throw nothing else", e);
            }
        }
    }
}
