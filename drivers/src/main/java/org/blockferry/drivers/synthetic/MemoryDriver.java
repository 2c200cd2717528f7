package org.blockferry.drivers.synthetic;

import java.util.List;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;

/**
 * {@code memory:[SIZE][?max=SIZE]}: a sparse disk in memory that is gone when it is closed. {@code max} bounds the memory that
 * its data may take: half of the heap if it is not given.
 */
public final class MemoryDriver implements ProtocolDriver {
    private static final String MAX = "max";

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public Set<String> schemes() {
        return Set.of("memory");
    }

    /** A new disk of zeroes: no other one can be named. */
    @Override
    public BlockSource openSource(ImageLocation location, OpenOptions options) throws BlockException {
        return open(location);
    }

    /** A new disk of zeroes of the size that the location says. */
    @Override
    public BlockTarget openTarget(ImageLocation location, OpenOptions options) throws BlockException {
        return open(location);
    }

    private static MemoryDisk open(ImageLocation location) throws BlockException {
        LocationParameters parameters = new LocationParameters(location, List.of(MAX));
        if (parameters.size().isEmpty()) {
            throw parameters.invalid("size is missing; write memory:SIZE, such as memory:64M");
        }
        return new MemoryDisk(location.text(), parameters.size().getAsLong(), max(parameters), false);
    }

    private static long max(LocationParameters parameters) throws BlockException {
        return parameters.size(MAX, 0, Long.MAX_VALUE).orElse(MemoryDisk.HALF_OF_THE_HEAP);
    }

    @Override
    public BlockStorage create(ImageLocation location, CreateOptions options) throws BlockException {
        LocationParameters parameters = new LocationParameters(location, List.of(MAX));
        long max = max(parameters);
        if (!options.isLengthKnown()) {
            return new MemoryDisk(location.text(), 0, max, true);
        }
        parameters.requireLength(options.length());
        return new MemoryDisk(location.text(), options.length(), max, false);
    }

    /** Never: each one is new. */
    @Override
    public boolean exists(ImageLocation location) {
        return false;
    }
}
