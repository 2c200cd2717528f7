package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BitmapSource;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CompressedForm;
import org.blockferry.engine.block.CompressedSource;
import org.blockferry.engine.block.DirtyBitmap;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;

/**
 * One layer of a qcow2 image, read only. Thread-safe; memory is bounded: 5 MiB of tables, and for each thread that reads
 * compressed clusters at the same time a window and a cluster.
 *
 * <p>Where a data cluster begins within the file but ends past it, what is missing reads as zeroes, as in QEMU: the last cluster
 * of a file need not be written to its end. One that begins past the end is an error.
 */
final class Qcow2Source implements FormatSource, CompressedSource, BitmapSource {
    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();

    /** The shortest run of data for which the file is asked whether it is a hole: as long as a request to read is. */
    private static final int ASK_FILE = 1 << 20;

    private final NodeInfo info;
    private final OpenedImage image;
    private final BlockSource file;
    private final BlockSource data;
    private final FileEnd fileEnd;
    private final FileEnd dataEnd;
    private final ClusterMap map;
    private final Deque<Reader> idle = new ArrayDeque<>();
    /** The last long run of data: the file may cut it into many, and the tables need not be walked for each. */
    private volatile DataRun lastData;
    private boolean closed;

    /** A run of data whose first byte stands at {@code hostStart}. */
    private record DataRun(ByteRange range, long hostStart) {
    }

    /** What one thread needs while it reads. */
    private record Reader(ClusterRun run, CompressedReader compressed) {
    }

    Qcow2Source(OpenedImage image, BlockSource file, BlockSource data) {
        this.image = image;
        this.file = file;
        this.data = data;
        this.info = describe(image, file, data);
        this.fileEnd = new FileEnd(file);
        this.dataEnd = data == file ? fileEnd : new FileEnd(data);
        L1Table l1 = new L1Table(info.name(), file, fileEnd, image.layout(), image.l1Offset(), image.l1Size());
        this.map = new ClusterMap(
                info.name(), image.layout(), image.header().version(), data != file, file, fileEnd, dataEnd, l1);
    }

    private static NodeInfo describe(OpenedImage image, BlockSource file, BlockSource data) {
        NodeInfo below = file.info();
        NodeInfo plain = data.info();
        int cluster = image.layout().clusterSize();
        BlockLimits limits = plain.limits();
        Set<Trait> traits = EnumSet.noneOf(Trait.class);
        for (Trait trait : List.of(Trait.REMOTE, Trait.DIRECT)) {
            if (plain.has(trait)) {
                traits.add(trait);
            }
        }
        if (image.backing().isPresent()) {
            traits.add(Trait.BACKING);
        }
        return new NodeInfo(
                below.name(),
                Qcow2Driver.NAME,
                image.size(),
                limits.withTransfer(Math.max(limits.optimalTransfer(), cluster), limits.maxTransfer())
                        .withClusterSize(cluster),
                traits,
                Math.min(below.maxReaders(), plain.maxReaders()),
                1,
                below.identity().map(id -> "qcow2 " + id + image.snapshotId().map(snapshot -> " " + snapshot).orElse("")));
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
    public BlockSource file() {
        return file;
    }

    @Override
    public FormatDetails details() throws BlockException {
        return Qcow2Details.of(info.name(), image, file);
    }

    @Override
    public Optional<DirtyBitmap> bitmap(String name) throws BlockException {
        return Bitmaps.find(file, image, name);
    }

    @Override
    public boolean isMappedInAdvance() throws BlockException {
        return data == file && AdvanceMapping.isLikely(image, file);
    }

    /** The header, as it stood when the image was opened. */
    Qcow2Header header() {
        return image.header();
    }

    /** The header extensions, as they stood when the image was opened. */
    HeaderExtensions extensions() {
        return image.extensions();
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        requireStatus(range);
        DataRun known = lastData;
        if (known != null && known.range.contains(range.offset())) {
            return askFile(ByteRange.between(range.offset(), known.range.end()),
                    known.hostStart + range.offset() - known.range.offset());
        }
        BlockStatus mapped = tableStatus(range);
        boolean plain = mapped.isLocal() && mapped.isOffsetValid() && !mapped.isZero();
        if (!plain || mapped.length() < ASK_FILE) {
            return mapped;
        }
        lastData = new DataRun(mapped.range(), mapped.hostOffset());
        return askFile(mapped.range(), mapped.hostOffset());
    }

    private void requireStatus(ByteRange range) throws BlockException {
        requireInside("status", range);
        if (range.isEmpty()) {
            throw BlockException.request(Kind.OUT_OF_BOUNDS, info.name(), "status", range, "there is none of no bytes", null);
        }
    }

    @Override
    public BlockStatus tableStatus(ByteRange range) throws BlockException {
        requireStatus(range);
        ClusterRun run = new ClusterRun();
        map.find(range.offset(), range.end(), run);
        ByteRange found = ByteRange.between(run.start(), run.end());
        ClusterKind kind = run.kind();
        if (!kind.hasHost()) {
            return BlockStatus.of(found, kind.statusBits());
        }
        long there = dataEnd.reaches(run.hostStart() + run.length()) ? run.length() : dataEnd.length() - run.hostStart();
        if (there <= 0) {
            // Space that the file does not reach holds no bytes to point at.
            return kind == ClusterKind.PREALLOCATED ? BlockStatus.deferred(found) : BlockStatus.zero(found);
        }
        return BlockStatus.at(found.first(there), kind.statusBits(), data, run.hostStart());
    }

    /**
     * Data, unless the file has a hole there: then it reads as zeroes, with space mapped by the image if not by the file system.
     *
     * <p>Design note: an image of {@code preallocation=metadata} maps the whole disk, and most of it is a hole of the file that
     * nobody has written. Without asking the file, a copy would read all of it. QEMU asks for images that look preallocated;
     * here, any long run is asked for, which costs little beside reading it, and so the holes of a data file are found too.
     */
    private BlockStatus askFile(ByteRange found, long hostStart) throws BlockException {
        BlockStatus below = data.status(new ByteRange(hostStart, found.length()));
        ClusterKind kind = below.isZero() ? ClusterKind.PREALLOCATED_ZERO : ClusterKind.DATA;
        return BlockStatus.at(found.first(below.end() - hostStart), kind.statusBits(), data, hostStart);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        requireInside("read", new ByteRange(offset, into.remaining()));
        if (!into.hasRemaining()) {
            return;
        }
        Reader reader = takeReader();
        try {
            read(offset, into, reader);
        } finally {
            giveReader(reader);
        }
    }

    private void read(long offset, ByteBuffer into, Reader reader) throws BlockException {
        long end = offset + into.remaining();
        int limit = into.limit();
        ClusterRun run = reader.run;
        long at = offset;
        while (at < end) {
            map.find(at, end, run);
            into.limit(into.position() + (int) run.length());
            switch (run.kind()) {
                case DATA -> readPlain(run.hostStart(), into);
                case COMPRESSED -> reader.compressed.read(at, run.end(), into);
                default -> putZeroes(into);
            }
            into.limit(limit);
            at = run.end();
        }
    }

    @Override
    public Optional<CompressedForm> compressedForm() {
        return Optional.of(image.header().compression().form(image.layout()));
    }

    @Override
    public int readCompressed(long offset, long end, ByteBuffer stored, ByteBuffer plain) throws BlockException {
        Reader reader = takeReader();
        try {
            return reader.compressed.readStored(offset, end, stored, plain);
        } finally {
            giveReader(reader);
        }
    }

    private void readPlain(long host, ByteBuffer into) throws BlockException {
        if (dataEnd.reaches(host + into.remaining())) {
            data.read(host, into);
            return;
        }
        int limit = into.limit();
        int there = (int) Math.max(0, dataEnd.length() - host);
        if (there > 0) {
            data.read(host, into.limit(into.position() + there));
            into.limit(limit);
        }
        putZeroes(into);
    }

    private static void putZeroes(ByteBuffer into) {
        while (into.hasRemaining()) {
            int bytes = Math.min(into.remaining(), ZEROES.capacity());
            into.put(into.position(), ZEROES, 0, bytes).position(into.position() + bytes);
        }
    }

    private void requireInside(String operation, ByteRange range) throws BlockException {
        if (range.end() > info.length()) {
            throw BlockException.request(Kind.OUT_OF_BOUNDS, info.name(), operation, range,
                    "past the end of the disk, " + info.length(), null);
        }
    }

    private Reader takeReader() {
        synchronized (idle) {
            if (!idle.isEmpty()) {
                return idle.pop();
            }
        }
        return new Reader(new ClusterRun(), new CompressedReader(
                info.name(), image.layout(), map::entry, file, fileEnd, image.header().compression()));
    }

    private void giveReader(Reader reader) {
        synchronized (idle) {
            if (!closed) {
                idle.push(reader);
                return;
            }
        }
        reader.compressed.close();
    }

    @Override
    public void close() throws BlockException {
        List<AutoCloseable> parts = new ArrayList<>();
        synchronized (idle) {
            if (closed) {
                return;
            }
            closed = true;
            idle.forEach(reader -> parts.add(reader.compressed));
            idle.clear();
        }
        if (data != file) {
            parts.add(data);
        }
        parts.add(file);
        OpenedImage.closeAll(info.name(), parts);
    }
}
