package org.blockferry.bench.micro;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.blockferry.drivers.nbd.server.NbdServer;
import org.blockferry.drivers.nbd.server.NbdServerOptions;
import org.blockferry.drivers.nbd.server.ServedExport;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
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
 * What a message of NBD costs: our client and our server in one process, over a Unix socket, on a disk of zeroes that costs nothing.
 * An operation is one request and its reply, of one thread: framing, two system calls on each side, and a wake-up.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class NbdFramingBenchmark {
    private static final DriverRegistry DRIVERS = DriverRegistry.load();

    /** A read of {@code requestBytes}; nearly all framing when they are few. */
    @Benchmark
    public ByteBuffer read(Served disk) throws BlockException {
        disk.buffer.clear();
        disk.client.read(disk.next(), disk.buffer);
        return disk.buffer;
    }

    /** Block status of a range that was not asked for before: a reply with one extent or few. */
    @Benchmark
    public long status(Served disk) throws BlockException {
        return disk.client.status(new ByteRange(disk.next(), disk.requestBytes)).end();
    }

    /** A server and a client of it. */
    @State(Scope.Benchmark)
    public static class Served {
        private static final long DISK_BYTES = 1L << 40;
        /** Far enough apart that what is known of one request's place says nothing of the next. */
        private static final long STEP = 1L << 33;

        @Param({"512", "262144"})
        int requestBytes;

        ByteBuffer buffer;
        BlockSource client;
        private Path folder;
        private BlockSource disk;
        private NbdServer server;
        private long at;

        @Setup
        public void start() throws IOException {
            folder = Files.createTempDirectory("blockferry-nbd");
            ImageOpener opener = new ImageOpener(DRIVERS, OpenPolicy.DEFAULT);
            disk = opener.openChain("null:" + DISK_BYTES, Optional.of("raw"), OpenOptions.DEFAULT);
            server = NbdServer.start(NbdServerOptions.unix(folder.resolve("s")), List.of(ServedExport.readOnly("", disk)));
            client = opener.openChain("nbd+unix:///?socket=" + folder.resolve("s"), Optional.of("raw"), OpenOptions.DEFAULT);
            buffer = ByteBuffer.allocateDirect(requestBytes);
        }

        long next() {
            at = (at + STEP) % DISK_BYTES;
            return at;
        }

        @TearDown
        public void stop() throws IOException {
            client.close();
            server.close();
            disk.close();
            Files.deleteIfExists(folder.resolve("s"));
            Files.delete(folder);
        }
    }
}
