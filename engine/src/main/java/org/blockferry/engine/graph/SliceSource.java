package org.blockferry.engine.graph;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;

/** A part of a disk as a disk of its own. As thread-safe as the disk. */
public final class SliceSource implements BlockSource {
    private final BlockSource whole;
    private final ByteRange slice;
    private final NodeInfo info;

    /**
     * The bytes {@code slice} of {@code whole}, which is closed with this.
     *
     * @throws IllegalArgumentException if the slice ends past the disk
     */
    public SliceSource(BlockSource whole, ByteRange slice) {
        NodeInfo under = whole.info();
        if (!under.isLengthKnown() || slice.end() > under.length()) {
            throw new IllegalArgumentException(
                    under.name() + ": no slice " + slice + " of a disk of " + under.length() + " bytes");
        }
        this.whole = whole;
        this.slice = slice;
        this.info = new NodeInfo(under.name(), "slice", slice.length(), under.limits(), under.traits(), under.maxReaders(),
                under.maxWriters(), Optional.empty());
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        BlockStatus status = whole.status(new ByteRange(slice.offset() + range.offset(), range.length())).clip(slice);
        return status.withRange(new ByteRange(range.offset(), status.range().length()));
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        if (offset < 0 || offset > slice.length() - into.remaining()) {
            throw BlockException.request(BlockException.Kind.OUT_OF_BOUNDS, info.name(), "read",
                    new ByteRange(Math.max(offset, 0), into.remaining()), "the slice has " + slice.length() + " bytes", null);
        }
        whole.read(slice.offset() + offset, into);
    }

    @Override
    public void close() throws BlockException {
        whole.close();
    }
}
