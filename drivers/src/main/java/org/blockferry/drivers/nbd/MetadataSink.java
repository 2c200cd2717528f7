package org.blockferry.drivers.nbd;

import org.blockferry.engine.block.ByteRange;

/** Takes what a metadata context says of a disk, run by run. */
@FunctionalInterface
public interface MetadataSink {
    /**
     * The next run, in ascending order; neighbours with equal flags are merged as far as they come in one reply.
     *
     * @param flags as the context defines them: for {@code qemu:allocation-depth} the depth, for {@code qemu:dirty-bitmap:}
     *     1 where dirty
     */
    void run(ByteRange range, long flags);
}
