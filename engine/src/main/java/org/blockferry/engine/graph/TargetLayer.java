package org.blockferry.engine.graph;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.blockferry.engine.block.BackedTarget;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.NodeInfo;

/** A target in the place of the top layer, while what lies below it is opened: it has a name and an identity, and is not read. */
final class TargetLayer implements FormatSource {
    private final BackedTarget target;

    TargetLayer(BackedTarget target) {
        this.target = target;
    }

    @Override
    public Optional<BackingReference> backing() {
        return target.backing();
    }

    /** The target knows the identity of its file. */
    @Override
    public BlockSource file() {
        return this;
    }

    @Override
    public NodeInfo info() {
        return target.info();
    }

    @Override
    public BlockStatus status(ByteRange range) {
        throw new IllegalStateException(target.info().name() + " is a target");
    }

    @Override
    public void read(long offset, ByteBuffer into) {
        throw new IllegalStateException(target.info().name() + " is a target");
    }

    @Override
    public void close() throws BlockException {
        target.close();
    }
}
