package org.blockferry.engine.pipeline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/** Measures with one recorder for each thread and kind of work, so that no thread ever waits for another to count. */
final class HdrStatistics implements Statistics {
    /** Two digits: 1 % of a latency is finer than it repeats. */
    private static final int DIGITS = 2;

    private final long startNanos = System.nanoTime();
    private final List<Timer> timers = new CopyOnWriteArrayList<>();
    private long handOvers;
    private long inUseSum;
    private long inUseMost;

    @Override
    public StageTimer timer() {
        Timer timer = new Timer();
        timers.add(timer);
        return timer;
    }

    @Override
    public void handedOver(long inUse) {
        handOvers++;
        inUseSum += inUse;
        inUseMost = Math.max(inUseMost, inUse);
    }

    @Override
    public Optional<StageReport> report(String shape, int threads, int slots) {
        long elapsed = System.nanoTime() - startNanos;
        List<StageReport.Operation> operations = new ArrayList<>();
        for (StageOp op : StageOp.values()) {
            Histogram all = new Histogram(DIGITS);
            long bytes = 0;
            long busy = 0;
            for (Timer timer : timers) {
                Work work = timer.work[op.ordinal()];
                if (work != null) {
                    all.add(work.recorder.getIntervalHistogram());
                    bytes += work.bytes;
                    busy += work.busy;
                }
            }
            if (all.getTotalCount() > 0) {
                operations.add(new StageReport.Operation(op.word(), all.getTotalCount(), bytes, Duration.ofNanos(busy),
                        all.getValueAtPercentile(50), all.getValueAtPercentile(99), all.getMaxValue()));
            }
        }
        return Optional.of(new StageReport(shape, Duration.ofNanos(elapsed), threads, slots,
                handOvers == 0 ? 0 : (double) inUseSum / handOvers, (int) inUseMost, operations,
                bottleneck(operations, elapsed)));
    }

    /** The planner waiting for slots means that the stages are too slow; then it is the one they spend most time in. */
    private static String bottleneck(List<StageReport.Operation> operations, long elapsed) {
        long planning = busy(operations, StageOp.PLAN);
        Optional<StageReport.Operation> most = operations.stream()
                .filter(operation -> !operation.name().equals(StageOp.PLAN.word())
                        && !operation.name().equals(StageOp.WAIT.word()))
                .max(Comparator.comparing(StageReport.Operation::busy));
        if (most.isEmpty() || planning > elapsed / 2) {
            return StageOp.PLAN.word();
        }
        return most.get().name();
    }

    private static long busy(List<StageReport.Operation> operations, StageOp op) {
        return operations.stream().filter(operation -> operation.name().equals(op.word()))
                .mapToLong(operation -> operation.busy().toNanos()).sum();
    }

    /** Written by one thread; read by another when that one has ended. */
    private static final class Work {
        private final SingleWriterRecorder recorder = new SingleWriterRecorder(DIGITS);
        private long bytes;
        private long busy;
    }

    private static final class Timer implements StageTimer {
        private final Work[] work = new Work[StageOp.values().length];

        @Override
        public long start() {
            return System.nanoTime();
        }

        @Override
        public void done(StageOp op, long start, long bytes) {
            long nanos = Math.max(0, System.nanoTime() - start);
            Work mine = work[op.ordinal()];
            if (mine == null) {
                mine = new Work();
                work[op.ordinal()] = mine;
            }
            mine.recorder.recordValue(nanos);
            mine.bytes += bytes;
            mine.busy += nanos;
        }
    }
}
