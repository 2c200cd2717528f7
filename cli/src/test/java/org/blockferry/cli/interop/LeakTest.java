package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.pipeline.CancelMode;
import org.blockferry.engine.testing.LeakCheck;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A copy that has ended, well or not, holds no file, no thread, no lock and no buffer any more. */
class LeakTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    /** How a copy ends. */
    enum End { DONE, FAILED, CANCELLED, ABANDONED, REFUSED, NOT_RUN }

    @BeforeEach
    void images() throws IOException {
        Peers.require("qemu-img");
        Assumptions.assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "skipped: open files are counted in /proc");
        byte[] data = new byte[8 * MIB];
        new Random(2).nextBytes(data);
        Files.write(folder.resolve("disk.raw"), data);
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "disk.raw", "base.qcow2");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "disk.qcow2");
        Peers.run(folder, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "disk.raw", "packed.qcow2");
        // Reads well until its last cluster.
        Files.copy(folder.resolve("base.qcow2"), folder.resolve("cut.qcow2"));
        try (var file = java.nio.channels.FileChannel.open(folder.resolve("cut.qcow2"),
                java.nio.file.StandardOpenOption.WRITE)) {
            file.truncate(file.size() - 65536);
        }
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().filter(Thread::isAlive).map(Thread::getName)
                .filter(name -> name.startsWith("copy-") || name.equals("progress") || name.contains("blockferry")).toList();
    }

    private static long directBytes() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .findFirst().orElseThrow().getMemoryUsed();
    }

    private void copy(String source, String target, End end) throws Exception {
        CopyOptions options = CopyOptions.copy(path(end == End.FAILED ? "cut.qcow2" : source), path(target))
                .targetFormat(end == End.REFUSED ? "qcow2" : target.substring(target.lastIndexOf('.') + 1))
                .noCreate(end == End.REFUSED).build();
        if (end == End.REFUSED) {
            Files.writeString(folder.resolve(target), "short");
            assertThrows(BlockException.class, () -> CopyJob.open(DriverRegistry.load(), options));
            return;
        }
        try (CopyJob job = CopyJob.open(DriverRegistry.load(), options)) {
            switch (end) {
                case DONE -> assertEquals("complete", job.run().targetState());
                case FAILED -> assertThrows(BlockException.class, job::run);
                case CANCELLED -> cancel(job, CancelMode.FINISH_IN_FLIGHT);
                case ABANDONED -> cancel(job, CancelMode.ABANDON);
                default -> job.plan();
            }
        }
    }

    /** In the midst of it: a rate makes the copy wait, and the one who cancels waits for its first bytes. */
    private static void cancel(CopyJob job, CancelMode mode) throws Exception {
        job.control().setRate(MIB);
        Thread canceller = new Thread(() -> {
            while (job.progress().done() == 0) {
                Thread.onSpinWait();
            }
            job.control().cancel(mode);
        });
        canceller.start();
        assertTrue(job.run().cancelled());
        canceller.join();
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsLeftWhenACopyEnds(End end) throws Exception {
        for (String source : List.of("disk.raw", "disk.qcow2", "packed.qcow2")) {
            for (String target : List.of("t.raw", "t.qcow2")) {
                copy(source, target, end);
                assertEquals(List.of(), LeakCheck.openFiles(folder), source + " to " + target);
                assertEquals(List.of(), threads(), source + " to " + target);
                try (Stream<Path> files = Files.list(folder)) {
                    assertTrue(files.noneMatch(file -> file.getFileName().toString().endsWith(".blockferry")),
                            "a temporary file");
                }
                // Nor a lock: QEMU can write to both.
                Peers.require("qemu-io");
                Peers.run(folder, "qemu-io", "-f", source.endsWith("raw") ? "raw" : "qcow2", "-c", "write -P 1 0 512", source);
                Files.deleteIfExists(folder.resolve(target));
            }
        }
    }

    @Test
    void buffersDoNotAddUp() throws Exception {
        for (End end : End.values()) {
            copy("disk.raw", "t.raw", end);
            Files.deleteIfExists(folder.resolve("t.raw"));
        }
        long before = directBytes();
        // Forty copies with slots of some 32 MiB: without giving back this would pass a gigabyte.
        for (int i = 0; i < 40; i++) {
            copy("disk.raw", "t.qcow2", End.values()[i % 4]);
            Files.deleteIfExists(folder.resolve("t.qcow2"));
        }
        System.gc();
        long after = directBytes();
        assertTrue(after < before + (64L << 20), "direct memory was " + before + " and is " + after);
    }

    @Test
    void theCommandLeavesNothingEither() {
        for (String source : List.of("disk.raw", "disk.qcow2", "cut.qcow2", "missing")) {
            CliRun.of("copy", "-p", "--stats", path(source), path("t.qcow2"));
            CliRun.of("copy", "--dry-run", path(source), path("t.qcow2"));
            CliRun.of("copy", "--backing", path("base.qcow2"), path(source), path("u.qcow2"));
            assertEquals(List.of(), LeakCheck.openFiles(folder), source);
            assertEquals(List.of(), threads(), source);
        }
    }
}
