package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A running copy is told what to do over its socket; one whose target is full goes on when there is room. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CopyControlSocketTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    @BeforeEach
    void source() throws IOException {
        Peers.require("qemu-img");
        byte[] data = new byte[12 * MIB];
        new Random(21).nextBytes(data);
        Files.write(folder.resolve("disk.raw"), data);
    }

    private String name(String file) {
        return folder.resolve(file).toString();
    }

    private CompletableFuture<CliRun> start(String... words) {
        List<String> line = new ArrayList<>(List.of(words));
        line.addAll(List.of("--control", name("sock"), "-f", "raw"));
        CompletableFuture<CliRun> run = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                run.complete(CliRun.of(line.toArray(String[]::new)));
            } catch (RuntimeException | Error e) {
                run.completeExceptionally(e);
            }
        }, "copy under test");
        thread.setDaemon(true);
        thread.start();
        return run;
    }

    private CliRun job(String... words) {
        List<String> line = new ArrayList<>(List.of("job", name("sock")));
        line.addAll(List.of(words));
        return CliRun.of(line.toArray(String[]::new));
    }

    /** Asks until the answer is the wanted one. */
    private String awaitStatus(CompletableFuture<CliRun> copy, Predicate<String> wanted) throws Exception {
        while (true) {
            CliRun status = job("status");
            if (status.code() == 0 && wanted.test(status.out())) {
                return status.out();
            }
            if (copy.isDone()) {
                throw new AssertionError("the copy has ended: " + copy.get() + "; last status: " + status);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"copy", "convert"})
    void isPausedResumedAndLetGo(String command) throws Exception {
        // At a byte a second it would take months.
        CompletableFuture<CliRun> copy = start(command, "-r", "1", "-m", "1", name("disk.raw"), "-O", "qcow2", name("copy"));
        awaitStatus(copy, status -> status.startsWith("running"));
        job("pause").expect(0);
        assertTrue(job("status").expect(0).out().startsWith("paused"));
        job("speed", "0").expect(0);
        assertTrue(job("status").expect(0).out().startsWith("paused"));
        assertFalse(copy.isDone());
        CliRun refused = job("complete").expect(1);
        assertTrue(refused.err().contains("a copy ends by itself"), refused.err());
        job("resume").expect(0);
        copy.get(120, TimeUnit.SECONDS).expect(0);
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "qcow2", "disk.raw", "copy");
        assertFalse(Files.exists(folder.resolve("sock")));
    }

    @Test
    void isCancelled() throws Exception {
        CompletableFuture<CliRun> copy = start("copy", "-r", "1", "-m", "1", name("disk.raw"), name("copy"));
        awaitStatus(copy, status -> status.startsWith("running"));
        job("cancel").expect(0);
        CliRun run = copy.get(120, TimeUnit.SECONDS).expect(130);
        assertTrue(run.err().contains("cancelled; target not there"), run.err());
        assertFalse(Files.exists(folder.resolve("copy")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"raw", "qcow2"})
    void aFullTargetWaitsForRoom(String format) throws Exception {
        Peers.requireRoot("a small file system");
        Path small = Files.createDirectory(folder.resolve("small"));
        Peers.Result mount = Peers.tryRun(folder, "mount", "-t", "tmpfs", "-o", "size=5M", "tmpfs", small.toString());
        Assumptions.assumeTrue(mount.exitCode() == 0, () -> "skipped: a small file system: " + mount.err().strip());
        try {
            CompletableFuture<CliRun> copy = start("copy", "--on-enospc", "stop", name("disk.raw"), "-O", format,
                    small.resolve("copy").toString());
            awaitStatus(copy, status -> status.startsWith("paused") && status.contains("No space left on device"));
            // No room was made: it looks, and stops again.
            job("resume").expect(0);
            awaitStatus(copy, status -> status.startsWith("paused") && status.contains("No space left on device"));
            Peers.run(folder, "mount", "-o", "remount,size=64M", small.toString());
            job("resume").expect(0);
            CliRun run = copy.get(120, TimeUnit.SECONDS).expect(0);
            assertTrue(run.err().contains("paused: make room"), run.err());
            Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", format, "disk.raw", small.resolve("copy").toString());
            if (format.equals("qcow2")) {
                Peers.run(folder, "qemu-img", "check", small.resolve("copy").toString());
            }
        } finally {
            Peers.run(folder, "umount", "-l", small.toString());
        }
    }

    @Test
    void whatMakesNoSenseIsSaid() {
        for (String[] words : new String[][] {{"--on-enospc", "stop"}, {"--on-enospc", "wait"},
            {"-c", "-O", "qcow2", "--control", name("sock"), "--on-enospc", "stop"}}) {
            List<String> line = new ArrayList<>(List.of("copy"));
            line.addAll(List.of(words));
            line.addAll(List.of(name("disk.raw"), name("copy")));
            CliRun run = CliRun.of(line.toArray(String[]::new)).expect(2);
            assertTrue(run.err().contains("--on-enospc"), run.err());
            assertEquals(false, Files.exists(folder.resolve("copy")));
        }
    }
}
