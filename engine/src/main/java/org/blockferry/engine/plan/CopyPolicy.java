package org.blockferry.engine.plan;

import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.plan.CopyAction.Copy;
import org.blockferry.engine.plan.CopyAction.Skip;
import org.blockferry.engine.plan.CopyAction.Zero;

/**
 * The decision: what is done with a run of a known status. Pure.
 *
 * <p>S skip, C copy, Z zero (nothing is written when the target is known to read as zeroes), Zx zero written explicitly. What
 * the table of the design calls D (read, then detect zeroes) is C here: a status cannot tell written zeroes from data, the
 * pipeline can.
 *
 * <table>
 * <caption>{@code base <- overlay}; the status is that of the whole chain, or with a kept base that of the layers above
 * it</caption>
 * <tr><th>case</th><th>status, chain</th><th>{@link #whole}</th><th>status above base</th><th>{@link #aboveBase}</th></tr>
 * <tr><td>1 data in overlay</td><td>{@code L-MO L-M-}</td><td>C</td><td>same</td><td>C</td></tr>
 * <tr><td>2 zero cluster in overlay</td><td>{@code LZ--}</td><td>Z</td><td>same</td><td>Zx</td></tr>
 * <tr><td>3 preallocated zero in overlay</td><td>{@code LZMO LZM-}</td><td>Z</td><td>same</td><td>Zx</td></tr>
 * <tr><td>4ab unallocated, data in base</td><td>{@code L-MO L-M-}</td><td>C</td><td>{@code ----}</td><td>S</td></tr>
 * <tr><td>4cd unallocated, zero in base</td><td>{@code LZ-- LZMO}</td><td>Z</td><td>{@code ----}</td><td>S</td></tr>
 * <tr><td>4e unallocated everywhere</td><td>{@code -Z--}</td><td>Z</td><td>{@code ----}</td><td>S</td></tr>
 * <tr><td>5 past the end of the source's base</td><td>{@code -Z--}</td><td>Z</td><td>{@code ---- -Z--}</td><td>S; Zx where the
 * kept base is longer</td></tr>
 * <tr><td>past the end of a layer between</td><td>{@code -Z--}</td><td>Z</td><td>{@code -Z--}</td><td>Zx inside the kept base,
 * else S</td></tr>
 * <tr><td>6 compressed in overlay</td><td>{@code L-M-C}</td><td>C</td><td>same</td><td>C</td></tr>
 * <tr><td>unspecified content</td><td>{@code L---}</td><td>C</td><td>same</td><td>C</td></tr>
 * <tr><td>preallocated, deferred</td><td>{@code L-M- ...}</td><td>C</td><td>{@code --MO --M-}</td><td>S</td></tr>
 * </table>
 *
 * <p>Mirror "full" is {@code whole}, mirror "top" is {@code aboveBase}. {@link #wholeOver} copies a whole source onto a target
 * that shows a base which is not the source's: as {@code whole}, but Z is Zx inside that base. Zx becomes Z past the end of the
 * kept base when the target reads as zeroes where nothing was written; when it does not, every Z (and the S of case 5) is Zx.
 *
 * @param keepsBase whether what the layers above the base do not decide is left to the target's base
 * @param sourceBaseLength with {@code keepsBase}, length of the base in the source's chain; past it, that reads as zeroes
 * @param shownLength bytes of a base that show through at the target where nothing is written; 0 when it has none
 * @param targetReadsZero whether the target is known to read as zeroes where no base shows through
 * @param allocateAll whether the target is to be fully allocated ({@code -S 0}): zeroes are written, not unmapped, everywhere
 */
public record CopyPolicy(
        boolean keepsBase, long sourceBaseLength, long shownLength, boolean targetReadsZero, boolean allocateAll) {

    public CopyPolicy {
        if (sourceBaseLength < 0 || shownLength < 0) {
            throw new IllegalArgumentException(
                    "lengths of bases: source " + sourceBaseLength + ", target " + shownLength + "; not negative");
        }
    }

    /** Everything is copied to a target without a backing file. */
    public static CopyPolicy whole(boolean targetReadsZero) {
        return new CopyPolicy(false, 0, 0, targetReadsZero, false);
    }

    /** Everything is copied to a target whose backing file, of {@code shownLength} bytes, is none of the source's. */
    public static CopyPolicy wholeOver(long shownLength, boolean targetReadsZero) {
        return new CopyPolicy(false, 0, shownLength, targetReadsZero, false);
    }

    /**
     * What lies above a base is copied to a target that keeps this base.
     *
     * @param sourceBaseLength length of the base as it stands in the source's chain
     * @param keptBaseLength length of the base that the target will show
     */
    public static CopyPolicy aboveBase(long sourceBaseLength, long keptBaseLength, boolean targetReadsZero) {
        return new CopyPolicy(true, sourceBaseLength, keptBaseLength, targetReadsZero, false);
    }

    /** The same, but for a target that is to be fully allocated ({@code -S 0}), or not. */
    public CopyPolicy withAllocateAll(boolean value) {
        return new CopyPolicy(keepsBase, sourceBaseLength, shownLength, targetReadsZero, value);
    }

    /** What to do with the first part of {@code run}: the action starts where the run starts and may end before it. */
    public CopyAction first(BlockStatus run) {
        if (keepsBase && !run.isLocal()) {
            return deferred(run);
        }
        return run.isZero() ? zero(run.range()) : new Copy(run);
    }

    private CopyAction deferred(BlockStatus run) {
        ByteRange range = run.range();
        if (run.isZero() || range.offset() >= sourceBaseLength) {
            CopyAction zero = zero(range);
            return zero instanceof Zero known && !known.explicit() ? new Skip(range) : zero;
        }
        if (range.offset() < shownLength) {
            return new Skip(range.first(Math.min(sourceBaseLength, shownLength) - range.offset()));
        }
        // The kept base is shorter than the source's: callers refuse that; if one does not, the bytes are at least not lost.
        return new Copy(run.clip(range.first(sourceBaseLength - range.offset())));
    }

    private Zero zero(ByteRange range) {
        boolean explicit = mustWriteZeroes(range.offset());
        return new Zero(range.offset() < shownLength ? range.first(shownLength - range.offset()) : range, explicit);
    }

    /** Whether the byte at {@code offset} of the target reads as zero only if zeroes are written there. */
    public boolean mustWriteZeroes(long offset) {
        return offset < shownLength || allocateAll || !targetReadsZero;
    }
}
