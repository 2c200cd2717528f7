package org.blockferry.drivers.synthetic;

import java.util.List;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;

/**
 * {@code null:[SIZE][?read-zeroes=on|off]}: takes every byte and gives zeroes. As a source without a size it has 1 GiB, as QEMU's
 * {@code null-co} does; as a target it takes any length.
 */
public final class NullDriver implements ProtocolDriver {
    private static final String READ_ZEROES = "read-zeroes";
    private static final long SOURCE_LENGTH = 1L << 30;

    @Override
    public String name() {
        return "null";
    }

    @Override
    public Set<String> schemes() {
        return Set.of("null");
    }

    @Override
    public BlockSource openSource(ImageLocation location, OpenOptions options) throws BlockException {
        return open(location, SOURCE_LENGTH);
    }

    @Override
    public BlockStorage openTarget(ImageLocation location, OpenOptions options) throws BlockException {
        return open(location, Long.MAX_VALUE);
    }

    private static NullDisk open(ImageLocation location, long otherwise) throws BlockException {
        LocationParameters parameters = new LocationParameters(location, List.of(READ_ZEROES));
        return new NullDisk(location.text(), parameters.size().orElse(otherwise), parameters.flag(READ_ZEROES, false), false);
    }

    @Override
    public BlockStorage create(ImageLocation location, CreateOptions options) throws BlockException {
        LocationParameters parameters = new LocationParameters(location, List.of(READ_ZEROES));
        boolean readZeroes = parameters.flag(READ_ZEROES, false);
        if (!options.isLengthKnown()) {
            return new NullDisk(location.text(), 0, readZeroes, true);
        }
        parameters.requireLength(options.length());
        return new NullDisk(location.text(), options.length(), readZeroes, false);
    }

    /** Always: nothing is there, and it can be written. */
    @Override
    public boolean exists(ImageLocation location) {
        return true;
    }
}
