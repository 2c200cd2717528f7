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
}
