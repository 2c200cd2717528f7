package org.blockferry.engine.plan;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;

/**
 * Where a plan learns what the source holds: {@code BlockSource::status}, or the same question asked of the layers above a kept
 * base.
 */
@FunctionalInterface
public interface ExtentSource {

    /**
     * The status of the first run in {@code range}, with the promises of
     * {@link org.blockferry.engine.block.BlockSource#status}. When a base is kept, a run without {@code LOCAL} is one that no
     * layer above the base decides; if it has {@code ZERO}, it is known to read as zeroes whatever the base holds.
     */
    BlockStatus status(ByteRange range) throws BlockException;

    /**
     * The same, but where the status cannot be had, it is data, so that reading shows what can be saved. Asks for smaller
     * ranges first: what a node cannot tell of a range it may tell of a part.
     */
    static ExtentSource salvaging(ExtentSource source) {
        return range -> {
            ByteRange asked = range;
            while (true) {
                try {
                    return source.status(asked);
                } catch (BlockException e) {
                    if (e.kind() != BlockException.Kind.IO && e.kind() != BlockException.Kind.CORRUPT_IMAGE) {
                        throw e;
                    }
                    if (asked.length() <= SALVAGE_STEP) {
                        return BlockStatus.data(asked);
                    }
                    asked = asked.first(SALVAGE_STEP);
                }
            }
        };
    }

    /** Bytes taken for data at once where the status cannot be had: a cluster of the usual size. */
    long SALVAGE_STEP = 64 << 10;
}
