package org.blockferry.drivers.nbd;

import java.nio.ByteBuffer;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/** Copies a disk as simply as can be: runs in order, one thread. The engine does it better; the requests are the same ones. */
final class SimpleCopy {
    private static final int SLOT = 1 << 20;

    private SimpleCopy() {
    }

    static void copy(BlockSource source, BlockTarget target) throws BlockException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(SLOT);
        long length = source.info().length();
        Set<ZeroFlag> unmap = ZeroFlag.UNMAP;
        for (long at = 0; at < length;) {
            BlockStatus run = source.status(ByteRange.between(at, length));
            if (run.isZero() && target.writeZeroes(run.range(), unmap)) {
                at = run.end();
                continue;
            }
            long end = Math.min(run.end(), at + SLOT);
            buffer.clear().limit((int) (end - at));
            source.read(at, buffer);
            target.write(at, buffer.flip(), WriteFlag.NONE);
            at = end;
        }
        target.complete();
    }
}
