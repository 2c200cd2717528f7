package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.Trait;

/** Reads, and when salvaging replaces what cannot be read by zeroes. Owned by one thread. */
final class SourceReader {
    private static final int MIN_PIECE = 512;

    private final BlockSource source;
    private final boolean salvage;
    private final int piece;
    private final CopyCounters counters;
    private final RunState state;
    private final StageTimer timer;

    SourceReader(BlockSource source, boolean salvage, CopyCounters counters, RunState state, StageTimer timer) {
        this.source = source;
        this.salvage = salvage;
        // Through the page cache a sector can be had by itself, though whole blocks are cheaper; past it, and of a server, less
        // than the alignment is the same request again, and each costs a dying disk seconds.
        boolean whole = source.info().has(Trait.DIRECT) || source.info().has(Trait.REMOTE);
        this.piece = whole ? Math.max(MIN_PIECE, source.info().limits().requestAlignment()) : MIN_PIECE;
        this.counters = counters;
        this.state = state;
        this.timer = timer;
    }

    /** Fills {@code buffer} from {@code position} on. */
    void read(long offset, ByteBuffer buffer, int position, int length) throws BlockException {
        long start = timer.start();
        try {
            source.read(offset, buffer.limit(position + length).position(position));
        } catch (BlockException e) {
            if (!salvage || !isLossOfBytes(e)) {
                throw e;
            }
            salvage(offset, buffer, position, length, e);
        }
        timer.done(StageOp.READ, start, length);
        if (state.listener() != CopyListener.NONE) {
            state.listener().read(offset, buffer.duplicate().limit(position + length).position(position));
        }
    }

    /** A file that is gone or refused stays a failure; only bytes that cannot be had are replaced. */
    private static boolean isLossOfBytes(BlockException e) {
        return e.kind() == BlockException.Kind.IO || e.kind() == BlockException.Kind.CORRUPT_IMAGE;
    }

    /** Halves what could not be read, down to the smallest piece. */
    private void salvage(long offset, ByteBuffer buffer, int position, int length, BlockException failure)
            throws BlockException {
        if (state.isStopping()) {
            throw failure;
        }
        int half = length / 2 - (int) ((offset + length / 2) % piece);
        if (half <= 0) {
            half = piece - (int) (offset % piece);
        }
        if (half >= length) {
            for (int at = position; at < position + length; at++) {
                buffer.put(at, (byte) 0);
            }
            counters.addSalvaged(new ByteRange(offset, length));
            return;
        }
        readOrSalvage(offset, buffer, position, half);
        readOrSalvage(offset + half, buffer, position + half, length - half);
    }

    private void readOrSalvage(long offset, ByteBuffer buffer, int position, int length) throws BlockException {
        try {
            source.read(offset, buffer.limit(position + length).position(position));
        } catch (BlockException e) {
            if (!isLossOfBytes(e)) {
                throw e;
            }
            salvage(offset, buffer, position, length, e);
        }
    }
}
