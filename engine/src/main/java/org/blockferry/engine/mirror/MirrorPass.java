package org.blockferry.engine.mirror;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.plan.ExtentSource;

/** What a pass sees of the source: only what is dirty is there, everything else is as if a base decided it. */
final class MirrorPass {
    private MirrorPass() {
    }

    static ExtentSource over(DirtyBitmap dirty, BlockSource source) {
        return range -> {
            ByteRange run = range.first(dirty.endOfRun(range.offset()) - range.offset());
            return dirty.isDirty(range.offset()) ? decided(source.status(run).clip(run)) : BlockStatus.deferred(run);
        };
    }

    /** What is dirty is decided by the source as a whole, whichever of its layers holds it. */
    private static BlockStatus decided(BlockStatus status) throws BlockException {
        return status.isLocal() ? status : status.isZero() ? BlockStatus.zero(status.range()) : BlockStatus.data(status.range());
    }
}
