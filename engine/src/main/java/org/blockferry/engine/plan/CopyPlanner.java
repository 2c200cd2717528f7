package org.blockferry.engine.plan;

import java.util.Objects;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;

/** The door of this package: walks the source, decides, cuts; one action at a time. Used by one thread. */
public final class CopyPlanner implements CopyPlan {
    private final CopyPolicy policy;
    private final ExtentWalker walker;
    private final ActionSplitter splitter;
    private boolean walked;

    /**
     * Plans the copy of {@code range}. Nothing is asked of the source before the first {@link #next}.
     *
     * @param extents what the source holds; with {@link CopyPolicy#keepsBase} what the layers above the base hold
     */
    public CopyPlanner(ExtentSource extents, ByteRange range, CopyPolicy policy, PlanLimits limits) {
        this.policy = Objects.requireNonNull(policy, "policy");
        this.walker = new ExtentWalker(extents, range);
        this.splitter = new ActionSplitter(policy, limits, range.end());
    }

    @Override
    public Optional<CopyAction> next() throws BlockException {
        CopyAction action = splitter.poll();
        while (action == null && !walked) {
            Optional<BlockStatus> run = walker.next();
            if (run.isPresent()) {
                decide(run.get());
            } else {
                walked = true;
                splitter.finish();
            }
            action = splitter.poll();
        }
        return Optional.ofNullable(action);
    }

    private void decide(BlockStatus run) {
        for (BlockStatus rest = run; ; ) {
            CopyAction action = policy.first(rest);
            splitter.add(action);
            if (action.range().end() == run.end()) {
                return;
            }
            rest = rest.clip(rest.range().from(action.range().end()));
        }
    }

    @Override
    public CopyPolicy policy() {
        return policy;
    }
}
