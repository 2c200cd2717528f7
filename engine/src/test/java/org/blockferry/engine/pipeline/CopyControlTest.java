package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.plan.CopyPlan;
import org.blockferry.engine.plan.CopyPlanner;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.plan.PlanLimits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CopyControlTest {
    private static final int LENGTH = 4 << 20;
    private static final PipelineOptions SMALL_SLOTS =
            PipelineOptions.DEFAULT.withSlots(4, 64 << 10).withThreads(2).withSparseSize(0);

    private final TestDisk source = TestDisk.empty(LENGTH)
            .add(new ByteRange(0, LENGTH), TestDisk.Content.DATA, new Random(1));
    private final CopyControl control = new CopyControl();

    private CopyPlan plan() {
        return new CopyPlanner(source::status, source.info().range(), CopyPolicy.whole(true),
                new PlanLimits(1, 1, false, 128 << 20));
    }

    @ParameterizedTest
    @EnumSource(value = PipelineShape.Kind.class, names = {"FUSED", "STAGED"})
    void finishInFlightWritesWhatHasBeenRead(PipelineShape.Kind kind) throws Exception {
        TestTarget target = TestTarget.zeroed(LENGTH);
        AtomicInteger reads = new AtomicInteger();
        AtomicInteger begun = new AtomicInteger();
        source.faulty((what, range) -> {
            if (what.equals("read")) {
                begun.incrementAndGet();
                if (reads.incrementAndGet() == 10) {
                    control.cancel(CancelMode.FINISH_IN_FLIGHT);
                }
            }
        });
        CopyPipeline pipeline = new CopyPipeline(plan(), source, target, SMALL_SLOTS.withKind(kind), control);

        CopyCounters counters = pipeline.run();

        assertTrue(control.isCancelled());
        assertFalse(pipeline.isComplete());
        assertEquals((long) begun.get() * (64 << 10), target.bytesOf("write"));
        assertEquals(target.bytesOf("write"), counters.copied());
    }

    @ParameterizedTest
    @EnumSource(value = PipelineShape.Kind.class, names = {"FUSED", "STAGED"})
    void abandonDropsWhatHasBeenRead(PipelineShape.Kind kind) throws Exception {
        TestTarget target = TestTarget.zeroed(LENGTH);
        CountDownLatch cancelled = new CountDownLatch(1);
        target.faulty((what, range) -> {
            control.cancel(CancelMode.ABANDON);
            cancelled.countDown();
        });
        AtomicInteger reads = new AtomicInteger();
        source.faulty((what, range) -> {
            if (what.equals("read") && reads.incrementAndGet() > 1) {
                await(cancelled);
            }
        });
        CopyPipeline pipeline = new CopyPipeline(plan(), source, target, SMALL_SLOTS.withKind(kind), control);

        CopyCounters counters = pipeline.run();

        assertFalse(pipeline.isComplete());
        assertEquals(1, target.log().size(), "only the write that was under way: " + target.sortedLog());
        assertEquals(64 << 10, counters.copied());
    }

    @Test
    void cancelBeforeTheStartDoesNothing() throws Exception {
        TestTarget target = TestTarget.zeroed(LENGTH);
        control.cancel(CancelMode.FINISH_IN_FLIGHT);
        CopyPipeline pipeline = new CopyPipeline(plan(), source, target, SMALL_SLOTS, control);

        assertEquals(0, pipeline.run().done());
        assertFalse(pipeline.isComplete());
    }

    @Test
    void cancelAfterTheEndDoesNotUndoIt() throws Exception {
        CopyPipeline pipeline = new CopyPipeline(plan(), source, TestTarget.zeroed(LENGTH), SMALL_SLOTS, control);
        pipeline.run();
        control.cancel(CancelMode.ABANDON);

        assertTrue(pipeline.isComplete());
        assertThrows(IllegalStateException.class, pipeline::run);
    }

    @Test
    void abandonSharpensFinishInFlightAndIsNotUndone() {
        control.cancel(CancelMode.FINISH_IN_FLIGHT);
        control.cancel(CancelMode.ABANDON);
        control.cancel(CancelMode.FINISH_IN_FLIGHT);

        assertEquals(Optional.of(CancelMode.ABANDON), control.cancelMode());
    }

    @Test
    void pausedCopyBeginsNothingUntilItIsResumed() throws Exception {
        TestTarget target = TestTarget.zeroed(LENGTH);
        AtomicInteger reads = new AtomicInteger();
        CountDownLatch paused = new CountDownLatch(1);
        source.faulty((what, range) -> {
            if (what.equals("read") && reads.incrementAndGet() == 5) {
                control.pause();
                paused.countDown();
            }
        });
        CopyPipeline pipeline = new CopyPipeline(plan(), source, target, SMALL_SLOTS, control);
        FutureTask<CopyCounters> task = new FutureTask<>(pipeline::run);
        Thread caller = new Thread(task, "caller");
        caller.start();
        paused.await();
        awaitState(caller, Thread.State.WAITING);
        awaitNothingInFlight();
        long whilePaused = pipeline.counters().copied();
        assertTrue(whilePaused < LENGTH && !task.isDone());

        control.resume();

        assertEquals(LENGTH, task.get().copied());
        assertTrue(pipeline.isComplete());
    }

    @Test
    void pausedCopyCanBeCancelled() throws Exception {
        control.pause();
        CopyPipeline pipeline = new CopyPipeline(plan(), source, TestTarget.zeroed(LENGTH), SMALL_SLOTS, control);
        FutureTask<CopyCounters> task = new FutureTask<>(pipeline::run);
        Thread caller = new Thread(task, "caller");
        caller.start();
        awaitState(caller, Thread.State.WAITING);

        control.cancel(CancelMode.FINISH_IN_FLIGHT);

        assertEquals(0, task.get().done());
    }

    @Test
    void interruptOfTheCallerCancelsAndStaysSet() throws Exception {
        TestTarget target = TestTarget.zeroed(LENGTH);
        Thread caller = Thread.currentThread();
        AtomicInteger reads = new AtomicInteger();
        source.faulty((what, range) -> {
            if (what.equals("read") && reads.incrementAndGet() == 3) {
                caller.interrupt();
            }
        });
        CopyPipeline pipeline = new CopyPipeline(plan(), source, target, SMALL_SLOTS, control);

        pipeline.run();

        assertTrue(Thread.interrupted());
        assertTrue(control.isCancelled());
        assertEquals(pipeline.counters().copied(), target.bytesOf("write"));
    }

    @Test
    void rateIsKeptOnAClockThatOnlyWaitingMoves() throws Exception {
        AtomicLong now = new AtomicLong();
        Pacer.Clock clock = new Pacer.Clock() {
            @Override
            public long nanoTime() {
                return now.get();
            }

            @Override
            public void await(CopyControl control, long nanos) {
                now.addAndGet(nanos);
            }
        };
        control.setRate(1 << 20);

        new CopyPipeline(plan(), source, TestTarget.zeroed(LENGTH), SMALL_SLOTS, control, clock).run();

        // 4 MiB at 1 MiB/s; the last slice's worth and one slot may be ahead.
        double seconds = now.get() / 1e9;
        assertTrue(seconds >= 3.7 && seconds <= 4.0, "took " + seconds + " s");
    }

    @Test
    void zeroesAndSkippedRangesAreFreeOfTheRate() throws Exception {
        TestDisk zeroes = TestDisk.empty(LENGTH).add(new ByteRange(0, LENGTH), TestDisk.Content.ZERO, new Random(1));
        control.setRate(1);
        TestTarget target = TestTarget.of(LENGTH, BlockLimits.NONE, Trait.FAST_ZERO);
        CopyPlan plan = new CopyPlanner(zeroes::status, zeroes.info().range(), CopyPolicy.whole(false),
                new PlanLimits(1, 1, false, 1 << 16));

        new CopyPipeline(plan, zeroes, target, SMALL_SLOTS, control).run();

        assertEquals(LENGTH, target.bytesOf("zero"));
    }

    private void awaitNothingInFlight() {
        for (Thread thread : CopyPipelineFaultTest.copyThreads()) {
            awaitState(thread, Thread.State.WAITING);
        }
    }

    private static void awaitState(Thread thread, Thread.State state) {
        while (thread.getState() != state && thread.isAlive()) {
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
