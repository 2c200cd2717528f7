package org.blockferry.drivers.synthetic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.junit.jupiter.api.function.Executable;

/** Opens what a user would write, through a registry of this package's drivers. */
final class Opening {
    private static final DriverRegistry REGISTRY =
            DriverRegistry.of(List.of(new NullDriver(), new MemoryDriver(), new SparseRandomDriver()), List.of());

    private Opening() {
    }

    static BlockSource source(String text) throws BlockException {
        ImageLocation location = REGISTRY.locate(text);
        return REGISTRY.protocol(location).openSource(location, OpenOptions.DEFAULT);
    }

    static BlockTarget target(String text) throws BlockException {
        ImageLocation location = REGISTRY.locate(text);
        return REGISTRY.protocol(location).openTarget(location, OpenOptions.DEFAULT);
    }

    static BlockTarget create(String text, long length) throws BlockException {
        ImageLocation location = REGISTRY.locate(text);
        return REGISTRY.protocol(location).create(location, CreateOptions.ofLength(length));
    }

    static boolean exists(String text) throws BlockException {
        ImageLocation location = REGISTRY.locate(text);
        return REGISTRY.protocol(location).exists(location);
    }

    static void assertInvalid(String message, Executable open) {
        BlockException e = assertThrows(BlockException.class, open);
        assertEquals(BlockException.Kind.INVALID_ARGUMENT, e.kind());
        assertEquals(message, e.getMessage());
    }
}
