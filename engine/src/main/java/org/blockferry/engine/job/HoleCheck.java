package org.blockferry.engine.job;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.pipeline.CopyControl;
import org.blockferry.engine.plan.ExtentSource;

/**
 * Reads what a source calls zeroes, and stops believing it when it finds something else there.
 *
 * <p>Samples are taken before the copy and not while it runs: what was skipped on a word that turns out to be false would have
 * to be written afterwards, and a pipe, or a cluster that is compressed, takes nothing afterwards. When all is read, nothing is
 * skipped unread, and looking and copying go together.
 *
 * <p>With a kept base, what the layers above it leave to the base stays so: metadata say that, not a file system.
 *
 * <p>Owned by the thread that plans; {@link #falseHole} is for any.
 */
final class HoleCheck {
    /** What is read as a sample: the block of most file systems. */
    private static final int SAMPLE = 4096;
    private static final long SAMPLE_DISTANCE = 256L << 20;
    private static final int PIECE = 1 << 20;

    private final BlockSource source;
    private final HoleChecking mode;
    private final boolean salvage;
    private final CopyControl control;
    private final ByteBuffer zeroes = ByteBuffer.allocateDirect(PIECE);
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE);
    private long checkedTo;
    private volatile ByteRange falseHole;

    /** @param salvage whether what cannot be read is left to be what it is said to be */
    HoleCheck(BlockSource source, HoleChecking mode, boolean salvage, CopyControl control) {
        this.source = source;
        this.mode = mode;
        this.salvage = salvage;
        this.control = control;
    }

    /** The first bytes found that were called zeroes and are not. */
    Optional<ByteRange> falseHole() {
        return Optional.ofNullable(falseHole);
    }

    /** The same extents, as far as they can be believed. */
    ExtentSource believing(ExtentSource extents) {
        return range -> {
            BlockStatus run = extents.status(range);
            if (run.isZero() && mode == HoleChecking.ALL && falseHole == null) {
                // No further than was asked: a long run would be read at once, and nobody could cancel.
                run = run.clip(range);
                look(run.range());
            }
            return falseHole != null && (run.isLocal() || run.isZero()) ? BlockStatus.data(inside(run.range(), range)) : run;
        };
    }

    private static ByteRange inside(ByteRange run, ByteRange asked) {
        return ByteRange.between(asked.offset(), Math.min(run.end(), asked.end()));
    }

    /** Goes through the extents and reads the samples; ends early when one is no zero, or the copy is cancelled. */
    void sample(ExtentSource extents, ByteRange disk) throws BlockException {
        ByteRange hole = new ByteRange(0, 0);
        for (long at = disk.offset(); at < disk.end() && falseHole == null && !control.isCancelled(); ) {
            ByteRange rest = disk.from(at);
            BlockStatus run = extents.status(rest);
            ByteRange range = inside(run.range(), rest);
            if (run.isZero() && hole.end() == at && !hole.isEmpty()) {
                hole = ByteRange.between(hole.offset(), range.end());
            } else {
                sample(hole);
                hole = run.isZero() ? range : new ByteRange(0, 0);
            }
            at = range.end();
        }
        sample(hole);
    }

    private void sample(ByteRange hole) throws BlockException {
        for (long at = hole.offset(); at < hole.end() && falseHole == null && !control.isCancelled(); at += SAMPLE_DISTANCE) {
            // In the midst of each piece somewhere else, but for one disk always at the same places.
            long within = at == hole.offset() ? 0 : Long.remainderUnsigned(at * 0x9E3779B97F4A7C15L, SAMPLE_DISTANCE);
            long from = Math.min(at + within - within % SAMPLE, hole.end() - 1);
            read(ByteRange.between(from, Math.min(from + SAMPLE, hole.end())));
        }
        if (hole.length() > SAMPLE && falseHole == null) {
            read(ByteRange.between(hole.end() - SAMPLE, hole.end()));
        }
    }

    /** Reads all of a run, each byte once however often it is asked for. */
    private void look(ByteRange run) throws BlockException {
        for (long at = Math.max(run.offset(), checkedTo); at < run.end() && falseHole == null && !control.isCancelled(); ) {
            long end = Math.min(run.end(), at + PIECE);
            read(ByteRange.between(at, end));
            at = end;
            checkedTo = end;
        }
    }

    private void read(ByteRange range) throws BlockException {
        int length = (int) range.length();
        try {
            source.read(range.offset(), buffer.clear().limit(length));
        } catch (BlockException e) {
            if (!salvage) {
                throw e;
            }
            return;
        }
        int first = buffer.flip().mismatch(zeroes.slice(0, length));
        if (first >= 0) {
            falseHole = range.from(range.offset() + first);
        }
    }
}
