package org.blockferry.bench.micro;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
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
 * A walk over all extents of a disk, from the first byte to the last; an operation is a walk. Data, 16 MiB in some 250 runs, is
 * the same whatever {@code gibibytes} says. A qcow2 image of 16 GiB has it in at most 32 L2 tables, one of 1 TiB in about as many
 * tables as there are runs: more than are kept.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class StatusWalkBenchmark {
    private static final DriverRegistry DRIVERS = DriverRegistry.load();

    @Benchmark
    public int sparseRandom(SparseRandom disk) throws BlockException {
        return walk(disk.source);
    }

    /** Through an image that is open already: its tables are read again only as far as they were not kept. */
    @Benchmark
    public int qcow2(Qcow2 disk) throws BlockException {
        return walk(disk.source);
    }

    /** What a copy, {@code map} or {@code measure} does once: open, walk, close. */
    @Benchmark
    public int qcow2Opened(Qcow2 disk) throws BlockException {
        try (BlockSource source = open(disk.image.toString(), "qcow2")) {
            return walk(source);
        }
    }

    private static BlockSource open(String image, String format) throws BlockException {
        return new ImageOpener(DRIVERS, OpenPolicy.DEFAULT).openChain(image, Optional.of(format), OpenOptions.DEFAULT);
    }

    /** Returns how many runs there are. */
    private static int walk(BlockSource source) throws BlockException {
        long length = source.info().length();
        int runs = 0;
        for (long at = 0; at < length; runs++) {
            BlockStatus status = source.status(ByteRange.between(at, length));
            at = status.end();
        }
        return runs;
    }

    /** A computed disk. */
    @State(Scope.Benchmark)
    public static class SparseRandom {
        private static final double DATA_PERCENT_OF_1_GIB = 1.6;

        @Param({"16", "1024"})
        int gibibytes;

        BlockSource source;

        @Setup
        public void open() throws IOException {
            source = StatusWalkBenchmark.open(location(), "raw");
        }

        String location() {
            return "sparse-random:" + gibibytes + "G?seed=7&runlength=64K&percent=" + DATA_PERCENT_OF_1_GIB / gibibytes;
        }

        @TearDown
        public void close() throws IOException {
            source.close();
        }
    }

    /** The same, copied to an image in the temporary folder. */
    public static class Qcow2 extends SparseRandom {
        Path image;

        @Override
        public void open() throws IOException {
            image = Files.createTempDirectory("blockferry-walk").resolve("walk.qcow2");
            CopyOptions copy = CopyOptions.builder().source(location()).sourceFormat("raw").target(image.toString())
                    .targetFormat("qcow2").targetCache(CacheMode.UNSAFE).build();
            try (CopyJob job = CopyJob.open(DRIVERS, copy)) {
                job.run();
            }
            source = StatusWalkBenchmark.open(image.toString(), "qcow2");
        }

        @Override
        public void close() throws IOException {
            super.close();
            Files.delete(image);
            Files.delete(image.getParent());
        }
    }
}
