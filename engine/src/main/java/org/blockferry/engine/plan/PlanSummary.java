package org.blockferry.engine.plan;

import java.util.Optional;
import org.blockferry.engine.block.BlockException;

/**
 * The totals of a plan.
 *
 * @param copy bytes to copy (some of them may turn out to be zeroes)
 * @param zero bytes that are to read as zeroes, written explicitly or not
 * @param skip bytes left to the target's base
 * @param extents number of actions
 */
public record PlanSummary(long copy, long zero, long skip, long extents) {
    /** Nothing yet. */
    public static final PlanSummary EMPTY = new PlanSummary(0, 0, 0, 0);

    /** Runs through the plan, which is used up by it. */
    public static PlanSummary of(CopyPlan plan) throws BlockException {
        PlanSummary sum = EMPTY;
        for (Optional<CopyAction> action = plan.next(); action.isPresent(); action = plan.next()) {
            sum = sum.plus(action.get());
        }
        return sum;
    }

    /** These totals and one action more. */
    public PlanSummary plus(CopyAction action) {
        long bytes = action.range().length();
        return new PlanSummary(
                copy + (action instanceof CopyAction.Copy ? bytes : 0),
                zero + (action instanceof CopyAction.Zero ? bytes : 0),
                skip + (action instanceof CopyAction.Skip ? bytes : 0),
                extents + 1);
    }

    /** All bytes that the plan speaks of. */
    public long total() {
        return copy + zero + skip;
    }
}
