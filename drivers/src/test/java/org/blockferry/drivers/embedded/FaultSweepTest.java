package org.blockferry.drivers.embedded;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.blockferry.drivers.filter.Faults.Fault;
import org.blockferry.drivers.filter.Operation;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.testing.LeakCheck;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Fails each request of a copy in turn, of each kind and on either side, and looks at what is left: the failure that was
 * injected is the one that is reported, with its node, offset and number; everything is closed; no thread, descriptor, buffer
 * or temporary file stays; what stood under the target's name stands there still.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FaultSweepTest {
    private static final int KIB = 1 << 10;
    private static final int LENGTH = 512 * KIB;
    private static final long DIRECT_SLACK = 2L << 20;

    /** How a request fails. */
    private enum Way {
        EIO(Kind.IO, Errno.EIO),
        ENOSPC(Kind.NO_SPACE, Errno.ENOSPC),
        EINTR(Kind.IO, Errno.EINTR),
        EAGAIN(Kind.IO, Errno.EAGAIN),
        ETIMEDOUT(Kind.IO, Errno.ETIMEDOUT),
        EACCES(Kind.ACCESS_DENIED, Errno.EACCES),
        EROFS(Kind.READ_ONLY, Errno.EROFS);

        private final Kind kind;
        private final int errno;

        Way(Kind kind, int errno) {
            this.kind = kind;
            this.errno = errno;
        }

        /** It first fails at the {@code n}-th request of this kind, and then so many times. */
        private Fault at(Operation operation, int n, long times) {
            return new Fault(operation, new ByteRange(0, Long.MAX_VALUE), n - 1, times, kind, errno);
        }
    }

    @TempDir
    Path folder;
    private byte[] content;

    @BeforeEach
    void images() throws IOException {
        Peers.require("qemu-img", "qemu-io");
        content = new byte[LENGTH];
        new Random(24).nextBytes(content);
        // A hole, zeroes that are written, and an end that is no multiple of a cluster.
        Arrays.fill(content, 128 * KIB, 256 * KIB, (byte) 0);
        Arrays.fill(content, 320 * KIB, 352 * KIB, (byte) 0);
        content = Arrays.copyOf(content, LENGTH - 3 * 512);
        Files.write(folder.resolve("disk.raw"), content);
        Peers.run(folder, "fallocate", "-p", "-o", "128KiB", "-l", "128KiB", "disk.raw");
        byte[] base = content.clone();
        Arrays.fill(base, 0, 64 * KIB, (byte) 7);
        Files.write(folder.resolve("base.raw"), base);
        Files.write(folder.resolve("twin.raw"), base);
        Peers.run(folder, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "disk.raw", "packed.qcow2");
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-B", "base.raw", "-F", "raw", "disk.raw",
                "overlay.qcow2");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "old.qcow2", String.valueOf(content.length));
        Peers.run(folder, "qemu-io", "-c", "write -q -P 9 0 192k", "old.qcow2");
        Files.copy(folder.resolve("old.qcow2"), folder.resolve("old.qcow2.kept"));
        byte[] old = new byte[content.length];
        Arrays.fill(old, (byte) 9);
        Files.write(folder.resolve("old.raw"), old);
        Files.copy(folder.resolve("old.raw"), folder.resolve("old.raw.kept"));
    }

    private List<String> files() {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One copy with faults on either side; the failure, if it failed. */
    private Optional<BlockException> copy(SweepShape shape, SweepFault reading, SweepFault writing) throws IOException {
        if (shape.isInPlace()) {
            Files.copy(folder.resolve(shape.target() + ".kept"), folder.resolve(shape.target()),
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.deleteIfExists(folder.resolve(shape.target()));
        }
        try {
            shape.run(HookedFiles.registry(reading, writing, shape.isInOrder()), folder);
            return Optional.empty();
        } catch (BlockException e) {
            return Optional.of(e);
        }
    }

    private void assertWhole(SweepShape shape, String what) throws IOException {
        Path target = folder.resolve(shape.target());
        if (shape.format().equals("raw")) {
            assertArrayEquals(content, Files.readAllBytes(target), what);
        } else {
            CopyOptions back = CopyOptions.copy(target.toString(), folder.resolve("back.raw").toString()).build();
            try (CopyJob job = CopyJob.open(DriverRegistry.load(), back)) {
                job.run();
            }
            assertArrayEquals(content, Files.readAllBytes(folder.resolve("back.raw")), what);
            Files.delete(folder.resolve("back.raw"));
        }
    }

    /** Lets one request fail, and everything after it of the same kind if asked; returns whether it came to that. */
    private boolean sweep(SweepShape shape, boolean source, Operation operation, int n, Way way, boolean lasting,
            List<String> before) throws IOException {
        String what = shape + ", " + (source ? "source" : "target") + ": " + operation.word() + " no. " + n + " fails with "
                + way
                + (lasting ? ", and all later ones" : "");
        Fault fault = way.at(operation, n, lasting ? Long.MAX_VALUE : 1);
        SweepFault reading = source ? new SweepFault(fault) : new SweepFault();
        SweepFault writing = source ? new SweepFault() : new SweepFault(fault);

        Optional<BlockException> failure = copy(shape, reading, writing);

        List<BlockException> thrown = (source ? reading : writing).thrown();
        if (failure.isEmpty()) {
            // Threads share the work differently each time. And what was read has been read, however badly the source closes.
            assertTrue(thrown.isEmpty() || source && operation == Operation.CLOSE, what + ": reported as done");
            assertWhole(shape, what);
        } else {
            assertReported(failure.get(), thrown, what);
            if (operation != Operation.CLOSE && !shape.isInPlace()) {
                assertFalse(Files.exists(folder.resolve(shape.target())), what + ": something stands under the target's name");
            }
        }
        // More often is allowed: a second close does nothing.
        assertTrue(opened(reading, operation, source, thrown) <= reading.asked(Operation.CLOSE), what + ": sources left open");
        assertTrue(opened(writing, operation, !source, thrown) <= writing.asked(Operation.CLOSE), what + ": targets left open");
        Files.deleteIfExists(folder.resolve(shape.isInPlace() ? "none" : shape.target()));
        assertEquals(before, files(), what);
        assertEquals(List.of(), LeakCheck.openFiles(folder), what);
        assertEquals(List.of(), threads(), what);
        return !thrown.isEmpty();
    }

    /** What could be opened must be closed. */
    private static int opened(SweepFault side, Operation operation, boolean failing, List<BlockException> thrown) {
        return side.asked(Operation.OPEN) - (failing && operation == Operation.OPEN ? thrown.size() : 0);
    }

    private static void assertReported(BlockException failure, List<BlockException> thrown, String what) {
        assertFalse(thrown.isEmpty(), () -> what + ": nothing was to fail: " + failure);
        BlockException first = thrown.stream().filter(fault -> fault.getMessage().equals(failure.getMessage())).findFirst()
                .orElse(thrown.get(0));
        assertEquals(first.kind(), failure.kind(), what + ": " + failure);
        if (failure.getCause() == first) {
            // Of a backing file: the image that named it is told as well.
            assertTrue(failure.getMessage().contains(first.getMessage().substring(first.node().length())), what + ": "
                    + failure);
            assertTrue(failure.getMessage().contains("'" + first.node() + "'"), what + ": " + failure);
        } else {
            assertEquals(first.node(), failure.node(), what + ": " + failure);
            assertEquals(first.range(), failure.range(), what + ": " + failure);
        }
        assertEquals(first.errno(), failure.errno(), what + ": " + failure);
        assertEquals(1, failure.getMessage().lines().count(), what);
        assertTrue(failure.getMessage().endsWith("injected fault"), what + ": " + failure);
    }

    /** @param dense whether each request fails in every way; otherwise each in one, in turn */
    private void sweepAll(SweepShape shape, boolean dense) throws IOException {
        SweepFault reading = new SweepFault();
        SweepFault writing = new SweepFault();
        Optional<BlockException> failure = copy(shape, reading, writing);
        assertTrue(failure.isEmpty(), () -> shape + " without faults: " + failure);
        assertWhole(shape, shape + " without faults");
        if (!shape.isInPlace()) {
            Files.delete(folder.resolve(shape.target()));
        }
        List<String> before = files();
        long direct = directBytes(Long.MIN_VALUE);
        List<Operation> failed = new ArrayList<>();
        int turn = 0;
        for (boolean source : new boolean[] {true, false}) {
            for (Operation operation : Operation.values()) {
                int count = (source ? reading : writing).asked(operation);
                boolean some = false;
                for (int n = 1; n <= count; n++) {
                    List<Way> ways = dense ? List.of(Way.values()) : List.of(Way.values()[turn++ % Way.values().length]);
                    for (Way way : ways) {
                        some |= sweep(shape, source, operation, n, way, false, before);
                    }
                    if (dense || turn % 3 == 0) {
                        some |= sweep(shape, source, operation, n, ways.get(0), true, before);
                    }
                }
                if (some) {
                    failed.add(operation);
                }
            }
        }
        assertTrue(failed.containsAll(shape.operations()), shape + ": only " + failed);
        long after = directBytes(direct + DIRECT_SLACK);
        assertTrue(after <= direct + DIRECT_SLACK, shape + ": direct memory was " + direct + " bytes and is " + after);
    }

    @ParameterizedTest
    @EnumSource
    void eachRequestFailsOnce(SweepShape shape) throws IOException {
        sweepAll(shape, false);
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource
    void eachRequestFailsInEveryWay(SweepShape shape) throws IOException {
        sweepAll(shape, true);
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().filter(Thread::isAlive).map(Thread::getName)
                .filter(name -> name.startsWith("copy-")).toList();
    }

    /**
     * Bytes of direct buffers once the collector has freed what nobody holds; waits some seconds for at most {@code wanted}.
     */
    private static long directBytes(long wanted) {
        BufferPoolMXBean pool = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(each -> each.getName().equals("direct")).findFirst().orElseThrow();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(wanted == Long.MIN_VALUE ? 1 : 30);
        long used = Long.MAX_VALUE;
        do {
            System.gc();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            long now = pool.getMemoryUsed();
            if (wanted == Long.MIN_VALUE && now >= used) {
                return used;
            }
            used = now;
        } while (used > wanted && System.nanoTime() < deadline);
        return used;
    }
}
