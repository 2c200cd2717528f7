package org.blockferry.engine.pipeline;

import com.lmax.disruptor.BlockingWaitStrategy;
import com.lmax.disruptor.SleepingWaitStrategy;
import com.lmax.disruptor.YieldingWaitStrategy;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to hand a slot over, from the planner through the stages until it is free again; an operation is one slot.
 * {@code parking} is what copies use. Threads stay from one invocation to the next. The processor time ({@code cpu.norm} of
 * {@code bench/jmh}) counts as much as the clock: what waiting threads burn is lost to those that copy.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class HandOffBenchmark {
    private static final int BATCH = 1000;

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long parking(Parking way) throws InterruptedException {
        return way.pass();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long blocking(Blocking way) throws InterruptedException {
        return way.pass();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long sleeping(Sleeping way) throws InterruptedException {
        return way.pass();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long yielding(Yielding way) throws InterruptedException {
        return way.pass();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long queue(Queue way) throws InterruptedException {
        return way.pass();
    }

    /** One way of handing over, with its threads. */
    @State(Scope.Benchmark)
    public abstract static class Way {
        /** Threads that read and write, or threads that read and behind them threads that write. */
        @Param({"fused-2", "staged-1+1", "staged-2+2"})
        String shape;

        /** Work on a slot in each stage, in JMH's tokens of about 2 nanoseconds; copying 256 KiB from file to file takes more. */
        @Param({"0", "20000"})
        long workTokens;

        private HandOff handOff;

        abstract HandOff make(int readers, int writers);

        @Setup(Level.Trial)
        public void start() {
            handOff = switch (shape) {
                case "fused-2" -> make(2, 0);
                case "staged-1+1" -> make(1, 1);
                case "staged-2+2" -> make(2, 2);
                default -> throw new IllegalArgumentException("shape " + shape);
            };
        }

        long pass() throws InterruptedException {
            return handOff.pass(BATCH);
        }

        @TearDown(Level.Trial)
        public void end() throws InterruptedException {
            handOff.end();
        }
    }

    /** Ours. */
    public static class Parking extends Way {
        @Override
        HandOff make(int readers, int writers) {
            return new HandOff.OverRing(new ParkingWaitStrategy(readers + writers + 1), readers, writers, workTokens);
        }
    }

    /** The Disruptor's default: a lock for the cursor, spinning for a stage. */
    public static class Blocking extends Way {
        @Override
        HandOff make(int readers, int writers) {
            return new HandOff.OverRing(new BlockingWaitStrategy(), readers, writers, workTokens);
        }
    }

    /** Spins, yields, then sleeps for 100 nanoseconds at a time, which the kernel makes some 50 microseconds. */
    public static class Sleeping extends Way {
        @Override
        HandOff make(int readers, int writers) {
            return new HandOff.OverRing(new SleepingWaitStrategy(), readers, writers, workTokens);
        }
    }

    /** Spins, then yields for as long as it takes. */
    public static class Yielding extends Way {
        @Override
        HandOff make(int readers, int writers) {
            return new HandOff.OverRing(new YieldingWaitStrategy(), readers, writers, workTokens);
        }
    }

    /** No ring: array-blocking queues. */
    public static class Queue extends Way {
        @Override
        HandOff make(int readers, int writers) {
            return new HandOff.OverQueues(readers, writers, workTokens);
        }
    }
}
