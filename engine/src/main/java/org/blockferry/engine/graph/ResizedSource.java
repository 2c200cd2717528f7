package org.blockferry.engine.graph;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;

/**
 * A disk with another length: cut off, or continued with zeroes. As thread-safe as the disk.
 */
public final class ResizedSource implements BlockSource {
    private final BlockSource disk;
    private final long present;
    private final NodeInfo info;

    /**
     * {@code disk}, which is closed with this, as a disk of {@code length} bytes.
     *
     * @throws IllegalArgumentException if it is a stream
     */
    public ResizedSource(BlockSource disk, long length) {
        NodeInfo under = disk.info();
        if (!under.isLengthKnown() || length < 0) {
            throw new IllegalArgumentException(under.name() + ": no disk of " + length + " bytes can be made of this");
        }
        this.disk = disk;
        this.present = Math.min(under.length(), length);
        this.info = under.withLength(length);
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        if (range.offset() >= present) {
            return BlockStatus.zero(ByteRange.between(range.offset(), info.length()));
        }
        ByteRange inside = ByteRange.between(range.offset(), Math.min(range.end(), present));
        BlockStatus status = disk.status(inside);
        return status.end() > present ? status.clip(inside) : status;
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        if (offset < 0 || offset > info.length() - into.remaining()) {
            throw BlockException.request(BlockException.Kind.OUT_OF_BOUNDS, info.name(), "read",
                    new ByteRange(Math.max(offset, 0), into.remaining()), "the disk has " + info.length() + " bytes", null);
        }
        int limit = into.limit();
        int inside = (int) Math.max(0, Math.min(into.remaining(), present - offset));
        if (inside > 0) {
            into.limit(into.position() + inside);
            disk.read(offset, into);
            into.limit(limit);
        }
        Zeroes.fill(into, into.remaining());
    }

    @Override
    public void close() throws BlockException {
        disk.close();
    }
}
