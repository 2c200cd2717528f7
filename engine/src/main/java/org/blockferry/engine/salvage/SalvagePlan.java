package org.blockferry.engine.salvage;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.plan.CopyAction;
import org.blockferry.engine.plan.CopyPlan;
import org.blockferry.engine.plan.CopyPolicy;

/** Plans what a map has not finished, and skips the rest. Used by one thread. */
public final class SalvagePlan implements CopyPlan {
    private final List<ByteRange> finished;
    private final long length;
    private final Function<ByteRange, CopyPlan> planner;
    private final CopyPolicy policy;
    private CopyPlan current;
    private int next;
    private long position;

    /**
     * A plan for the whole disk.
     *
     * @param planner a plan for a part of it
     */
    public SalvagePlan(SalvageMap map, long length, CopyPolicy policy, Function<ByteRange, CopyPlan> planner) {
        this(map.finished(), length, policy, planner);
    }

    /** @param finished ranges that are skipped, ascending and apart from each other */
    public SalvagePlan(List<ByteRange> finished, long length, CopyPolicy policy, Function<ByteRange, CopyPlan> planner) {
        this.finished = List.copyOf(finished);
        this.length = length;
        this.policy = policy;
        this.planner = planner;
    }

    @Override
    public Optional<CopyAction> next() throws BlockException {
        while (true) {
            if (current != null) {
                Optional<CopyAction> action = current.next();
                if (action.isPresent()) {
                    return action;
                }
                current = null;
            }
            if (position == length) {
                return Optional.empty();
            }
            if (next < finished.size() && finished.get(next).offset() == position) {
                ByteRange done = finished.get(next++);
                position = done.end();
                return Optional.of(new CopyAction.Skip(done));
            }
            long end = next < finished.size() ? finished.get(next).offset() : length;
            current = planner.apply(ByteRange.between(position, end));
            position = end;
        }
    }

    @Override
    public CopyPolicy policy() {
        return policy;
    }
}
