package org.blockferry.bench.macro;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.blockferry.drivers.synthetic.MemoryDisk;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.pipeline.CopyControl;
import org.blockferry.engine.pipeline.CopyCounters;
import org.blockferry.engine.pipeline.CopyPipeline;
import org.blockferry.engine.pipeline.DirectCopier;
import org.blockferry.engine.pipeline.OffloadMode;
import org.blockferry.engine.pipeline.PipelineOptions;
import org.blockferry.engine.pipeline.PipelineShape;
import org.blockferry.engine.pipeline.QueueCopier;
import org.blockferry.engine.plan.CopyPlan;
import org.blockferry.engine.plan.CopyPlanner;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.plan.PlanLimits;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Whole copies between two ends, from opening to completion, in one warm process; an operation is a copy. A rate is {@code
 * copyBytes} by its time. Every byte goes through the slots: nothing is offloaded to the system, which would copy files by itself
 * and leave nothing to compare.
 *
 * <p>Allocation per slot: run with two values of {@code copyBytes}, and divide the difference of {@code gc.alloc.rate.norm} by
 * the difference in slots ({@code copyBytes / slotBytes}). What a copy allocates once, threads and lists of runs, drops out.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class CopyThroughput {
    private static final DriverRegistry DRIVERS = DriverRegistry.load();
    private static final ImageOpener OPENER = new ImageOpener(DRIVERS, OpenPolicy.DEFAULT);

    /** Neither end does anything but fill buffers with zeroes, and zeroes are not looked for: the engine itself. */
    @Benchmark
    public long nullToNull(How how) throws BlockException {
        return how.copy(open("null:" + how.copyBytes, "raw"), create("null:", "raw", how), 0);
    }

    /** Half of the disk is data, which is computed: processor work on one side. */
    @Benchmark
    public long sparseRandomToNull(How how) throws BlockException {
        return how.copy(open("sparse-random:" + how.copyBytes + "?seed=7&percent=50", "raw"), create("null:", "raw", how),
                PipelineOptions.DEFAULT_SPARSE_SIZE);
    }

    /** Into a new disk on the heap: for each 64 KiB that are written the target allocates as much. */
    @Benchmark
    public long memoryToMemory(How how, MemoryImage image) throws BlockException {
        return how.copy(image.disk, MemoryDisk.ofLength("memory", how.copyBytes), PipelineOptions.DEFAULT_SPARSE_SIZE);
    }

    /** Files in the folder for temporary files, or where the system property {@code bench.dir} says; in the page cache. */
    @Benchmark
    public long fileToFile(How how, FileImages images) throws IOException {
        return images.copy(how, "raw", "raw");
    }

    @Benchmark
    public long qcow2ToRaw(How how, FileImages images) throws IOException {
        return images.copy(how, "qcow2", "raw");
    }

    @Benchmark
    public long rawToQcow2(How how, FileImages images) throws IOException {
        return images.copy(how, "raw", "qcow2");
    }

    private static BlockSource open(String image, String format) throws BlockException {
        return OPENER.openChain(image, Optional.of(format), OpenOptions.DEFAULT);
    }

    private static BlockTarget create(String image, String format, How how) throws BlockException {
        return OPENER.createTarget(image, format, CreateOptions.ofLength(how.copyBytes).withCache(CacheMode.UNSAFE));
    }

    private static void fill(BlockTarget disk, long length) throws BlockException {
        SplittableRandom random = new SplittableRandom(7);
        byte[] bytes = new byte[1 << 20];
        random.nextBytes(bytes);
        for (long at = 0; at < length; at += bytes.length) {
            int step = (int) Math.min(bytes.length, length - at);
            disk.write(at, ByteBuffer.allocateDirect(step).put(bytes, 0, step).flip(), EnumSet.noneOf(WriteFlag.class));
        }
    }

    /** The shape of a copy. */
    @State(Scope.Benchmark)
    public static class How {
        /**
         * {@code direct}: one thread without a ring. {@code fused}, {@code staged}: the ring. {@code queue}: the rejected {@link
         * QueueCopier}.
         */
        @Param({"direct", "fused", "staged", "queue"})
        String shape;

        /** Threads that read and as many that write; those of the fused shape and of the queue do both. */
        @Param("2")
        int threads;

        @Param({"65536", "262144", "2097152"})
        int slotBytes;

        @Param("67108864")
        long copyBytes;

        /** Closes the target, and the source unless it is kept on the heap; returns the bytes that were dealt with. */
        long copy(BlockSource source, BlockTarget target, int sparseSize) throws BlockException {
            PipelineOptions options = PipelineOptions.DEFAULT.withThreads(threads).withSlots(0, slotBytes)
                    .withSparseSize(sparseSize).withOffload(OffloadMode.NEVER);
            CopyPolicy policy = CopyPolicy.whole(target.info().has(Trait.READS_ZERO_WHEN_NEW));
            CopyPlan plan = new CopyPlanner(
                    source::status, source.info().range(), policy, PlanLimits.of(target.info(), false));
            try {
                CopyCounters counters = switch (shape) {
                    case "direct" -> new DirectCopier(plan, source, target, options, new CopyControl()).run();
                    case "fused" -> ring(PipelineShape.Kind.FUSED, plan, source, target, options);
                    case "staged" -> ring(PipelineShape.Kind.STAGED, plan, source, target, options);
                    case "queue" -> new QueueCopier(plan, source, target, options).run();
                    default -> throw new IllegalArgumentException("shape " + shape);
                };
                target.complete();
                long done = counters.done();
                if (done < copyBytes) {
                    throw new IllegalStateException("only " + done + " of " + copyBytes + " bytes were dealt with");
                }
                return done;
            } finally {
                target.close();
                if (!(source instanceof MemoryDisk)) {
                    source.close();
                }
            }
        }

        private static CopyCounters ring(PipelineShape.Kind kind, CopyPlan plan, BlockSource source, BlockTarget target,
                PipelineOptions options) throws BlockException {
            return new CopyPipeline(plan, source, target, options.withKind(kind), new CopyControl()).run();
        }
    }

    /** A full disk on the heap. */
    @State(Scope.Benchmark)
    public static class MemoryImage {
        MemoryDisk disk;

        @Setup
        public void fill(How how) throws IOException {
            disk = MemoryDisk.ofLength("memory", how.copyBytes);
            CopyThroughput.fill(disk, how.copyBytes);
        }
    }

    /** A full disk in two files, and the place for the copy. */
    @State(Scope.Benchmark)
    public static class FileImages {
        private Path folder;
        private Path target;

        @Setup
        public void make(How how) throws IOException {
            String parent = System.getProperty("bench.dir", System.getProperty("java.io.tmpdir"));
            folder = Files.createTempDirectory(Path.of(parent), "blockferry-copy");
            target = folder.resolve("target");
            for (String format : new String[] {"raw", "qcow2"}) {
                try (BlockTarget image = create(source(format), format, how)) {
                    CopyThroughput.fill(image, how.copyBytes);
                    image.complete();
                }
            }
        }

        private String source(String format) {
            return folder.resolve("source." + format).toString();
        }

        long copy(How how, String from, String to) throws IOException {
            long done = how.copy(open(source(from), from), create(target.toString(), to, how),
                    PipelineOptions.DEFAULT_SPARSE_SIZE);
            Files.delete(target);
            return done;
        }

        @TearDown
        public void delete() throws IOException {
            for (String format : new String[] {"raw", "qcow2"}) {
                Files.delete(Path.of(source(format)));
            }
            Files.delete(folder);
        }
    }
}
