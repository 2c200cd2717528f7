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
import org.blockferry.cli.CliRun;
import org.blockferry.cli.MirrorRun;
import org.blockferry.drivers.qmp.QemuUnderTest;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code mirror --qmp} when something fails on either side: what the policies say is done, in one line, and nothing is left. */
@Timeout(180)
class QemuMirrorFaultTest {
    @TempDir
    Path folder;

    @BeforeEach
    void images() throws IOException {
        Peers.require("qemu-img", "qemu-system-x86_64", "nbdkit");
        byte[] noise = new byte[8 << 20];
        new Random(12).nextBytes(noise);
        Files.write(folder.resolve("src.raw"), noise);
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    /** A QEMU whose disk fails to read once, at 1 MiB. */
    private QemuUnderTest failing() throws IOException {
        return QemuUnderTest.emulator(folder, "-blockdev", "driver=file,node-name=file,filename=src.raw", "-blockdev",
                "{\"driver\": \"blkdebug\", \"node-name\": \"debug\", \"image\": \"file\", \"inject-error\": [{\"event\": \"none\", "
                        + "\"iotype\": \"read\", \"errno\": 5, \"sector\": 2048, \"once\": true}]}", "-blockdev",
                "driver=raw,node-name=disk,file=debug");
    }

    private QemuUnderTest sound() throws IOException {
        return QemuUnderTest.emulator(folder, "-blockdev", "driver=file,node-name=file,filename=src.raw", "-blockdev",
                "driver=raw,node-name=disk,file=file");
    }

    private String[] words(String... more) {
        List<String> words = new ArrayList<>(List.of("--qmp", path("qmp"), "--node", "disk", "--control", path("control"),
                "--on-ready", "complete"));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    /** A server that fails every write as long as the file {@code fail} is there. */
    private PeerProcess target(String errno) throws IOException {
        Files.createFile(folder.resolve("fail"));
        return Peers.start(folder, "nbdkit", "-f", "--exit-with-parent", "-P", path("pid"), "-U", path("target"), "--filter=error",
                "file", path("dst.raw"), "error-pwrite=" + errno, "error-pwrite-rate=100%", "error-file=" + path("fail"))
                .await(folder.resolve("pid"));
    }

    private String uri() {
        return "nbd+unix:///?socket=" + path("target");
    }

    private static void assertNothingLeft(QemuUnderTest qemu) throws IOException {
        assertEquals(List.of(), qemu.execute("query-block-exports"));
        assertFalse(qemu.execute("query-named-block-nodes").toString().contains("dirty-bitmaps"), "bitmaps are left");
        qemu.nbdServer().execute("nbd-server-stop");
    }

    private static void assertOneLine(CliRun run, String what) {
        List<String> lines = run.err().lines().filter(line -> !line.startsWith("blockferry: warning: ")).toList();
        assertEquals(1, lines.size(), run.err());
        assertTrue(lines.get(0).startsWith("blockferry: ") && lines.get(0).contains(what), run.err());
    }

    @Test
    void aFailedReadIsReported() throws IOException {
        try (QemuUnderTest qemu = failing(); MirrorRun mirror = MirrorRun.start(words(path("dst.raw")))) {
            assertOneLine(mirror.finish().expect(1), "Input/output error");
            assertFalse(Files.exists(folder.resolve("dst.raw")));
            assertNothingLeft(qemu);
        }
    }

    @Test
    void aFailedReadIsTriedAgain() throws IOException {
        try (QemuUnderTest qemu = failing();
                MirrorRun mirror = MirrorRun.start(words("--on-source-error", "ignore", path("dst.raw")))) {
            CliRun run = mirror.finish().expect(0);
            assertTrue(run.err().contains("warning: "), run.err());
            assertNothingLeft(qemu);
        }
        Peers.run(folder, "cmp", "src.raw", "dst.raw");
    }

    @Test
    void aFailedReadPausesTheJobUntilItIsResumed() throws IOException {
        try (QemuUnderTest qemu = failing();
                MirrorRun mirror = MirrorRun.start(words("--on-source-error", "stop", "--json", path("dst.raw")))) {
            mirror.await("\"BLOCK_JOB_ERROR\"").await("\"paused\"");
            assertTrue(CliRun.of("job", path("control"), "status", "--json").expect(0).out().contains("\"io-status\":\"failed\""));
            CliRun.of("job", path("control"), "resume").expect(0);
            CliRun run = mirror.finish().expect(0);
            assertTrue(run.err().contains("\"operation\":\"read\",\"action\":\"stop\""), run.err());
            assertNothingLeft(qemu);
        }
        Peers.run(folder, "cmp", "src.raw", "dst.raw");
    }

    @ParameterizedTest
    @CsvSource({"report, EIO, Input/output error", "report, ENOSPC, No space left on device", "enospc, EIO, Input/output error",
        "auto, EIO, Input/output error"})
    void aFailedWriteIsReported(String policy, String errno, String message) throws IOException {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "raw", "dst.raw", "8M");
        try (PeerProcess server = target(errno); QemuUnderTest qemu = sound();
                MirrorRun mirror = MirrorRun.start(words("--on-target-error", policy, "-n", uri()))) {
            CliRun run = mirror.finish().expect(1);
            assertOneLine(run, message);
            assertTrue(run.err().contains("; target incomplete: "), run.err());
            assertNothingLeft(qemu);
            assertTrue(server.process().isAlive());
        }
    }

    @ParameterizedTest
    @CsvSource({"stop, EIO, failed", "stop, ENOSPC, nospace", "enospc, ENOSPC, nospace", "auto, ENOSPC, nospace"})
    void aFailedWritePausesTheJobUntilItIsResumed(String policy, String errno, String status) throws IOException {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "raw", "dst.raw", "8M");
        try (PeerProcess server = target(errno); QemuUnderTest qemu = sound();
                MirrorRun mirror = MirrorRun.start(words("--on-target-error", policy, "--json", "-n", uri()))) {
            mirror.await("\"BLOCK_JOB_ERROR\"").await("\"paused\"");
            CliRun asked = CliRun.of("job", path("control"), "status", "--json").expect(0);
            assertTrue(asked.out().contains("\"io-status\":\"" + status + "\""), asked.out());
            Files.delete(folder.resolve("fail"));
            CliRun.of("job", path("control"), "resume").expect(0);
            CliRun run = mirror.finish().expect(0);
            assertTrue(run.err().contains("\"operation\":\"write\",\"action\":\"stop\""), run.err());
            assertNothingLeft(qemu);
            assertTrue(server.process().isAlive());
        }
        Peers.run(folder, "cmp", "src.raw", "dst.raw");
    }

    @Test
    void aFailedWriteIsTriedAgain() throws IOException {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "raw", "dst.raw", "8M");
        try (PeerProcess server = target("EIO"); QemuUnderTest qemu = sound();
                MirrorRun mirror = MirrorRun.start(words("--on-target-error", "ignore", "-n", uri()))) {
            mirror.await("warning: ");
            Files.delete(folder.resolve("fail"));
            mirror.finish().expect(0);
            assertNothingLeft(qemu);
            assertTrue(server.process().isAlive());
        }
        Peers.run(folder, "cmp", "src.raw", "dst.raw");
    }

    @ParameterizedTest
    @CsvSource({"report", "stop", "ignore"})
    void aQemuThatIsKilledEndsTheJob(String policy) throws IOException {
        try (QemuUnderTest qemu = sound();
                MirrorRun mirror = MirrorRun.start(words("-r", "256K", "--on-source-error", policy, "--json", path("dst.raw")))) {
            mirror.await("\"running\"");
            qemu.process().destroyForcibly();
            CliRun run = mirror.finish().expect(1);
            List<String> lines = run.err().lines().filter(line -> line.startsWith("blockferry: ")).toList();
            assertEquals(1, lines.size(), run.err());
        }
        assertFalse(Files.exists(folder.resolve("dst.raw")));
        assertFalse(Files.exists(folder.resolve("control")), "the control socket is left");
    }

    @Test
    void aQemuThatIsKilledWhileTheJobWaitsEndsIt() throws IOException {
        try (QemuUnderTest qemu = sound();
                MirrorRun mirror = MirrorRun.start(words("--on-ready", "wait", path("dst.raw"))).awaitReady()) {
            qemu.process().destroyForcibly();
            CliRun run = mirror.finish().expect(1);
            assertTrue(run.err().contains("QEMU"), run.err());
        }
        assertFalse(Files.exists(folder.resolve("dst.raw")));
    }

    @Test
    void aTargetServerThatIsKilledEndsTheJobAndTheGuestGoesOn() throws IOException {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "raw", "dst.raw", "8M");
        try (PeerProcess server = target("EIO")) {
            Files.delete(folder.resolve("fail"));
            try (QemuUnderTest qemu = sound();
                    MirrorRun mirror = MirrorRun.start(words("-r", "256K", "-n", uri()))) {
                server.await("the job writes", () -> written() > 0);
                server.process().destroyForcibly();
                assertOneLine(mirror.finish().expect(1), "target incomplete: ");
                assertTrue(qemu.execute("query-status").toString().contains("running=true"));
                assertNothingLeft(qemu);
            }
        }
    }

    /** Bytes of the target that are not zero, more or less. */
    private long written() {
        try {
            byte[] bytes = Files.readAllBytes(folder.resolve("dst.raw"));
            long count = 0;
            for (byte value : bytes) {
                count += value == 0 ? 0 : 1;
            }
            return count;
        } catch (IOException e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }
}
