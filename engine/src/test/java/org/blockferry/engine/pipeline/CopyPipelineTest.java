package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.pipeline.TestDisk.Content;
import org.blockferry.engine.plan.CopyPlan;
import org.blockferry.engine.plan.CopyPlanner;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.plan.PlanLimits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CopyPipelineTest {
    private static final int K = 1024;
    private static final int LENGTH = 512 * K;

    /** 64 KiB clusters: data, known zeroes, written zeroes, half a cluster of data in what the base decides. */
    private final TestDisk disk = TestDisk.empty(LENGTH);
    private final CopyControl control = new CopyControl();

    {
        Random random = new Random(5);
        disk.add(new ByteRange(0, 96 * K), Content.DATA, random);
        for (int i = 0; i < 96 * K; i++) {
            disk.bytes[i] = 1;
        }
        disk.add(new ByteRange(96 * K, 160 * K), Content.ZERO, random);
        disk.add(new ByteRange(256 * K, 128 * K), Content.WRITTEN_ZEROES, random);
        disk.add(new ByteRange(384 * K, 128 * K), Content.BASE, random);
    }

    private CopyPipeline pipeline(CopyPolicy policy, TestTarget target, PipelineOptions options) {
        CopyPlan plan = new CopyPlanner(policy.keepsBase() ? disk::statusAboveBase : disk::status, disk.info().range(), policy,
                PlanLimits.of(target.info(), options.compress()));
        return new CopyPipeline(plan, disk, target, options, control);
    }

    private static TestTarget target(CopyPolicy policy, Trait... traits) {
        BlockLimits limits = BlockLimits.NONE.withClusterSize(64 * K).withZero(64 * K, 1 << 30);
        return new TestTarget(TestTarget.info(LENGTH, limits, 8, traits),
                new byte[(int) policy.shownLength()], (byte) 0);
    }

    @Test
    void newTargetGetsOnlyData() throws Exception {
        TestTarget target = target(CopyPolicy.whole(true));
        CopyCounters counters = pipeline(CopyPolicy.whole(true), target, PipelineOptions.DEFAULT).run();

        assertEquals("write 0x0+0x18000", target.sortedLog());
        assertEquals(96 * K, counters.copied());
        assertEquals(288 * K, counters.zeroed());
        assertEquals(128 * K, counters.zeroDetected());
    }

    @Test
    void targetOfUnknownContentGetsItsZeroesWritten() throws Exception {
        TestTarget target = target(CopyPolicy.whole(false));
        pipeline(CopyPolicy.whole(false), target, PipelineOptions.DEFAULT).run();

        assertEquals("""
                write 0x0+0x18000
                write 0x18000+0x8000
                zero 0x20000+0x20000 may-unmap
                zero 0x40000+0x20000 may-unmap
                zero 0x60000+0x20000 may-unmap""", target.sortedLog());
    }

    @Test
    void keptBaseIsHiddenByWholeClustersOnly() throws Exception {
        CopyPolicy policy = CopyPolicy.aboveBase(LENGTH, LENGTH, true);
        TestTarget target = target(policy, Trait.BACKING);
        CopyCounters counters = pipeline(policy, target, PipelineOptions.DEFAULT).run();

        assertEquals("""
                write 0x0+0x20000
                zero 0x20000+0x20000 may-unmap
                zero 0x40000+0x20000 may-unmap""", target.sortedLog());
        assertEquals(128 * K, counters.skipped());
    }

    @Test
    void sparseSizeZeroWritesAndAllocatesEverything() throws Exception {
        CopyPolicy policy = CopyPolicy.whole(true).withAllocateAll(true);
        TestTarget target = target(policy);
        pipeline(policy, target, PipelineOptions.DEFAULT.withSparseSize(0)).run();

        assertEquals("""
                write 0x0+0x18000
                write 0x18000+0x8000
                zero 0x20000+0x20000
                write 0x40000+0x20000
                zero 0x60000+0x20000""", target.sortedLog());
    }

    @Test
    void compressedClustersAreWrittenWhole() throws Exception {
        TestTarget target = target(CopyPolicy.whole(true), Trait.COMPRESS);
        pipeline(CopyPolicy.whole(true), target, PipelineOptions.DEFAULT.withCompress(true)).run();

        assertEquals("write 0x0+0x20000 compressed", target.sortedLog());
    }

    @Test
    void targetThatCannotZeroCheaplyGetsZeroBytes() throws Exception {
        TestTarget target = target(CopyPolicy.whole(false)).zeroing(range -> false);
        pipeline(CopyPolicy.whole(false), target, PipelineOptions.DEFAULT).run();

        assertEquals(LENGTH, target.bytesOf("write"));
        assertArrayEquals(disk.bytes, target.bytes);
    }

    @Test
    void autoOffloadsOnlyWhatIsNotSearchedForZeroes() throws Exception {
        disk.withOffsets();
        TestTarget searched = target(CopyPolicy.whole(true), Trait.OFFLOAD);
        pipeline(CopyPolicy.whole(true), searched, PipelineOptions.DEFAULT).run();
        TestTarget unsearched = target(CopyPolicy.whole(true), Trait.OFFLOAD);
        CopyCounters counters =
                pipeline(CopyPolicy.whole(true), unsearched, PipelineOptions.DEFAULT.withSparseSize(0)).run();

        assertEquals("write 0x0+0x18000", searched.sortedLog());
        assertEquals("offload 0x0+0x18000\noffload 0x40000+0x20000", unsearched.sortedLog());
        assertEquals(224 * K, counters.offloaded());
    }

    @Test
    void refusedOffloadIsRememberedAndTheRestIsCopied() throws Exception {
        disk.withOffsets();
        TestTarget target = target(CopyPolicy.whole(true), Trait.OFFLOAD).offloading(4096);
        CopyCounters counters = pipeline(CopyPolicy.whole(true), target, PipelineOptions.DEFAULT.withSparseSize(0)).run();

        assertArrayEquals(disk.bytes, target.bytes);
        assertEquals(4096, counters.offloaded());
        assertEquals(224 * K - 4096, counters.copied());
    }

    @Test
    void refusedOffloadIsAFailureWhenItIsDemanded() {
        disk.withOffsets();
        PipelineOptions always = PipelineOptions.DEFAULT.withOffload(OffloadMode.ALWAYS);

        for (TestTarget target : List.of(target(CopyPolicy.whole(true)),
                target(CopyPolicy.whole(true), Trait.OFFLOAD).offloading(4096))) {
            CopyPipeline pipeline = pipeline(CopyPolicy.whole(true), target, always);
            BlockException e = assertThrows(BlockException.class, pipeline::run);
            assertEquals(BlockException.Kind.UNSUPPORTED, e.kind());
            assertFalse(pipeline.isComplete());
        }
    }

    @Test
    void copyThatFitsOneSlotStartsNoThread() throws Exception {
        Set<String> threads = ConcurrentHashMap.newKeySet();
        disk.faulty((what, range) -> threads.add(Thread.currentThread().getName()));
        TestTarget target = target(CopyPolicy.whole(true))
                .faulty((what, range) -> threads.add(Thread.currentThread().getName()));
        pipeline(CopyPolicy.whole(true), target, PipelineOptions.DEFAULT.withSlots(4, 1 << 20)).run();

        assertEquals(Set.of(Thread.currentThread().getName()), threads);
    }

    @Test
    void threadsAreNamedByWhatTheyDo() throws Exception {
        Set<String> readers = ConcurrentHashMap.newKeySet();
        Set<String> writers = ConcurrentHashMap.newKeySet();
        disk.faulty((what, range) -> {
            if (what.equals("read")) {
                readers.add(Thread.currentThread().getName());
            }
        });
        TestTarget target = target(CopyPolicy.whole(true))
                .faulty((what, range) -> writers.add(Thread.currentThread().getName()));
        pipeline(CopyPolicy.whole(true), target, PipelineOptions.DEFAULT.withKind(PipelineShape.Kind.STAGED)
                .withThreads(1).withSlots(4, 64 * K)).run();

        assertEquals(Set.of("copy-reader-1"), readers);
        assertEquals(Set.of("copy-writer-1"), writers);
    }

    @Test
    void workersWorkAtOnce() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        disk.faulty((what, range) -> {
            if (what.equals("read")) {
                both.countDown();
                try {
                    assertTrue(both.await(20, TimeUnit.SECONDS), "two reads are never under way together");
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        });
        pipeline(CopyPolicy.whole(true), target(CopyPolicy.whole(true)),
                PipelineOptions.DEFAULT.withThreads(2).withSlots(8, 64 * K)).run();
    }

    @Test
    void reportTellsWhatEachStageDid() throws Exception {
        CopyPipeline pipeline = pipeline(CopyPolicy.whole(false), target(CopyPolicy.whole(false)),
                PipelineOptions.DEFAULT.withSlots(4, 64 * K).withStatistics(true));
        pipeline.run();
        StageReport report = pipeline.report().orElseThrow();

        assertEquals(96 * K + 128 * K, report.operation("read").orElseThrow().bytes());
        assertEquals(96 * K, report.operation("write").orElseThrow().bytes());
        assertEquals(96 * K + 128 * K, report.operation("scan").orElseThrow().bytes());
        assertEquals(LENGTH - 96 * K, report.operation("zero").orElseThrow().bytes());
        assertTrue(report.threads() >= 1 && report.maxSlotsInUse() >= 1 && report.maxSlotsInUse() <= 4, report.text());
        for (StageReport.Operation operation : report.operations()) {
            assertTrue(operation.p50Nanos() <= operation.p99Nanos() && operation.p99Nanos() <= operation.maxNanos());
        }
        assertTrue(report.text().contains("read") && report.text().contains("bottleneck: "), report.text());
        assertTrue(pipeline(CopyPolicy.whole(true), target(CopyPolicy.whole(true)), PipelineOptions.DEFAULT)
                .report().isEmpty());
    }

    @Test
    void histogramsAreNotLoadedWithoutStatistics() throws Exception {
        for (boolean statistics : new boolean[] {false, true}) {
            try (Loader loader = new Loader()) {
                loader.loadClass(Probe.class.getName()).getMethod("copy", boolean.class).invoke(null, statistics);
                assertTrue(loader.hasLoaded("org.blockferry.engine.pipeline.CopyRing"));
                assertEquals(statistics, loader.hasLoaded("org.blockferry.engine.pipeline.HdrStatistics"));
                assertEquals(statistics, loader.hasLoaded("org.HdrHistogram.Histogram"));
            }
        }
    }

    /** Loads everything of this project anew, and tells what it has loaded. */
    private static final class Loader extends ClassLoader implements AutoCloseable {
        boolean hasLoaded(String name) {
            return findLoadedClass(name) != null;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                if (!name.startsWith("org.blockferry.") && !name.startsWith("org.HdrHistogram.")) {
                    return super.loadClass(name, resolve);
                }
                Class<?> loaded = findLoadedClass(name);
                return loaded != null ? loaded : define(name);
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream in = CopyPipelineTest.class.getResourceAsStream("/" + name.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] code = in.readAllBytes();
                return defineClass(name, code, 0, code.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }

        @Override
        public void close() {
            // nothing is held
        }
    }

    /** A copy of its own, for a class loader of its own. */
    public static final class Probe {
        private Probe() {
        }

        public static void copy(boolean statistics) throws BlockException {
            TestDisk disk = TestDisk.empty(LENGTH).add(new ByteRange(0, LENGTH), Content.DATA, new Random(1));
            CopyPlan plan = new CopyPlanner(disk::status, disk.info().range(), CopyPolicy.whole(true),
                    new PlanLimits(1, 1, false, 1 << 20));
            new CopyPipeline(plan, disk, TestTarget.zeroed(LENGTH),
                    PipelineOptions.DEFAULT.withSlots(4, 4096).withStatistics(statistics), new CopyControl()).run();
        }
    }
}
