package org.blockferry.drivers.raw;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.NodeInfo;

/**
 * A raw image, read: everything passes through. Where the file has space mapped, the layer's status says so and points at the same
 * offset of the file ({@code L-MO}, or {@code LZMO} where the file knows zeroes); a hole stays {@code LZ--}. As thread-safe as
 * the file.
 */
class RawSource implements FormatSource {
    private final BlockSource file;
    private final LayerInfo info;

    RawSource(BlockSource file) {
        this.file = Objects.requireNonNull(file, "file");
        info = new LayerInfo(file, Set.of());
    }

    @Override
    public final NodeInfo info() {
        return info.get();
    }

    @Override
    public final Optional<BackingReference> backing() {
        return Optional.empty();
    }

    @Override
    public final BlockSource file() {
        return file;
    }

    @Override
    public final BlockStatus status(ByteRange range) throws BlockException {
        return byIdentity(file, file.status(range));
    }

    /** What a layer over {@code file} whose bytes are the file's says where the file says {@code status}. */
    static BlockStatus byIdentity(BlockSource file, BlockStatus status) {
        int bits = BlockStatus.LOCAL | status.bits() & (BlockStatus.ZERO | BlockStatus.MAPPED);
        return status.isMapped() ? BlockStatus.at(status.range(), bits, file, status.offset())
                : BlockStatus.of(status.range(), bits);
    }

    @Override
    public final void read(long offset, ByteBuffer into) throws BlockException {
        file.read(offset, into);
    }

    @Override
    public final void close() throws BlockException {
        file.close();
    }
}
