package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.blockferry.engine.testing.LoopDevice;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * {@code kill -9} at random moments of a copy, over each kind of target: nothing that opens as a finished image is left that is not one,
 * the next copy is whole, and nothing of those that were killed lies about. A moment is a part of the time that an undisturbed copy
 * takes; the seed is fixed, the machine is not.
 */
@Timeout(900)
class KillTest {
    private static final int LENGTH = 24 << 20;
    private static final byte[] OLD = "what was there before".getBytes();

    @TempDir
    Path folder;
    private long usualMillis;

    /** What a copy goes to. */
    enum Target {
        NEW_RAW, NEW_QCOW2, COMPRESSED, REPLACED, IN_PLACE, DEVICE, NBD, RESUMED_RAW, RESUMED_QCOW2
    }

    @BeforeEach
    void source() throws IOException {
        Peers.require("qemu-img", "qemu-nbd");
        Random random = new Random(11);
        byte[] data = new byte[1 << 20];
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.raw").toFile(), "rw")) {
            file.setLength(LENGTH);
            for (int at = 0; at < LENGTH; at += 3 << 20) {
                random.nextBytes(data);
                file.seek(at);
                file.write(data);
            }
        }
    }

    private String name(String file) {
        return folder.resolve(file).toString();
    }

    private Process start(List<String> words) throws IOException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx64m", "-XX:MaxDirectMemorySize=48m",
                "-cp", System.getProperty("java.class.path"), "org.blockferry.cli.Main", "copy", "-q", "-f", "raw"));
        command.addAll(words);
        return new ProcessBuilder(command).redirectInput(new File("/dev/null"))
                .redirectErrorStream(true).redirectOutput(folder.resolve("said").toFile()).start();
    }

    /** Runs to the end, however often that was tried before. */
    private void finish(List<String> words) throws Exception {
        long start = System.nanoTime();
        Process process = start(words);
        try {
            assertTrue(process.waitFor(120, TimeUnit.SECONDS), "still running");
        } finally {
            process.destroyForcibly();
        }
        assertEquals(0, process.exitValue(), Files.readString(folder.resolve("said")));
        usualMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }

    /** Whether it came to its end before it was killed. */
    private boolean killed(List<String> words, Random random) throws Exception {
        Process process = start(words);
        long millis = usualMillis / 3 + random.nextInt((int) Math.max(1, usualMillis * 3 / 4));
        boolean ended = process.waitFor(millis, TimeUnit.MILLISECONDS);
        process.destroyForcibly();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "does not die");
        return !ended;
    }

    @ParameterizedTest
    @EnumSource(Target.class)
    void leavesNothingThatLooksFinished(Target target) throws Exception {
        kill(target, 3);
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource(Target.class)
    void leavesNothingThatLooksFinishedAHundredTimes(Target target) throws Exception {
        kill(target, 100);
    }

    private void kill(Target target, int times) throws Exception {
        switch (target) {
            case NEW_RAW -> kill(target, times, "raw", name("copy"), "-O", "raw");
            case NEW_QCOW2 -> kill(target, times, "qcow2", name("copy"), "-O", "qcow2");
            case COMPRESSED -> kill(target, times, "qcow2", name("copy"), "-c", "-O", "qcow2");
            case REPLACED -> kill(target, times, "raw", name("copy"), "-O", "raw", "-t", "writeback");
            case IN_PLACE -> {
                Peers.run(folder, "qemu-img", "create", "-f", "qcow2", "copy", String.valueOf(LENGTH));
                kill(target, times, "qcow2", name("copy"), "-n", "-O", "qcow2");
            }
            case RESUMED_RAW -> kill(target, times, "raw", name("copy"), "-O", "raw", "--resume", "--journal-interval", "1M");
            case RESUMED_QCOW2 -> kill(target, times, "qcow2", name("copy"), "-O", "qcow2", "--resume", "--journal-interval", "1M");
            case DEVICE -> {
                Peers.run(folder, "qemu-img", "create", "-f", "raw", "device", String.valueOf(2L * LENGTH));
                try (LoopDevice device = LoopDevice.attach(folder.resolve("device"), 512)) {
                    kill(target, times, "qcow2", device.device().toString(), "-O", "qcow2");
                }
            }
            case NBD -> {
                Peers.run(folder, "qemu-img", "create", "-f", "raw", "served", String.valueOf(2L * LENGTH));
                try (PeerProcess server = Peers.start(folder, "qemu-nbd", "-t", "-e", "8", "-f", "raw", "-k", name("sock"),
                        "--pid-file", name("pid"), "served").await(folder.resolve("pid"))) {
                    kill(target, times, "qcow2", "nbd+unix:///?socket=" + name("sock"), "-O", "qcow2");
                    assertTrue(server.process().isAlive());
                }
            }
            default -> throw new AssertionError(target);
        }
    }

    private void kill(Target target, int times, String format, String where, String... options) throws Exception {
        List<String> words = new ArrayList<>(List.of(options));
        words.addAll(List.of(name("disk.raw"), where));
        finish(words);
        assertSame(format, where);
        Random random = new Random(target.ordinal());
        for (int i = 0; i < times; i++) {
            begin(target);
            boolean killed = killed(words, random);
            check(target, format, where, killed);
        }
        finish(words);
        assertSame(format, where);
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(), files.map(file -> file.getFileName().toString()).filter(file -> file.startsWith(".")).toList());
        }
    }

    /** What stands there before a copy. */
    private void begin(Target target) throws IOException {
        switch (target) {
            case REPLACED -> Files.write(folder.resolve("copy"), OLD);
            case NEW_RAW, NEW_QCOW2, COMPRESSED -> Files.deleteIfExists(folder.resolve("copy"));
            case RESUMED_RAW, RESUMED_QCOW2 -> {
                if (!Files.exists(folder.resolve(".copy.blockferry-partial"))) {
                    Files.deleteIfExists(folder.resolve("copy"));
                }
            }
            default -> {
                // The image, device or server of the copy before.
            }
        }
    }

    private void check(Target target, String format, String where, boolean killed) throws Exception {
        Path copy = folder.resolve("copy");
        switch (target) {
            case REPLACED -> {
                if (Files.size(copy) == OLD.length) {
                    assertArrayEquals(OLD, Files.readAllBytes(copy));
                } else {
                    assertSame(format, where);
                }
            }
            case NEW_RAW, NEW_QCOW2, COMPRESSED, RESUMED_RAW, RESUMED_QCOW2 -> {
                if (Files.exists(copy)) {
                    assertSame(format, where);
                } else {
                    assertTrue(killed, Files.readString(folder.resolve("said")));
                }
            }
            // It is an image all the time: one without contradictions. Space that nothing refers to is no harm.
            case IN_PLACE -> {
                Peers.Result result = Peers.tryRun(folder, "qemu-img", "check", "-f", "qcow2", where);
                assertTrue(result.exitCode() == 0 || result.exitCode() == 3, result.out() + result.err());
            }
            case DEVICE, NBD -> {
                if (opens(where)) {
                    assertSame(format, where);
                } else {
                    assertTrue(killed, Files.readString(folder.resolve("said")));
                }
            }
            default -> throw new AssertionError(target);
        }
    }

    private boolean opens(String where) {
        return Peers.tryRun(folder, "qemu-img", "info", "-f", "qcow2", where).exitCode() == 0;
    }

    private void assertSame(String format, String where) {
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", format, "disk.raw", where);
    }
}
