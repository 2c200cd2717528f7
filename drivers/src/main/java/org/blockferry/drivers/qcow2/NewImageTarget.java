package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.blockferry.drivers.codec.Compressor;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CompressedForm;
import org.blockferry.engine.block.CompressedTarget;
import org.blockferry.engine.block.GrowableTarget;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * A new image while it is being written; see {@link Qcow2Creator} for its layout. Bytes go straight to their place in the file;
 * a request whose clusters are all new is one write there.
 */
final class NewImageTarget implements GrowableTarget, CompressedTarget {
    /** As many as a job ever starts; the only shared state on the way is behind two short locks. */
    static final int MAX_WRITERS = 16;
    private static final Set<WriteFlag> FUA = Set.of(WriteFlag.FUA);

    private final FreshFile file;
    private final HostSpace space;
    private final L2Window window;
    private final NewClusterMap map;
    private final NewImageOptions options;
    private final Qcow2Layout layout;
    private final CompressedWriter compressed;
    private final AtomicBoolean closed = new AtomicBoolean();
    /** Where the bytes end that were written or zeroed: the length of a disk whose length nobody told. */
    private final AtomicLong end = new AtomicLong();
    private volatile NodeInfo info;
    private volatile boolean damaged;

    NewImageTarget(FreshFile file, HostSpace space, L2Window window, NewClusterMap map, NewImageOptions options,
            Supplier<Compressor> compressors) {
        this.file = file;
        this.space = space;
        this.window = window;
        this.map = map;
        this.options = options;
        this.layout = options.layout();
        this.compressed = new CompressedWriter(file, space, map, layout, compressors, this::writePlain);
        this.info = describe();
    }

    private NodeInfo describe() {
        NodeInfo below = file.storage().info();
        boolean backing = options.backing().isPresent();
        boolean preallocated = options.preallocation() != NewImageOptions.Preallocation.OFF;
        Set<Trait> traits = EnumSet.of(Trait.COMPRESS);
        if (backing) {
            traits.add(Trait.BACKING);
        } else if (!preallocated || file.readsZero()) {
            traits.add(Trait.READS_ZERO_WHEN_NEW);
        }
        if (options.version() >= 3 || !backing) {
            traits.add(Trait.FAST_ZERO);
            traits.add(Trait.ZERO_MAY_UNMAP);
        }
        for (Trait inherited : Set.of(Trait.OFFLOAD, Trait.REMOTE)) {
            if (below.has(inherited)) {
                traits.add(inherited);
            }
        }
        BlockLimits limits = below.limits();
        int unit = layout.subclusterSize();
        return new NodeInfo(below.name(), Qcow2Driver.NAME, options.length(),
                new BlockLimits(limits.requestAlignment(), limits.memoryAlignment(), limits.optimalTransfer(),
                        limits.maxTransfer(), unit, Long.MAX_VALUE, unit, Long.MAX_VALUE, unit, layout.clusterSize()),
                traits, 1, Math.min(MAX_WRITERS, below.maxWriters()), below.identity());
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        int length = from.remaining();
        require("write", offset, length);
        if (length == 0) {
            return;
        }
        if (flags.contains(WriteFlag.COMPRESSED)) {
            compressed.write(offset, from, flags.contains(WriteFlag.FUA) ? FUA : WriteFlag.NONE,
                    offset + length == options.length());
        } else {
            writePlain(offset, from, flags);
        }
    }

    @Override
    public Optional<CompressedForm> compressedForm() {
        return compressed.takesStored() ? Optional.of(options.compression().form(layout)) : Optional.empty();
    }

    @Override
    public boolean writeCompressed(long offset, ByteBuffer stored) throws BlockException {
        require("write", offset, Math.min(layout.clusterSize(), Math.max(0, info.length() - offset)));
        return compressed.writeStored(offset, stored);
    }

    private void writePlain(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        int length = from.remaining();
        NewClusterMap.Places places = map.allocate(offset, length);
        fill(places.gaps());
        HostRuns data = places.data();
        int start = from.position();
        for (int i = 0; i < data.size(); i++) {
            int at = (int) (data.guestOffset(i) - offset);
            ByteBuffer piece = data.size() == 1 ? from : from.slice(start + at, (int) data.length(i));
            file.write(data.hostOffset(i), piece, flags);
        }
        from.position(start + length);
    }

    private void fill(HostRuns gaps) throws BlockException {
        for (int i = 0; i < gaps.size(); i++) {
            guard(gaps.hostOffset(i), gaps.length(i));
        }
    }

    /** A gap that could not be zeroed is never asked for again, so such an image must not be completed. */
    private void guard(long hostOffset, long length) throws BlockException {
        boolean done = false;
        try {
            file.zero(hostOffset, length);
            done = true;
        } finally {
            damaged |= !done;
        }
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        require("zero", range.offset(), range.length());
        if (range.isEmpty()) {
            return true;
        }
        HostRuns rest = new HostRuns();
        if (!map.zero(range, flags.contains(ZeroFlag.MAY_UNMAP), rest)) {
            return false;
        }
        for (int i = 0; i < rest.size(); i++) {
            file.zero(rest.hostOffset(i), rest.length(i));
        }
        return true;
    }

    /** Not taken: in a new image everything that was written was written because somebody needs it. */
    @Override
    public boolean discard(ByteRange range) throws BlockException {
        require("discard", range.offset(), range.length());
        return false;
    }

    @Override
    public void flush() throws BlockException {
        file.storage().flush();
    }

    /** What is not moved in the kernel has its clusters nevertheless, and the caller's write finds them. */
    @Override
    public long offload(BlockStatus from, long to, long length) throws BlockException {
        require("offload", to, length);
        if (length == 0 || !info.has(Trait.OFFLOAD)) {
            return 0;
        }
        NewClusterMap.Places places = map.allocate(to, length);
        fill(places.gaps());
        HostRuns data = places.data();
        for (int i = 0; i < data.size(); i++) {
            long at = data.guestOffset(i) - to;
            long piece = data.length(i);
            BlockStatus part = from.clip(new ByteRange(from.offset() + at, piece));
            long moved = file.storage().offload(part, data.hostOffset(i), piece);
            if (moved < piece) {
                return at + moved;
            }
        }
        return length;
    }

    private void require(String operation, long offset, long length) throws BlockException {
        if (closed.get()) {
            throw new IllegalStateException(info.name() + " is closed");
        }
        long most = options.isLengthKnown() ? options.length() : layout.maxDiskBytes();
        if (offset > most - length) {
            throw BlockException.request(Kind.OUT_OF_BOUNDS, info.name(), operation,
                    new ByteRange(offset, Math.min(length, Long.MAX_VALUE - offset)),
                    options.isLengthKnown() ? "the disk has " + most + " bytes"
                            : "a disk with clusters of " + layout.clusterSize() + " bytes has at most " + most, null);
        }
        if (!options.isLengthKnown()) {
            end.accumulateAndGet(offset + length, Math::max);
        }
    }

    /** Says where a disk of unknown length ends, which is not before what was written to it. */
    @Override
    public void setLength(long length) throws BlockException {
        boolean fits = options.isLengthKnown() ? NewImageOptions.roundUp(length) == options.length()
                : length >= end.get() && NewImageOptions.roundUp(length) <= layout.maxDiskBytes();
        if (!fits) {
            throw BlockException.field(Kind.UNSUPPORTED, info.name(), "length", length, options.isLengthKnown()
                    ? "the image was made for " + options.length()
                    : "at least the " + end.get() + " written, at most " + layout.maxDiskBytes());
        }
        end.accumulateAndGet(length, Math::max);
    }

    /**
     * Writes the tables, makes them durable, then writes the header.
     *
     * @throws BlockException IO if an earlier write left something undone that only it could do
     */
    @Override
    public void complete() throws BlockException {
        if (damaged || compressed.isDamaged()) {
            throw BlockException.of(Kind.IO, info.name(), "an earlier write failed");
        }
        long length = options.isLengthKnown() ? options.length() : NewImageOptions.roundUp(end.get());
        info = info.withLength(length);
        map.setLength(length);
        map.finish(length);
        int l1Entries = (int) layout.l1EntriesFor(length);
        // A disk of no bytes has no L1 table, and a cluster for none would be a leak.
        long l1Clusters = layout.clustersFor((long) l1Entries * Long.BYTES);
        long l1Offset = l1Entries == 0 ? 0 : space.allocate(l1Clusters);
        window.writeL1(l1Offset, l1Entries, l1Clusters << layout.clusterBits());
        HostSpace.Table refcounts = space.finish();
        flush();
        file.write(0, NewImageHeader.encode(options, length, l1Entries, l1Offset, refcounts), WriteFlag.NONE);
        file.storage().complete();
    }

    @Override
    public void close() throws BlockException {
        if (!closed.getAndSet(true)) {
            compressed.close();
            file.storage().close();
        }
    }

    @Override
    public String toString() {
        return info.name() + " (new qcow2 image)";
    }
}
