package org.blockferry.drivers.nbd.server;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/**
 * What a metadata context says of a disk: the depth of {@code qemu:allocation-depth}, the dirty parts of a
 * {@code qemu:dirty-bitmap:NAME}. Called by one thread at a time.
 */
@FunctionalInterface
public interface MetadataContext {

    /**
     * One run and its flags.
     *
     * @param length bytes, at least 1; may reach past what was asked
     * @param flags as the context defines them, in 32 bits
     */
    record Extent(long length, int flags) {
        public Extent {
            if (length < 1) {
                throw new IllegalArgumentException("an extent of " + length + " bytes");
            }
        }
    }

    /**
     * Says what holds from the start of {@code range}, as far as it holds.
     *
     * @param range not empty, inside the disk
     */
    Extent first(ByteRange range) throws BlockException;
}
