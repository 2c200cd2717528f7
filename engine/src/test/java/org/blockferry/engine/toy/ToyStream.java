package org.blockferry.engine.toy;

import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;

/** Stands in for pipes where they must not even be opened. */
final class ToyStream implements ProtocolDriver {
    @Override
    public String name() {
        return "stream";
    }

    @Override
    public Set<String> schemes() {
        return Set.of();
    }

    @Override
    public BlockSource openSource(ImageLocation location, OpenOptions options) throws BlockException {
        throw new AssertionError("a stream was opened for reading");
    }

    @Override
    public BlockTarget openTarget(ImageLocation location, OpenOptions options) throws BlockException {
        throw new AssertionError("a stream was opened for writing in place");
    }

    @Override
    public BlockTarget create(ImageLocation location, CreateOptions options) throws BlockException {
        throw new AssertionError("a stream was opened for writing");
    }

    @Override
    public boolean exists(ImageLocation location) {
        return true;
    }

    @Override
    public boolean isFixed(ImageLocation location) {
        return true;
    }
}
