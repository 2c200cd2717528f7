package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever fails, wherever: the ring drains, the first failure is reported, and no thread is left. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CopyPipelineFaultTest {

    static LongStream seeds() {
        return LongStream.range(0, 200);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void oneFaultIsTheFailure(long seed) throws Exception {
        Random random = new Random(seed);
        CopyPipelinePropertyTest.Scenario scenario = new CopyPipelinePropertyTest.Scenario(seed);
        int requests = requestsOf(seed);
        int bad = random.nextInt(requests);
        boolean unchecked = random.nextInt(5) == 0;
        AtomicInteger count = new AtomicInteger();
        AtomicReference<Throwable> injected = new AtomicReference<>();
        Fault fault = (what, range) -> {
            if (count.getAndIncrement() == bad) {
                Exception e = unchecked ? new IllegalStateException("driver bug") : Fault.broken(what, range);
                injected.set(e);
                throwIt(e);
            }
        };
        scenario.source.faulty(fault);
        scenario.target.faulty(fault);
        CopyPipeline pipeline = new CopyPipeline(
                scenario.plan(), scenario.source, scenario.target, scenario.options, new CopyControl());

        String what = "seed " + seed + ", request " + bad + " of " + requests + ", " + pipeline.shape().explain();
        Throwable failure = failureOf(pipeline);
        assertSame(injected.get(), failure, what);
        if (failure == null) {
            // Threads share the work differently each time, so fewer requests than in the trial run may have been made.
            assertTrue(pipeline.isComplete(), what);
            return;
        }
        assertFalse(pipeline.isComplete(), what);
        assertCountsOnlyWhatIsDone(scenario, pipeline.counters(), what);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void everythingFailsFromSomewhereOn(long seed) throws Exception {
        Random random = new Random(seed);
        CopyPipelinePropertyTest.Scenario scenario = new CopyPipelinePropertyTest.Scenario(seed);
        int bad = random.nextInt(requestsOf(seed));
        AtomicInteger count = new AtomicInteger();
        Queue<Throwable> injected = new ConcurrentLinkedQueue<>();
        Fault fault = (what, range) -> {
            if (count.getAndIncrement() >= bad) {
                BlockException e = Fault.broken(what, range);
                injected.add(e);
                throw e;
            }
        };
        scenario.source.faulty(fault);
        scenario.target.faulty(fault);
        CopyPipeline pipeline = new CopyPipeline(
                scenario.plan(), scenario.source, scenario.target, scenario.options, new CopyControl());

        String what = "seed " + seed + ", from request " + bad + " on, " + pipeline.shape().explain();
        Throwable failure = failureOf(pipeline);
        if (injected.isEmpty()) {
            assertTrue(failure == null && pipeline.isComplete(), what);
            return;
        }
        assertTrue(injected.contains(failure), what + ": " + failure);
        assertTrue(injected.containsAll(List.of(failure.getSuppressed())), what);
        assertEquals(injected.size() - 1, failure.getSuppressed().length, what);
        assertFalse(pipeline.isComplete(), what);
        assertCountsOnlyWhatIsDone(scenario, pipeline.counters(), what);
    }

    private static Throwable failureOf(CopyPipeline pipeline) {
        Set<Thread> before = copyThreads();
        Throwable failure = null;
        try {
            pipeline.run();
        } catch (BlockException | IllegalStateException e) {
            failure = e;
        }
        Set<Thread> after = copyThreads();
        after.removeAll(before);
        assertEquals(Set.of(), after, "threads are left");
        return failure;
    }

    static Set<Thread> copyThreads() {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith("copy-"))
                .collect(Collectors.toSet());
    }

    private static void assertCountsOnlyWhatIsDone(
            CopyPipelinePropertyTest.Scenario scenario, CopyCounters counters, String what) {
        assertTrue(counters.done() < scenario.source.bytes.length, what);
        assertTrue(counters.copied() <= scenario.target.bytesOf("write"), what);
        assertTrue(counters.offloaded() <= scenario.target.bytesOf("offload"), what);
    }

    private static int requestsOf(long seed) throws Exception {
        CopyPipelinePropertyTest.Scenario scenario = new CopyPipelinePropertyTest.Scenario(seed);
        AtomicInteger count = new AtomicInteger();
        scenario.source.faulty((what, range) -> count.incrementAndGet());
        scenario.target.faulty((what, range) -> count.incrementAndGet());
        new CopyPipeline(scenario.plan(), scenario.source, scenario.target, scenario.options, new CopyControl()).run();
        return count.get();
    }

    private static void throwIt(Exception e) throws BlockException {
        if (e instanceof BlockException block) {
            throw block;
        }
        throw (IllegalStateException) e;
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void salvageReplacesOnlyWhatCannotBeRead(long seed) throws Exception {
        CopyPipelinePropertyTest.Scenario scenario = new CopyPipelinePropertyTest.Scenario(seed);
        Random random = new Random(seed);
        byte[] expected = scenario.source.bytes.clone();
        ByteRange bad = new ByteRange(random.nextInt(expected.length), 1);
        scenario.source.faulty((what, range) -> {
            if (what.equals("read") && range.overlaps(bad)) {
                throw Fault.broken(what, range);
            }
        });
        CopyPipeline pipeline = new CopyPipeline(scenario.plan(), scenario.source, scenario.target,
                scenario.options.withSalvage(true).withOffload(OffloadMode.NEVER), new CopyControl());

        CopyCounters counters = pipeline.run();

        assertTrue(pipeline.isComplete());
        if (counters.salvaged() > 0) {
            assertEquals(1, counters.salvagedRanges().size());
            ByteRange lost = counters.salvagedRanges().get(0);
            assertTrue(lost.contains(bad) && lost.length() <= 512, "seed " + seed + ": " + lost);
            Arrays.fill(expected, (int) lost.offset(), (int) lost.end(), (byte) 0);
        }
        assertEquals(-1, Arrays.mismatch(expected, scenario.target.bytes), "seed " + seed);
    }

    @Test
    void firstFailureIsKeptAndLaterOnesAreBounded() {
        FirstFailure failure = new FirstFailure();
        BlockException first = Fault.broken("read", new ByteRange(0, 1));
        failure.offer(first);
        for (int i = 0; i < 100; i++) {
            failure.offer(Fault.broken("write", new ByteRange(i, 1)));
        }
        failure.offer(first);

        assertSame(first, assertThrows(BlockException.class, failure::rethrow));
        assertEquals(8, first.getSuppressed().length);
    }
}
