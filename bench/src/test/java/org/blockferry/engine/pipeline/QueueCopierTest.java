package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.plan.CopyPlan;
import org.blockferry.engine.plan.CopyPlanner;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.plan.PlanLimits;
import org.junit.jupiter.api.Test;

/** The rejected design must be right to be compared with. */
class QueueCopierTest {
    private static final String DISK = "sparse-random:8M?seed=7&percent=50&runlength=64K";
    private static final long LENGTH = 8 << 20;

    private final ImageOpener opener = new ImageOpener(DriverRegistry.load(), OpenPolicy.DEFAULT);

    @Test
    void copiesEveryByteOfADiskThatChecksWhatIsWritten() throws BlockException {
        try (BlockSource source = opener.openChain(DISK, Optional.of("raw"), OpenOptions.DEFAULT);
                BlockTarget target = opener.createTarget(DISK, "raw", CreateOptions.ofLength(LENGTH))) {
            assertEquals(LENGTH, copy(source, target).done());
            target.complete();
        }
    }

    @Test
    void throwsTheFailureOfATargetThatIsTooShort() throws BlockException {
        try (BlockSource source = opener.openChain("null:8M", Optional.of("raw"), OpenOptions.DEFAULT);
                BlockTarget target = opener.createTarget("null:", "raw", CreateOptions.ofLength(LENGTH / 2))) {
            BlockException failure = assertThrows(BlockException.class, () -> copy(source, target));
            assertEquals(BlockException.Kind.OUT_OF_BOUNDS, failure.kind());
        }
    }

    private static CopyCounters copy(BlockSource source, BlockTarget target) throws BlockException {
        CopyPolicy policy = CopyPolicy.whole(target.info().has(Trait.READS_ZERO_WHEN_NEW));
        CopyPlan plan =
                new CopyPlanner(source::status, source.info().range(), policy, PlanLimits.of(target.info(), false));
        PipelineOptions options = PipelineOptions.DEFAULT.withThreads(2).withSlots(4, 65536);
        return new QueueCopier(plan, source, target, options).run();
    }
}
