package org.blockferry.engine.plan;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.plan.CopyAction.Copy;
import org.blockferry.engine.plan.CopyAction.Skip;
import org.blockferry.engine.plan.CopyAction.Zero;

/**
 * Cuts and widens actions to the units in which the target can be written without reading it.
 *
 * <pre>
 *   in     |--Copy--|------------Skip-----------|-----Zero explicit------|-Skip-|
 *   units  |              |              |              |              |              |
 *   out    |-----Copy-----|-----Skip-----|-----Copy-----|--Zero explicit-|----Copy----|
 * </pre>
 *
 * <p>A unit in which something is written and something else is not is copied whole: Copy is widened outward, an explicit Zero
 * is narrowed inward. The bytes come from the full content of the source, so it is right whatever the parts were; zeroes that
 * it brings in are found again when the data is scanned. A unit that only mixes explicit and known zeroes is zeroed whole.
 * Where nothing is written, the unit does not matter. The end of the disk ends a unit.
 *
 * <p>The unit is the cluster as far as a base shows through (the cluster in which the base ends included), behind that the
 * request alignment. Adjoining actions of one kind are merged; an explicit Zero is cut to the step. Copies are not cut here:
 * how much fits depends on what else is in the slot. Used by one thread.
 */
final class ActionSplitter {
    private final long end;
    private final long coarseEnd;
    private final long coarse;
    private final long fine;
    private final long zeroStep;
    private final List<CopyAction> partial = new ArrayList<>();
    private final ArrayDeque<CopyAction> ready = new ArrayDeque<>();
    private CopyAction held;

    /** @param end end of the range that the actions cover */
    ActionSplitter(CopyPolicy policy, PlanLimits limits, long end) {
        this.end = end;
        this.coarse = limits.coarse();
        this.fine = limits.unit();
        this.zeroStep = limits.zeroStep();
        long shown = Math.min(policy.shownLength(), end);
        this.coarseEnd = limits.wholeClusters() ? Long.MAX_VALUE : shown + Math.floorMod(-shown, coarse);
    }

    /** Takes the next action; it starts where the one before ended. */
    void add(CopyAction action) {
        ByteRange range = action.range();
        long position = range.offset();
        while (position < range.end()) {
            long unit = unitAt(position);
            long unitEnd = Math.min(end, position - position % unit + unit);
            long cut;
            if (!partial.isEmpty() || position % unit != 0 || unitEnd > range.end()) {
                cut = Math.min(range.end(), unitEnd);
                partial.add(part(action, position, cut));
                if (cut == unitEnd) {
                    closeUnit();
                }
            } else {
                cut = wholeUnits(position, range.end());
                emit(part(action, position, cut));
            }
            position = cut;
        }
    }

    private long unitAt(long position) {
        return position < coarseEnd ? coarse : fine;
    }

    /** Where the last whole unit ends that starts at or after {@code position} and ends at or before {@code limit}. */
    private long wholeUnits(long position, long limit) {
        if (limit == end) {
            return limit;
        }
        long unit = limit <= coarseEnd ? coarse : fine;
        return Math.max(position, limit - limit % unit);
    }

    /** No action follows. */
    void finish() {
        if (!partial.isEmpty()) {
            closeUnit();
        }
        flush();
    }

    /**
     * The next action that is settled, or null when another one must be added first. Explicit zeroes are cut here, piece by piece:
     * cut in advance, those of an empty disk of exabytes would fill the memory.
     */
    CopyAction poll() {
        CopyAction next = ready.poll();
        if (!(next instanceof Zero zero) || !zero.explicit()) {
            return next;
        }
        // At multiples of the step, so that every piece but the ends of a run is as aligned as can be.
        long from = zero.range().offset();
        long left = zeroStep - from % zeroStep;
        if (zero.range().length() <= left) {
            return zero;
        }
        ready.addFirst(new Zero(ByteRange.between(from + left, zero.range().end()), true));
        return new Zero(new ByteRange(from, left), true);
    }

    private void closeUnit() {
        boolean copies = false;
        boolean zeroes = false;
        boolean skips = false;
        for (CopyAction action : partial) {
            copies |= action instanceof Copy;
            zeroes |= action instanceof Zero zero && zero.explicit();
            skips |= action instanceof Skip;
        }
        ByteRange unit = ByteRange.between(
                partial.get(0).range().offset(), partial.get(partial.size() - 1).range().end());
        if (partial.size() == 1 || !copies && !zeroes) {
            partial.forEach(this::emit);
        } else if (copies || skips) {
            emit(new Copy(BlockStatus.data(unit)));
        } else {
            emit(new Zero(unit, true));
        }
        partial.clear();
    }

    private void emit(CopyAction action) {
        CopyAction merged = held == null ? action : merge(held, action);
        if (merged == null) {
            flush();
            merged = action;
        }
        held = merged;
    }

    private static CopyAction merge(CopyAction first, CopyAction second) {
        if (first instanceof Copy a && second instanceof Copy b) {
            return a.status().continuesInto(b.status()) ? new Copy(a.status().merge(b.status())) : null;
        }
        ByteRange both = ByteRange.between(first.range().offset(), second.range().end());
        if (first instanceof Skip && second instanceof Skip) {
            return new Skip(both);
        }
        if (first instanceof Zero a && second instanceof Zero b && a.explicit() == b.explicit()) {
            return new Zero(both, a.explicit());
        }
        return null;
    }

    private void flush() {
        if (held != null) {
            ready.add(held);
        }
        held = null;
    }

    private static CopyAction part(CopyAction action, long from, long to) {
        ByteRange range = ByteRange.between(from, to);
        if (range.equals(action.range())) {
            return action;
        }
        if (action instanceof Copy copy) {
            return new Copy(copy.status().clip(range));
        }
        return action instanceof Zero zero ? new Zero(range, zero.explicit()) : new Skip(range);
    }
}
