package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.blockferry.engine.block.BackedTarget;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BitmapSource;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DirtyBitmap;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.util.CloseAll;

/**
 * An image that exists, read and written in place; its length is fixed. Thread-safe, also for requests that share a cluster: those
 * wait for each other.
 *
 * <pre>
 *   InPlaceTarget ── ClusterLocks                     requests that touch the same clusters take turns
 *     ├─ InPlaceWriter, InPlaceZeroes, InPlaceReader  move bytes, settle entries
 *     └─ ImageMetadata                                the lock, and the order of changes; see there
 *          ├─ ActiveMap       L1 and L2 tables  ┐
 *          ├─ HostRefcounts   refcounts, search ┴─ PageCache
 *          ├─ MetadataGuard   what must not be overwritten
 *          └─ HeaderFields    single fields of the header
 * </pre>
 *
 * <p>A close without {@link #complete} writes the tables back as well: what was written is in the image, which was there before.
 */
final class InPlaceTarget implements BlockStorage, BackedTarget, BitmapSource {
    private static final int MAX_WRITERS = 16;

    private final NodeInfo info;
    private final OpenedImage image;
    private final BlockStorage file;
    private final boolean syncs;
    private final ImageMetadata metadata;
    private final InPlaceReader reader;
    private final InPlaceWriter writer;
    private final InPlaceZeroes zeroes;
    private final ClusterLocks locks = new ClusterLocks();
    private final AtomicBoolean closed = new AtomicBoolean();

    InPlaceTarget(OpenedImage image, BlockStorage file, OpenOptions options) throws BlockException {
        this.image = image;
        this.file = file;
        this.syncs = options.cache().isSync();
        FileEnd fileEnd = new FileEnd(file);
        this.metadata = new ImageMetadata(file, fileEnd, image);
        this.reader = new InPlaceReader(file, fileEnd, image, metadata);
        this.writer = new InPlaceWriter(file, image, metadata, reader);
        this.zeroes = new InPlaceZeroes(image, metadata, reader, writer);
        this.info = describe();
    }

    private NodeInfo describe() {
        NodeInfo below = file.info();
        Qcow2Layout layout = image.layout();
        Set<Trait> traits = EnumSet.of(Trait.DISCARD);
        for (Trait trait : List.of(Trait.REMOTE, Trait.DIRECT)) {
            if (below.has(trait)) {
                traits.add(trait);
            }
        }
        boolean backing = reader.hasBacking();
        if (backing) {
            traits.add(Trait.BACKING);
        } else if (metadata.map().isEmpty()) {
            traits.add(Trait.READS_ZERO_WHEN_NEW);
        }
        if (image.header().version() >= 3 || !backing) {
            traits.add(Trait.FAST_ZERO);
            traits.add(Trait.ZERO_MAY_UNMAP);
        }
        BlockLimits limits = below.limits();
        return new NodeInfo(below.name(), Qcow2Driver.NAME, image.size(),
                new BlockLimits(limits.requestAlignment(), limits.memoryAlignment(),
                        Math.max(limits.optimalTransfer(), layout.clusterSize()), limits.maxTransfer(),
                        layout.subclusterSize(), Long.MAX_VALUE, layout.clusterSize(), Long.MAX_VALUE, layout.clusterSize()),
                traits, below.maxReaders(), Math.min(MAX_WRITERS, below.maxWriters()), below.identity());
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public Optional<BackingReference> backing() {
        return image.backing();
    }

    @Override
    public void setBacking(BlockSource below) {
        reader.setBacking(below);
    }

    /** Only bitmaps that record nothing: what is written here reaches no other. */
    @Override
    public Optional<DirtyBitmap> bitmap(String name) throws BlockException {
        Optional<BitmapDirectory.Entry> entry = BitmapDirectory.find(info.name(), file, image, name);
        if (entry.isPresent() && entry.get().isAuto()) {
            throw BlockException.of(Kind.REFUSED, info.name(), "bitmap '" + name
                    + "' is enabled, and what is written here would be missing in it; reading only, or a disabled one, is possible");
        }
        return entry.isEmpty() ? Optional.empty()
                : Optional.of(new PersistentBitmap(info.name(), file, image.layout(), entry.get(), image.header().size()));
    }

    @Override
    public Optional<BlockSource> below() {
        return reader.below();
    }

    @Override
    public BlockStatus layerStatus(ByteRange range) throws BlockException {
        requireStatus(range);
        return reader.layerStatus(range);
    }

    /** Where the layer defers, and the backing file is known, what that says. */
    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        requireStatus(range);
        return reader.status(range);
    }

    private void requireStatus(ByteRange range) throws BlockException {
        require("status", range.offset(), range.length());
        if (range.isEmpty()) {
            throw BlockException.request(Kind.OUT_OF_BOUNDS, info.name(), "status", range, "there is none of no bytes", null);
        }
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        int length = into.remaining();
        require("read", offset, length);
        if (length == 0) {
            return;
        }
        ClusterLocks.Held held = acquire(offset, length, false);
        try {
            reader.read(offset, into);
        } finally {
            locks.release(held);
        }
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        int length = from.remaining();
        require("write", offset, length);
        if (flags.contains(WriteFlag.COMPRESSED)) {
            throw new IllegalArgumentException(info.name() + ": compressed clusters are written to new images only");
        }
        if (length == 0) {
            return;
        }
        ClusterLocks.Held held = acquire(offset, length, true);
        try {
            writer.write(offset, from);
        } finally {
            locks.release(held);
        }
        settle(flags.contains(WriteFlag.FUA));
    }

    /**
     * Makes zeroes by the tables; parts of clusters (with extended L2, of subclusters) are written, but not with {@link
     * ZeroFlag#FAST}.
     */
    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        require("zero", range.offset(), range.length());
        boolean mayUnmap = flags.contains(ZeroFlag.MAY_UNMAP);
        if (range.isEmpty()) {
            return true;
        }
        if (!zeroes.isPossible(mayUnmap)
                || flags.contains(ZeroFlag.FAST) && !zeroes.whole(range, image.layout().subclusterSize()).equals(range)) {
            return false;
        }
        ClusterLocks.Held held = acquire(range.offset(), range.length(), true);
        try {
            zeroes.zero(range, mayUnmap);
        } finally {
            locks.release(held);
        }
        settle(flags.contains(ZeroFlag.FUA));
        return true;
    }

    /**
     * Frees the clusters that lie wholly in {@code range}; they read as zeroes afterwards. Not taken by a version 2 image with a
     * backing file, which would show instead.
     */
    @Override
    public boolean discard(ByteRange range) throws BlockException {
        require("discard", range.offset(), range.length());
        ByteRange whole = zeroes.whole(range, image.layout().clusterSize());
        if (whole.isEmpty() || !zeroes.isPossible(true)) {
            return false;
        }
        ClusterLocks.Held held = acquire(whole.offset(), whole.length(), true);
        try {
            zeroes.discard(whole);
        } finally {
            locks.release(held);
        }
        settle(false);
        return true;
    }

    private ClusterLocks.Held acquire(long offset, long length, boolean exclusive) {
        int bits = image.layout().clusterBits();
        return locks.acquire(offset >>> bits, offset + length - 1 >>> bits, exclusive);
    }

    private void settle(boolean durable) throws BlockException {
        if (durable || syncs) {
            flush();
        }
    }

    @Override
    public void flush() throws BlockException {
        synchronized (metadata) {
            requireSound();
            metadata.commit();
        }
    }

    /** Nothing is moved in the kernel: the caller reads and writes. */
    @Override
    public long offload(BlockStatus from, long to, long length) throws BlockException {
        require("offload", to, length);
        return 0;
    }

    @Override
    public void setLength(long length) throws BlockException {
        if (length != info.length()) {
            throw BlockException.field(Kind.UNSUPPORTED, info.name(), "length", length, "that of the image is fixed: "
                    + info.length());
        }
    }

    /** There is no cheap way. */
    @Override
    public boolean allocate(ByteRange range) throws BlockException {
        require("allocate", range.offset(), range.length());
        return false;
    }

    private void require(String operation, long offset, long length) throws BlockException {
        if (closed.get()) {
            throw new IllegalStateException(info.name() + " is closed");
        }
        if (offset < 0 || offset > info.length() - length) {
            throw BlockException.request(Kind.OUT_OF_BOUNDS, info.name(), operation,
                    new ByteRange(Math.max(offset, 0), Math.min(length, Long.MAX_VALUE - Math.max(offset, 0))),
                    "past the end of the disk, " + info.length(), null);
        }
    }

    private void requireSound() throws BlockException {
        if (metadata.isCorrupt()) {
            throw HeaderFields.refusal(info.name());
        }
    }

    @Override
    public void complete() throws BlockException {
        synchronized (metadata) {
            requireSound();
            metadata.finish();
        }
        file.complete();
    }

    @Override
    public void close() throws BlockException {
        if (closed.getAndSet(true)) {
            return;
        }
        List<AutoCloseable> parts = new ArrayList<>(reader.parts());
        parts.add(file);
        try {
            synchronized (metadata) {
                if (!metadata.isCorrupt() && metadata.isDirty()) {
                    metadata.finish();
                }
            }
        } catch (BlockException | RuntimeException e) {
            parts.forEach(part -> CloseAll.after(e, part));
            throw e;
        }
        OpenedImage.closeAll(info.name(), parts);
    }

    @Override
    public String toString() {
        return info.name() + " (qcow2 image, in place)";
    }
}
