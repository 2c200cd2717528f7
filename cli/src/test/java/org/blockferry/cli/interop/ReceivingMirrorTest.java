package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.blockferry.cli.ServeRun;
import org.blockferry.drivers.qmp.GuestWriter;
import org.blockferry.drivers.qmp.QemuUnderTest;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * QEMU's own mirror job into {@code serve}, as libvirt migrates storage, while a guest writes to an export that was made before
 * the job. The guest goes on writing through the switch; at the end the target holds all that was answered.
 */
@Timeout(180)
class ReceivingMirrorTest {
    private static final String SIZE = "24M";

    @TempDir
    Path folder;

    /** base.qcow2 ← src.qcow2 with data, zeroes and holes of both; before.raw reads the same. */
    @BeforeEach
    void images() throws IOException {
        Peers.require("qemu-img", "qemu-io", "qemu-system-x86_64");
        byte[] noise = new byte[4 << 20];
        new Random(11).nextBytes(noise);
        Files.write(folder.resolve("noise"), noise);
        run("qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", SIZE);
        run("qemu-io", "-c", "write -s noise 0 4M", "-c", "write -P 9 12M 1M", "-c", "write -P 8 20M 1M", "base.qcow2");
        run("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "src.qcow2");
        run("qemu-io", "-c", "write -s noise 6M 3M", "-c", "write -zu 12M 512k", "-c", "write -P 0 20M 512k", "-c",
                "write -P 3 1M 64k", "src.qcow2");
        run("qemu-img", "convert", "-O", "raw", "src.qcow2", "before.raw");
    }

    private void run(String... command) {
        Peers.run(folder, command);
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private QemuUnderTest source() throws IOException {
        return QemuUnderTest.emulator(folder, "-blockdev", "driver=file,node-name=file,filename=src.qcow2", "-blockdev",
                "driver=qcow2,node-name=disk,file=file").nbdServer();
    }

    private ServeRun serve(String image, String format, String sync) {
        if (format.equals("raw")) {
            run("qemu-img", "create", "-q", "-f", "raw", image, SIZE);
        } else if (sync.equals("top")) {
            run("qemu-img", "create", "-q", "-f", format, "-b", "base.qcow2", "-F", "qcow2", image);
        } else {
            run("qemu-img", "create", "-q", "-f", format, image, SIZE);
        }
        return ServeRun.start("--persistent", "-f", format, "--socket", path("target"), "--name", "dst", path(image));
    }

    private static void target(QemuUnderTest qemu, Path socket) throws IOException {
        qemu.execute("blockdev-add", Map.of("driver", "nbd", "node-name", "target", "export", "dst", "server",
                Map.of("type", "unix", "path", socket.toString())));
    }

    private static void mirror(QemuUnderTest qemu, String sync, String mode, Map<String, Object> more) throws IOException {
        Map<String, Object> arguments = new HashMap<>(Map.of("job-id", "m", "device", "disk", "target", "target", "sync", sync,
                "copy-mode", mode));
        arguments.putAll(more);
        qemu.execute("blockdev-mirror", arguments);
    }

    private static void awaitCompleted(QemuUnderTest qemu) {
        Map<?, ?> end = (Map<?, ?>) qemu.awaitEvent("BLOCK_JOB_COMPLETED");
        assertEquals(end.get("len"), end.get("offset"), end.toString());
        assertEquals(null, end.get("error"), end.toString());
    }

    @ParameterizedTest
    @CsvSource({"raw, full, background", "raw, full, write-blocking", "qcow2, full, background", "qcow2, full, write-blocking",
        "qcow2, top, background", "qcow2, top, write-blocking"})
    void aMirrorJobEndsInOurServer(String format, String sync, String mode) throws IOException {
        try (ServeRun serve = serve("dst", format, sync);
                QemuUnderTest qemu = source();
                GuestWriter guest = GuestWriter.start(qemu.export("disk", "guest"), folder.resolve("before.raw"), 21)) {
            guest.await(20);
            target(qemu, folder.resolve("target"));
            mirror(qemu, sync, mode, Map.of());
            qemu.awaitEvent("BLOCK_JOB_READY");
            guest.await(50);
            qemu.execute("block-job-complete", Map.of("device", "m"));
            awaitCompleted(qemu);
            // From here on the guest's writes go to the target only.
            guest.await(50);
            guest.stop().expected(folder.resolve("expected.raw"));
            guest.leave();
            qemu.quit();
            serve.stop().expect(143);
        }
        run("qemu-img", "compare", "-f", "raw", "-F", format, "expected.raw", "dst");
        if (format.equals("qcow2")) {
            run("qemu-img", "check", "dst");
        }
    }

    @Test
    void driveMirrorFindsOurServerByItsUri() throws IOException {
        try (ServeRun serve = serve("dst", "qcow2", "full");
                QemuUnderTest qemu = source();
                GuestWriter guest = GuestWriter.start(qemu.export("disk", "guest"), folder.resolve("before.raw"), 22)) {
            qemu.execute("drive-mirror", Map.of("job-id", "m", "device", "disk", "target", serve.uri(), "format", "raw", "mode",
                    "existing", "sync", "full"));
            qemu.awaitEvent("BLOCK_JOB_READY");
            guest.await(50);
            qemu.execute("block-job-complete", Map.of("device", "m"));
            awaitCompleted(qemu);
            guest.await(50);
            guest.stop().expected(folder.resolve("expected.raw"));
            guest.leave();
            qemu.quit();
            serve.stop().expect(143);
        }
        run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", "expected.raw", "dst");
        run("qemu-img", "check", "dst");
    }

    /** What libvirt does at the end of a migration: the guest is paused, and the job is cancelled at ready. */
    @ParameterizedTest
    @CsvSource({"raw, full", "qcow2, top"})
    void aMirrorCancelledAtReadyLeavesASnapshot(String format, String sync) throws IOException {
        try (ServeRun serve = serve("dst", format, sync);
                QemuUnderTest qemu = source();
                GuestWriter guest = GuestWriter.start(qemu.export("disk", "guest"), folder.resolve("before.raw"), 23)) {
            target(qemu, folder.resolve("target"));
            mirror(qemu, sync, "background", Map.of("auto-finalize", true));
            qemu.awaitEvent("BLOCK_JOB_READY");
            guest.await(50);
            guest.stop().expected(folder.resolve("expected.raw"));
            qemu.execute("block-job-cancel", Map.of("device", "m"));
            awaitCompleted(qemu);
            guest.leave();
            qemu.quit();
            serve.stop().expect(143);
        }
        run("qemu-img", "compare", "-f", "raw", "-F", format, "expected.raw", "dst");
        run("qemu-img", "compare", "-f", "qcow2", "-F", format, "src.qcow2", "dst");
    }

    @Test
    void theStorageDaemonsMirrorEndsInOurServer() throws IOException {
        Peers.require("qemu-storage-daemon");
        try (ServeRun serve = serve("dst", "qcow2", "top");
                QemuUnderTest qemu = QemuUnderTest.daemon(folder, "--blockdev", "driver=file,node-name=file,filename=src.qcow2",
                        "--blockdev", "driver=qcow2,node-name=disk,file=file").nbdServer();
                GuestWriter guest = GuestWriter.start(qemu.export("disk", "guest"), folder.resolve("before.raw"), 25)) {
            target(qemu, folder.resolve("target"));
            mirror(qemu, "top", "write-blocking", Map.of());
            qemu.awaitEvent("BLOCK_JOB_READY");
            guest.await(50);
            qemu.execute("block-job-complete", Map.of("device", "m"));
            awaitCompleted(qemu);
            guest.await(50);
            guest.stop().expected(folder.resolve("expected.raw"));
            guest.leave();
            qemu.quit();
            serve.stop().expect(143);
        }
        run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", "expected.raw", "dst");
        run("qemu-img", "check", "dst");
    }

    /** A server that dies for good is QEMU's job's error, and the guest goes on at the source. */
    @Test
    void aServerThatIsGoneFailsTheJobAndNotTheGuest() throws IOException {
        try (ServeRun serve = serve("dst", "raw", "full");
                QemuUnderTest qemu = source();
                GuestWriter guest = GuestWriter.start(qemu.export("disk", "guest"), folder.resolve("before.raw"), 26)) {
            target(qemu, folder.resolve("target"));
            mirror(qemu, "full", "background", Map.of());
            qemu.awaitEvent("BLOCK_JOB_READY");
            serve.stop().expect(143);
            guest.await(20);
            Map<?, ?> end = (Map<?, ?>) qemu.awaitEvent("BLOCK_JOB_COMPLETED");
            assertEquals("Input/output error", end.get("error"), end.toString());
            guest.await(20);
            guest.stop().expected(folder.resolve("expected.raw"));
        }
        run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", "expected.raw", "src.qcow2");
    }

    /** The server is ended and started again while QEMU's job runs; its NBD client reconnects, and the job goes on. */
    @Test
    void aServerThatComesBackGoesOn() throws IOException {
        List<String> server = List.of("--persistent", "-f", "qcow2", "--socket", path("target"), "--name", "dst", path("dst"));
        try (ServeRun first = serve("dst", "qcow2", "full");
                QemuUnderTest qemu = source();
                GuestWriter guest = GuestWriter.start(qemu.export("disk", "guest"), folder.resolve("before.raw"), 24)) {
            qemu.execute("blockdev-add", Map.of("driver", "nbd", "node-name", "target", "export", "dst", "reconnect-delay", 60,
                    "server", Map.of("type", "unix", "path", path("target"))));
            mirror(qemu, "full", "background", Map.of());
            guest.await(5);
            first.stop().expect(143);
            try (ServeRun second = ServeRun.start(server.toArray(String[]::new))) {
                qemu.awaitEvent("BLOCK_JOB_READY");
                guest.await(20);
                qemu.execute("block-job-complete", Map.of("device", "m"));
                awaitCompleted(qemu);
                guest.await(20);
                guest.stop().expected(folder.resolve("expected.raw"));
                guest.leave();
                qemu.quit();
                second.stop().expect(143);
            }
        }
        run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", "expected.raw", "dst");
        run("qemu-img", "check", "dst");
    }
}
