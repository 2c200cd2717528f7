package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * The ladder for zeroes that must be written: without a payload, else as bytes. Owned by one thread.
 *
 * <p>Only the part that lies on the target's zero alignment is tried without a payload; the ends, shorter than one unit each,
 * are written as bytes, so that a ragged end does not cost the whole range its cheap way. The end of the target counts as
 * aligned.
 */
final class ZeroWriter {
    /** Zero bytes in one write: as much as a slot's write, of memory that all copies share. */
    private static final int CHUNK = 1 << 20;

    private final BlockTarget target;
    private final Set<ZeroFlag> flags;
    private final long targetLength;
    private final int alignment;
    private final boolean payloadOnly;
    private final RunState state;

    /** @param unmap whether the target may give the space back */
    ZeroWriter(BlockTarget target, boolean unmap, RunState state) {
        this.target = target;
        this.flags = unmap ? ZeroFlag.UNMAP : ZeroFlag.NONE;
        this.targetLength = target.info().length();
        this.alignment = target.info().limits().zeroAlignment();
        this.payloadOnly = target.info().has(Trait.APPEND_ONLY);
        this.state = state;
    }

    /**
     * Makes the range read as zeroes.
     *
     * @return false if the copy was stopped before all of it was done
     */
    boolean write(long offset, long length) throws BlockException {
        ByteRange range = new ByteRange(offset, length);
        if (payloadOnly) {
            return writeBytes(offset, range.end());
        }
        ByteRange cheap = range.alignInward(alignment);
        if (range.end() == targetLength && range.end() > cheap.end()) {
            long start = cheap.isEmpty() ? offset + Math.floorMod(-offset, (long) alignment) : cheap.offset();
            cheap = start < range.end() ? ByteRange.between(start, range.end()) : cheap;
        }
        if (cheap.isEmpty() || !target.writeZeroes(cheap, flags)) {
            return writeBytes(offset, range.end());
        }
        return writeBytes(offset, cheap.offset()) && writeBytes(cheap.end(), range.end());
    }

    private boolean writeBytes(long from, long to) throws BlockException {
        if (from == to) {
            return true;
        }
        ByteBuffer zeroes = Zeroes.BYTES.duplicate();
        for (long at = from; at < to; ) {
            if (state.isStopping()) {
                return false;
            }
            // Chunks end at multiples of the chunk: a ragged start does not make all of them ragged.
            long end = Math.min(to, at - at % CHUNK + CHUNK);
            target.write(at, zeroes.limit((int) (end - at)).position(0), WriteFlag.NONE);
            at = end;
        }
        return true;
    }

    /** Allocated when the first zeroes have to be written as bytes, which most copies never do. */
    private static final class Zeroes {
        private static final ByteBuffer BYTES = ByteBuffer.allocateDirect(CHUNK + 4096).alignedSlice(4096).asReadOnlyBuffer();
    }
}
