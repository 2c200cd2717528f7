package org.blockferry.drivers.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;

/** A regular file or block device, read. Data and holes are told by {@link HoleStatus}; a device is all data. */
class FileSource implements BlockSource {
    /** What Linux moves in one call at most: 2 GiB less a page. */
    static final int MAX_TRANSFER = 0x7FFFF000;
    /** Page and file-system block of nearly every Linux system; a hint only. */
    static final int BLOCK = 4096;
    /**
     * As many threads as QEMU and nbdcopy ever keep busy on one file; the kernel itself has no bound.
     */
    static final int THREADS = 16;

    private final OpenFile file;
    private final HoleStatus holes;
    private volatile NodeInfo info;

    /** Reads {@code file} and owns it. */
    FileSource(OpenFile file) throws BlockException {
        this(file, file.length(), EnumSet.noneOf(Trait.class), THREADS);
    }

    /** For targets, which have more traits and a length of their own making. */
    FileSource(OpenFile file, long length, Set<Trait> traits, int writers) {
        this.file = file;
        this.holes = new HoleStatus(file);
        Set<Trait> all = EnumSet.copyOf(traits);
        if (file.cache().isDirect()) {
            all.add(Trait.DIRECT);
        }
        this.info = new NodeInfo(file.node(), FileDriver.NAME, length, limits(file), all, THREADS, writers,
                Optional.of(file.facts().identity()));
    }

    private static BlockLimits limits(OpenFile file) {
        // An unaligned request through the page cache costs a read at a block that is not cached, hence a block; memory may
        // lie anywhere there.
        int request = Math.max(file.alignment(), BLOCK);
        return BlockLimits.NONE.withRequestAlignment(request).withMemoryAlignment(file.alignment())
                .withTransfer(0, MAX_TRANSFER).withZero(request, Long.MAX_VALUE).withDiscard(request, Long.MAX_VALUE);
    }

    final OpenFile file() {
        return file;
    }

    final HoleStatus holes() {
        return holes;
    }

    /** The length as the node gives it. */
    long length() {
        return info.length();
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    final void setInfo(NodeInfo changed) {
        info = changed;
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        long length = length();
        if (range.isEmpty() || range.end() > length) {
            throw outOfBounds("status", range, length);
        }
        return holes.status(this, range, length);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        long length = length();
        if (offset < 0 || offset > length - into.remaining()) {
            throw outOfBounds("read", new ByteRange(offset, into.remaining()), length);
        }
        DataPath data = file.data();
        long position = offset;
        while (into.hasRemaining()) {
            int count;
            try {
                count = data.read(into, position);
            } catch (IOException e) {
                throw FileErrors.request(file.node(), "read", new ByteRange(position, into.remaining()), e);
            }
            if (count <= 0) {
                throw BlockException.request(Kind.IO, file.node(), "read", new ByteRange(position, into.remaining()),
                        "the file ends there, and had " + length + " bytes when it was opened",
                        new IOException("unexpected end"));
            }
            position += count;
        }
    }

    @Override
    public OptionalLong allocatedBytes() throws BlockException {
        long bytes = file.access().allocatedBytes(file.fd());
        return bytes < 0 ? OptionalLong.empty() : OptionalLong.of(bytes);
    }

    final BlockException outOfBounds(String operation, ByteRange range, long length) {
        return BlockException.request(Kind.OUT_OF_BOUNDS, file.node(), operation, range, "the disk has " + length + " bytes",
                new IndexOutOfBoundsException(range.toString()));
    }

    @Override
    public void close() throws BlockException {
        file.close();
    }

    @Override
    public String toString() {
        return file.node();
    }
}
