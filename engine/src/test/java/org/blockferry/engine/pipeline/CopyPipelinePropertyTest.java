package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.plan.CopyPlan;
import org.blockferry.engine.plan.CopyPlanner;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.plan.PlanLimits;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** For random disks, targets and shapes the ring leaves what the direct copier leaves, and that is what the source reads. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CopyPipelinePropertyTest {

    static LongStream seeds() {
        return LongStream.range(0, 300);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void ringLeavesTheBytesOfTheDirectCopier(long seed) throws Exception {
        Scenario ringed = new Scenario(seed);
        Scenario direct = new Scenario(seed);
        CopyPipeline pipeline = new CopyPipeline(
                ringed.plan(), ringed.source, ringed.target, ringed.options, new CopyControl());
        DirectCopier copier = new DirectCopier(
                direct.plan(), direct.source, direct.target, direct.options, new CopyControl());

        CopyCounters ring = pipeline.run();
        CopyCounters reference = copier.run();

        String what = "seed " + seed + ", " + ringed + ", " + pipeline.shape().explain();
        assertTrue(pipeline.isComplete() && copier.isComplete(), what);
        assertEquals(-1, Arrays.mismatch(direct.source.bytes, direct.target.bytes), () -> "direct, " + what);
        assertEquals(-1, Arrays.mismatch(ringed.source.bytes, ringed.target.bytes), () -> "ring, " + what);
        assertEquals(ringed.source.bytes.length, ring.done(), what);
        assertEquals(ringed.source.bytes.length, ring.length(), what);
        assertEquals(reference.skipped(), ring.skipped(), what);
        assertEquals(reference.zeroed(), ring.zeroed(), what);
        assertTrue(ringed.source.mostReading() <= ringed.source.info().maxReaders(), what);
    }

    /** One random copy; two of the same seed are the same. */
    static final class Scenario {
        final TestDisk source;
        final TestTarget target;
        final PipelineOptions options;
        private final CopyPolicy policy;
        private final PlanLimits limits;

        Scenario(long seed) {
            Random random = new Random(seed);
            int grain = new int[] {1, 512, 512, 4096}[random.nextInt(4)];
            int length = 1 + random.nextInt(grain == 1 ? 200_000 : 3_000_000);
            boolean based = random.nextInt(3) == 0;
            source = TestDisk.random(random, length, based ? 1 + random.nextInt(2 * length) : 0, grain)
                    .withReaders(1 + random.nextInt(5));
            boolean append = !based && random.nextInt(5) == 0;
            boolean known = random.nextBoolean();
            boolean offload = !append && random.nextInt(4) == 0;
            int cluster = random.nextInt(4) == 0 ? 1 : 512 << random.nextInt(9);
            BlockLimits nodeLimits = BlockLimits.NONE
                    .withClusterSize(cluster)
                    .withRequestAlignment(1 << random.nextInt(13))
                    .withMemoryAlignment(random.nextBoolean() ? 512 : 1)
                    .withZero(1 << random.nextInt(17), 1L << 30);
            Trait[] traits = append ? new Trait[] {Trait.APPEND_ONLY}
                    : offload ? new Trait[] {Trait.OFFLOAD} : random.nextBoolean() ? new Trait[] {Trait.REMOTE} : new Trait[0];
            NodeInfo info = TestTarget.info(length, nodeLimits, 1 + random.nextInt(5), traits);
            target = new TestTarget(info, source.base(), known ? 0 : (byte) 0x55);
            int refused = random.nextInt(4);
            target.zeroing(range -> refused != 0 && (refused != 1 || range.length() % 3 != 0));
            if (offload) {
                source.withOffsets();
                target.offloading(random.nextBoolean() ? Long.MAX_VALUE : random.nextInt(length) & -cluster);
            }
            boolean wholeClusters = random.nextInt(6) == 0;
            boolean kept = based && random.nextBoolean();
            CopyPolicy chosen = kept ? CopyPolicy.aboveBase(source.base().length, source.base().length, known)
                    : based ? CopyPolicy.wholeOver(source.base().length, known) : CopyPolicy.whole(known);
            int sparse = offload || random.nextInt(6) == 0 ? 0 : new int[] {512, 4096, 4096, 65536}[random.nextInt(4)];
            policy = chosen.withAllocateAll(sparse == 0 && random.nextBoolean());
            limits = PlanLimits.of(info, wholeClusters);
            options = PipelineOptions.DEFAULT
                    .withKind(PipelineShape.Kind.values()[random.nextInt(3)])
                    .withThreads(random.nextInt(5), random.nextInt(5))
                    .withSlots(random.nextInt(9), 4096 << random.nextInt(6))
                    .withSparseSize(sparse)
                    .withCompress(wholeClusters)
                    .withStatistics(random.nextInt(4) == 0);
        }

        CopyPlan plan() {
            return new CopyPlanner(policy.keepsBase() ? source::statusAboveBase : source::status,
                    source.info().range(), policy, limits);
        }

        @Override
        public String toString() {
            return policy + " " + limits + " " + options + " " + target.info();
        }
    }
}
