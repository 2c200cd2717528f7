package org.blockferry.engine.pipeline;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.blockferry.engine.util.ByteSize;

/**
 * How the stages of a copy did.
 *
 * @param shape {@link PipelineShape#explain}, or what else carried the plan out
 * @param elapsed wall time from the first action to the last byte
 * @param threads threads that were started, beside the calling one
 * @param slots slots in the ring
 * @param meanSlotsInUse mean number of slots handed over and not finished, seen at each hand-over
 * @param maxSlotsInUse the most that were
 * @param operations one line for each kind of work that was done at all
 * @param bottleneck what the copy waited for most
 */
public record StageReport(
        String shape,
        Duration elapsed,
        int threads,
        int slots,
        double meanSlotsInUse,
        int maxSlotsInUse,
        List<Operation> operations,
        String bottleneck) {

    /**
     * One kind of work over all threads.
     *
     * @param name {@code plan}, {@code wait}, {@code read}, {@code scan}, {@code write}, {@code zero}, {@code offload}
     * @param count requests
     * @param bytes bytes of these requests
     * @param busy time in them, added over all threads
     * @param p50Nanos half of the requests took at most this
     * @param p99Nanos 99 of 100 took at most this
     * @param maxNanos the slowest
     */
    public record Operation(
            String name, long count, long bytes, Duration busy, long p50Nanos, long p99Nanos, long maxNanos) {
    }

    public StageReport {
        operations = List.copyOf(operations);
    }

    /** The operation of this name, if any of its kind was done. */
    public Optional<Operation> operation(String name) {
        return operations.stream().filter(operation -> operation.name().equals(name)).findFirst();
    }

    /** Several lines for people. */
    public String text() {
        StringBuilder out = new StringBuilder();
        line(out, "%s%n", shape);
        line(out, "%.3f s, %d threads, slots in use: mean %.1f, most %d of %d%n",
                elapsed.toNanos() / 1e9, threads, meanSlotsInUse, maxSlotsInUse, slots);
        line(out, "%-8s %10s %10s %10s %10s %10s %10s%n", "", "requests", "bytes", "busy", "p50", "p99", "max");
        for (Operation operation : operations) {
            line(out, "%-8s %10d %10s %10s %10s %10s %10s%n", operation.name(), operation.count(),
                    ByteSize.format(operation.bytes()), time(operation.busy().toNanos()), time(operation.p50Nanos()),
                    time(operation.p99Nanos()), time(operation.maxNanos()));
        }
        line(out, "bottleneck: %s%n", bottleneck);
        return out.toString();
    }

    private static void line(StringBuilder out, String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values));
    }

    private static String time(long nanos) {
        if (nanos < 10_000) {
            return nanos + " ns";
        }
        return nanos < 10_000_000 ? nanos / 1000 + " us"
                : nanos < 10_000_000_000L ? nanos / 1_000_000 + " ms" : nanos / 1_000_000_000 + " s";
    }
}
