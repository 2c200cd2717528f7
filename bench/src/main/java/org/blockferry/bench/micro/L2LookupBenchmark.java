package org.blockferry.bench.micro;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
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
 * Where a cluster of a qcow2 image is, asked of one cluster at a time in no order, as a guest would; an operation is a lookup. Within
 * 16 GiB all tables stay in memory; over 1 TiB most lookups read a piece of a table first.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class L2LookupBenchmark {
    private static final int CLUSTER = 64 << 10;

    @Benchmark
    public int lookUp(Image image) throws BlockException {
        return image.source.status(new ByteRange(image.next(), CLUSTER)).bits();
    }

    /** An image with a data cluster in each of its gibibytes. */
    @State(Scope.Benchmark)
    public static class Image {
        private static final int PLACES = 1 << 12;

        @Param({"16", "1024"})
        int gibibytes;

        BlockSource source;
        private final long[] places = new long[PLACES];
        private Path image;
        private int at;

        @Setup
        public void open() throws IOException {
            DriverRegistry drivers = DriverRegistry.load();
            image = Files.createTempDirectory("blockferry-lookup").resolve("image.qcow2");
            String disk = "sparse-random:" + gibibytes + "G?seed=11&runlength=64K&percent=" + 100.0 / (1 << 14);
            CopyOptions copy = CopyOptions.builder().source(disk).sourceFormat("raw").target(image.toString()).targetFormat("qcow2")
                    .targetCache(CacheMode.UNSAFE).build();
            try (CopyJob job = CopyJob.open(drivers, copy)) {
                job.run();
            }
            source = new ImageOpener(drivers, OpenPolicy.DEFAULT).openChain(image.toString(), Optional.of("qcow2"),
                    OpenOptions.DEFAULT);
            Random random = new Random(11);
            for (int i = 0; i < PLACES; i++) {
                places[i] = random.nextInt(gibibytes << 14) * (long) CLUSTER;
            }
        }

        long next() {
            at = at + 1 & PLACES - 1;
            return places[at];
        }

        @TearDown
        public void close() throws IOException {
            source.close();
            Files.delete(image);
            Files.delete(image.getParent());
        }
    }
}
