package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Optional;
import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;

/**
 * Reads an image that is being changed, through to its backing file. Thread-safe; the caller holds the range in the
 * {@link ClusterLocks}, so that what a run says of the file stays true while it is read.
 */
final class InPlaceReader {
    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();

    private final String node;
    private final BlockStorage file;
    private final FileEnd fileEnd;
    private final OpenedImage image;
    private final ImageMetadata metadata;
    private final Deque<Reader> idle = new ArrayDeque<>();
    private volatile BlockSource backing;

    /** What one thread needs while it reads. */
    private record Reader(ClusterRun run, CompressedReader compressed) {
    }

    InPlaceReader(BlockStorage file, FileEnd fileEnd, OpenedImage image, ImageMetadata metadata) {
        this.node = file.info().name();
        this.file = file;
        this.fileEnd = fileEnd;
        this.image = image;
        this.metadata = metadata;
    }

    void setBacking(BlockSource below) {
        backing = below;
    }

    /** Whether something shows where the image has nothing. */
    boolean hasBacking() {
        return image.backing().isPresent();
    }

    private BlockSource backing(long offset) throws BlockException {
        BlockSource below = backing;
        if (below == null) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "its backing file '" + image.backing().orElseThrow().file()
                    + "' is needed at 0x" + Long.toHexString(offset) + ", but was not opened");
        }
        return below;
    }

    Optional<BlockSource> below() {
        return Optional.ofNullable(backing);
    }

    /** Of this layer alone. */
    BlockStatus layerStatus(ByteRange range) throws BlockException {
        ClusterRun run = new ClusterRun();
        synchronized (metadata) {
            metadata.map().find(range.offset(), range.end(), run);
        }
        boolean local = run.kind() != ClusterKind.UNALLOCATED && run.kind() != ClusterKind.PREALLOCATED;
        return local ? status(range) : BlockStatus.deferred(ByteRange.between(run.start(), run.end()));
    }

    BlockStatus status(ByteRange range) throws BlockException {
        ClusterRun run = new ClusterRun();
        synchronized (metadata) {
            metadata.map().find(range.offset(), range.end(), run);
        }
        ByteRange found = ByteRange.between(run.start(), run.end());
        if (run.kind().hasHost()) {
            long there = fileEnd.reaches(run.hostStart() + run.length()) ? run.length() : fileEnd.length() - run.hostStart();
            if (there > 0 && (run.kind() != ClusterKind.PREALLOCATED || backing == null)) {
                return BlockStatus.at(found.first(there), run.kind().statusBits(), file, run.hostStart());
            }
            return run.kind() == ClusterKind.PREALLOCATED ? deferred(found) : BlockStatus.zero(found);
        }
        return run.kind() == ClusterKind.UNALLOCATED ? deferred(found) : BlockStatus.of(found, run.kind().statusBits());
    }

    /** What lies below says, once it is known. */
    private BlockStatus deferred(ByteRange found) throws BlockException {
        BlockSource below = backing;
        if (below == null) {
            return BlockStatus.deferred(found);
        }
        ByteRange there = found.intersect(below.info().range());
        return there.isEmpty() ? BlockStatus.of(found, BlockStatus.ZERO) : below.status(there).clip(there);
    }

    /** Fills {@code into} with the bytes from {@code offset} on. */
    void read(long offset, ByteBuffer into) throws BlockException {
        if (!into.hasRemaining()) {
            return;
        }
        Reader reader = takeReader();
        try {
            read(offset, into, reader);
        } finally {
            synchronized (idle) {
                idle.push(reader);
            }
        }
    }

    private void read(long offset, ByteBuffer into, Reader reader) throws BlockException {
        long end = offset + into.remaining();
        int limit = into.limit();
        ClusterRun run = reader.run;
        long at = offset;
        while (at < end) {
            synchronized (metadata) {
                metadata.map().find(at, end, run);
            }
            into.limit(into.position() + (int) run.length());
            switch (run.kind()) {
                case DATA -> readPlain(run.hostStart(), into);
                case COMPRESSED -> reader.compressed.read(at, run.end(), into);
                case UNALLOCATED, PREALLOCATED -> readBacking(at, into);
                default -> putZeroes(into);
            }
            into.limit(limit);
            at = run.end();
        }
    }

    /** Past the end of the file there are zeroes: the last cluster need not be written to its end. */
    private void readPlain(long host, ByteBuffer into) throws BlockException {
        int limit = into.limit();
        if (!fileEnd.reaches(host + into.remaining())) {
            into.limit(into.position() + (int) Math.max(0, fileEnd.length() - host));
        }
        if (into.hasRemaining()) {
            file.read(host, into);
        }
        putZeroes(into.limit(limit));
    }

    private void readBacking(long at, ByteBuffer into) throws BlockException {
        if (hasBacking()) {
            BlockSource below = backing(at);
            int limit = into.limit();
            int there = (int) Math.max(0, Math.min(into.remaining(), below.info().length() - at));
            if (there > 0) {
                below.read(at, into.limit(into.position() + there));
            }
            into.limit(limit);
        }
        putZeroes(into);
    }

    static void putZeroes(ByteBuffer into) {
        while (into.hasRemaining()) {
            int bytes = Math.min(into.remaining(), ZEROES.capacity());
            into.put(into.position(), ZEROES, 0, bytes).position(into.position() + bytes);
        }
    }

    private Reader takeReader() {
        synchronized (idle) {
            if (!idle.isEmpty()) {
                return idle.pop();
            }
        }
        return new Reader(new ClusterRun(), new CompressedReader(node, image.layout(), this::entry, file, fileEnd,
                image.header().compression()));
    }

    private long entry(long guestOffset) throws BlockException {
        synchronized (metadata) {
            return metadata.map().entry(guestOffset);
        }
    }

    /** What has to be closed with it. */
    List<AutoCloseable> parts() {
        List<AutoCloseable> parts = new ArrayList<>();
        synchronized (idle) {
            idle.forEach(reader -> parts.add(reader.compressed));
            idle.clear();
        }
        if (backing != null) {
            parts.add(backing);
        }
        return parts;
    }
}
