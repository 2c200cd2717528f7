package org.blockferry.engine.maintain;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.util.CloseAll;

/** An image's own file, opened to be changed, and the format that it has. Nothing below it is opened. */
record OpenImage(BlockStorage file, FormatDriver driver) implements AutoCloseable {
    private static final int PROBE_BYTES = 4096;

    /**
     * @param format empty: what the first bytes show
     * @throws BlockException NOT_FOUND, READ_ONLY, IN_USE and others
     */
    static OpenImage open(DriverRegistry registry, ImageLocation image, Optional<String> format, OpenOptions options)
            throws BlockException {
        // A format that there is not is told before anything is opened.
        FormatDriver named = registry.format(image.text(), format.orElse("raw"));
        BlockTarget target = registry.protocol(image).openTarget(image, options);
        try {
            if (!(target instanceof BlockStorage file)) {
                throw BlockException.of(Kind.UNSUPPORTED, image.text(), "what cannot be read cannot be changed in place");
            }
            return new OpenImage(file, format.isPresent() ? named : probe(registry, file));
        } catch (BlockException | RuntimeException e) {
            CloseAll.after(e, target);
            throw e;
        }
    }

    /** The format that an image's first bytes show. */
    static FormatDriver probe(DriverRegistry registry, BlockSource file) throws BlockException {
        String node = file.info().name();
        if (!file.info().isLengthKnown()) {
            return registry.format(node, "raw");
        }
        ByteBuffer head = ByteBuffer.allocateDirect((int) Math.min(PROBE_BYTES, file.info().length()));
        file.read(0, head);
        return registry.probe(node, head.flip());
    }

    @Override
    public void close() throws BlockException {
        file.close();
    }
}
