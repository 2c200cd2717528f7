package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.MirrorRun;
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
 * {@code mirror --qmp}: a disk of a running QEMU into every kind of target, while a guest writes at random to an export that
 * was made before the job.
 */
@Timeout(180)
class QemuMirrorTest {
    private static final String SIZE = "24M";

    @TempDir
    Path folder;

    /** base.qcow2 ← src.qcow2 with data, zeroes and holes of both; before.raw reads the same. */
    @BeforeEach
    void images() throws IOException {
        Peers.require("qemu-img", "qemu-io", "qemu-system-x86_64", "qemu-storage-daemon");
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

    private QemuUnderTest qemu() throws IOException {
        return QemuUnderTest.emulator(folder, "-blockdev", "driver=file,node-name=file,filename=src.qcow2", "-blockdev",
                "driver=qcow2,node-name=disk,file=file").nbdServer();
    }

    private GuestWriter guest(QemuUnderTest qemu, long seed) throws IOException {
        return GuestWriter.start(qemu.export("disk", "guest"), folder.resolve("before.raw"), seed);
    }

    /** {@code mirror}, over the NBD server that the guest's export is on, waiting when it is ready. */
    private MirrorRun mirror(String... more) {
        return MirrorRun.start(arguments("wait", more));
    }

    private String[] arguments(String onReady, String... more) {
        List<String> words = new ArrayList<>(List.of("--qmp", path("qmp"), "--node", "disk", "--nbd-server",
                "nbd+unix:///?socket=" + path("nbd"), "--control", path("control"), "--on-ready",
                onReady));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    private CliRun complete(MirrorRun mirror) {
        CliRun.of("job", path("control"), "complete").expect(0);
        return mirror.finish();
    }

    private static void assertNothingLeft(QemuUnderTest qemu) throws IOException {
        assertEquals(1, ((List<?>) qemu.execute("query-block-exports")).size(), "exports are left");
        assertFalse(qemu.execute("query-named-block-nodes").toString().contains("blockferry"), "bitmaps are left");
    }

    private void compare(String format, String target) {
        run("qemu-img", "compare", "-f", "raw", "-F", format, "expected.raw", target);
        run("qemu-img", "compare", "-f", "qcow2", "-F", format, "src.qcow2", target);
        if (format.equals("qcow2")) {
            run("qemu-img", "check", target);
        }
    }

    /** Runs a mirror to the end, with the guest still before the last pass. */
    private void mirrorAndCompare(String format, String target, String... arguments) throws IOException {
        try (QemuUnderTest qemu = qemu(); GuestWriter guest = guest(qemu, 31)) {
            guest.await(10);
            try (MirrorRun mirror = mirror(arguments)) {
                mirror.awaitReady();
                guest.await(100);
                guest.stop().expected(folder.resolve("expected.raw"));
                guest.leave();
                complete(mirror).expect(0);
            }
            assertEquals("paused", ((Map<?, ?>) qemu.execute("query-status")).get("status"));
            assertNothingLeft(qemu);
        }
        compare(format, target);
    }

    @ParameterizedTest
    @CsvSource({"raw, dst.raw", "qcow2, dst.qcow2"})
    void aNewImageBecomesTheDisk(String format, String name) throws IOException {
        mirrorAndCompare(format, name, "-O", format, path(name));
    }

    @Test
    void anImageThatIsThereBecomesTheDisk() throws IOException {
        run("qemu-img", "create", "-q", "-f", "qcow2", "dst", SIZE);
        run("qemu-io", "-c", "write -P 0x55 0 24M", "dst");
        mirrorAndCompare("qcow2", "dst", "-n", path("dst"));
    }

    @Test
    void anOverlayOfTheSameBaseGetsTheTopOnly() throws IOException {
        mirrorAndCompare("qcow2", "dst", "--sync", "top", "-B", path("base.qcow2"), path("dst"));
        // What the base holds and nobody has written to is still in the base only.
        String map = Peers.run(folder, "qemu-img", "map", "--output=json", "dst").out();
        assertTrue(map.contains("\"depth\": 1"), map);
    }

    @Test
    void aServerBecomesTheDisk() throws IOException {
        run("qemu-img", "create", "-q", "-f", "qcow2", "dst", SIZE);
        try (ServeRun serve = ServeRun.start("--persistent", "-f", "qcow2", "--socket", path("s"), path("dst"))) {
            try (QemuUnderTest qemu = qemu(); GuestWriter guest = guest(qemu, 32);
                    MirrorRun mirror = mirror("-n", "--guest", "resumed", serve.uri())) {
                mirror.awaitReady();
                guest.await(100);
                guest.stop().expected(folder.resolve("expected.raw"));
                guest.leave();
                complete(mirror).expect(0);
                assertEquals("running", ((Map<?, ?>) qemu.execute("query-status")).get("status"));
            }
            serve.stop().expect(143);
        }
        compare("qcow2", "dst");
    }

    @Test
    void whatABitmapHasMarkedBringsAnOlderCopyUpToDate() throws IOException {
        run("qemu-img", "convert", "-O", "raw", "src.qcow2", "dst");
        try (QemuUnderTest qemu = qemu()) {
            qemu.execute("block-dirty-bitmap-add", Map.of("node", "disk", "name", "daily"));
            try (GuestWriter guest = guest(qemu, 33)) {
                guest.await(50);
                try (MirrorRun mirror = mirror("--sync", "incremental", "--bitmap", "daily", "-n", "-O", "raw", path("dst"))) {
                    mirror.awaitReady();
                    guest.await(50);
                    guest.stop().expected(folder.resolve("expected.raw"));
                    guest.leave();
                    complete(mirror).expect(0);
                }
            }
            assertEquals(0L, daily(qemu).get("count"), "a bitmap that was used is cleared");
            qemu.execute("block-dirty-bitmap-remove", Map.of("node", "disk", "name", "daily"));
            assertNothingLeft(qemu);
        }
        compare("raw", "dst");
    }

    @Test
    void aBitmapThatIsToBeKeptIsKept() throws IOException {
        run("qemu-img", "convert", "-O", "raw", "src.qcow2", "dst");
        try (QemuUnderTest qemu = qemu()) {
            qemu.execute("block-dirty-bitmap-add", Map.of("node", "disk", "name", "daily"));
            run("qemu-io", "-f", "raw", "-c", "write -P 5 3M 64k", qemu.export("disk", "guest"));
            CliRun.of(words("--sync", "bitmap", "--bitmap", "daily", "--bitmap-mode", "never", "-n", "-O", "raw",
                    path("dst"))).expect(0);
            assertEquals(65536L, daily(qemu).get("count"));
        }
        run("qemu-img", "compare", "-f", "qcow2", "-F", "raw", "src.qcow2", "dst");
    }

    private static Map<?, ?> daily(QemuUnderTest qemu) throws IOException {
        for (Object node : (List<?>) qemu.execute("query-named-block-nodes")) {
            Object bitmaps = ((Map<?, ?>) node).get("dirty-bitmaps");
            for (Object bitmap : bitmaps == null ? List.of() : (List<?>) bitmaps) {
                if (((Map<?, ?>) bitmap).get("name").equals("daily")) {
                    return (Map<?, ?>) bitmap;
                }
            }
        }
        throw new AssertionError("the bitmap is gone");
    }

    /** {@code mirror}, in this thread, completing when it is ready. */
    private String[] words(String... more) {
        List<String> words = new ArrayList<>(List.of("mirror"));
        words.addAll(List.of(arguments("complete", more)));
        return words.toArray(String[]::new);
    }

    /** From the moment on that the job began, its writes are all that the target gets. */
    @Test
    void nothingButWhatIsWrittenIsCopiedWhenNothingElseIsAskedFor() throws IOException {
        run("qemu-img", "convert", "-O", "qcow2", "src.qcow2", "dst");
        try (QemuUnderTest qemu = qemu(); MirrorRun mirror = mirror("--sync", "none", "-n", path("dst"))) {
            mirror.awaitReady();
            try (GuestWriter guest = guest(qemu, 34)) {
                guest.await(50);
                guest.stop().expected(folder.resolve("expected.raw"));
            }
            complete(mirror).expect(0);
        }
        compare("qcow2", "dst");
    }

    @Test
    void aJobThatIsCancelledWhenReadyLeavesAPointInTimeAndTheGuestGoesOn() throws IOException {
        try (QemuUnderTest qemu = qemu(); MirrorRun mirror = mirror(path("dst.qcow2")).awaitReady()) {
            try (GuestWriter guest = guest(qemu, 35)) {
                guest.await(100);
                guest.stop().expected(folder.resolve("expected.raw"));
            }
            CliRun run = mirror.interrupt().finish().expect(130);
            assertTrue(run.err().endsWith("blockferry: cancelled by SIGINT; target complete\n"), run.err());
            assertEquals("running", ((Map<?, ?>) qemu.execute("query-status")).get("status"));
            assertNothingLeft(qemu);
        }
        compare("qcow2", "dst.qcow2");
    }

    @Test
    void aJobThatIsCancelledBeforeItIsReadyLeavesNoTarget() throws IOException {
        try (QemuUnderTest qemu = qemu(); GuestWriter guest = guest(qemu, 36)) {
            // Slow enough never to be ready.
            try (MirrorRun mirror = mirror("-r", "64K", path("dst.qcow2"))) {
                guest.await(20);
                CliRun run = mirror.interrupt().finish().expect(130);
                assertTrue(run.err().contains("; target not made: "), run.err());
            }
            assertFalse(Files.exists(folder.resolve("dst.qcow2")));
            guest.stop();
            assertEquals("running", ((Map<?, ?>) qemu.execute("query-status")).get("status"));
            assertNothingLeft(qemu);
        }
    }

    @Test
    void theStorageDaemonsDiskIsMirroredWhenTheCallerHoldsItsWriter() throws IOException {
        try (QemuUnderTest qemu = QemuUnderTest.daemon(folder, "--blockdev", "driver=file,node-name=file,filename=src.qcow2",
                "--blockdev", "driver=qcow2,node-name=disk,file=file").nbdServer(); GuestWriter guest = guest(qemu, 37)) {
            try (MirrorRun mirror = mirror("--guest", "untouched", path("dst.raw")).awaitReady()) {
                guest.await(50);
                guest.stop().expected(folder.resolve("expected.raw"));
                guest.leave();
                complete(mirror).expect(0);
            }
            assertNothingLeft(qemu);
            CliRun run = CliRun.of(words(path("other.raw"))).expect(1);
            assertTrue(run.err().endsWith("there is no guest to pause: this is no emulator\n"), run.err());
            assertFalse(Files.exists(folder.resolve("other.raw")));
            assertNothingLeft(qemu);
        }
        compare("raw", "dst.raw");
    }

    @Test
    void theControlSocketSpeaksAsQemuDoes() throws IOException {
        try (QemuUnderTest qemu = qemu(); GuestWriter guest = guest(qemu, 39)) {
            try (MirrorRun mirror = mirror("--json", "-r", "1M", "--no-auto-finalize", "--no-auto-dismiss", "--final",
                    "0", path("dst.raw"))) {
                mirror.await("\"running\"");
                job("pause");
                mirror.await("\"paused\"");
                Map<String, Object> state = job("status", "--json").json();
                assertEquals("mirror", state.get("type"));
                assertEquals("paused", state.get("status"));
                assertEquals(true, state.get("paused"));
                assertEquals(1L << 20, state.get("speed"));
                assertTrue(job("status").out().startsWith("paused, pass 1: "), job("status").out());
                CliRun refused = CliRun.of("job", path("control"), "complete").expect(1);
                assertTrue(refused.err().contains("the job is paused; only one that is ready can be completed"), refused.err());
                job("speed", "0");
                job("resume");
                guest.stop().expected(folder.resolve("expected.raw"));
                guest.leave();
                mirror.await("BLOCK_JOB_READY");
                job("complete");
                mirror.await("\"pending\"");
                assertFalse(Files.exists(folder.resolve("dst.raw")), "not before it is finalized");
                job("finalize");
                mirror.await("\"concluded\"");
                job("dismiss");
                CliRun run = mirror.finish().expect(0);
                assertTrue(run.err().contains("BLOCK_JOB_COMPLETED"), run.err());
                assertEquals("completed", run.json().get("result"));
            }
        }
        compare("raw", "dst.raw");
        assertFalse(Files.exists(folder.resolve("control")), "the control socket is left");
    }

    private CliRun job(String verb, String... more) {
        List<String> words = new ArrayList<>(List.of("job", path("control"), verb));
        words.addAll(List.of(more));
        return CliRun.of(words.toArray(String[]::new)).expect(0);
    }

    @Test
    void whatIsImpossibleFromOutsideIsRefusedByName() throws IOException {
        try (QemuUnderTest qemu = qemu()) {
            qemu.export("disk", "guest");
            CliRun run = CliRun.of(words("--copy-mode", "write-blocking", path("dst.raw"))).expect(1);
            assertTrue(run.err().contains("copy-mode=write-blocking: writes that do not pass through the job cannot"),
                    run.err());
            run = CliRun.of(words("--bitmap-mode", "always", path("dst.raw"))).expect(2);
            assertTrue(run.err().contains("--bitmap-mode is 'always'"), run.err());
            run = CliRun.of(words("--sync", "bitmap", path("dst.raw"))).expect(2);
            assertTrue(run.err().contains("sync=bitmap needs a bitmap"), run.err());
            run = CliRun.of(words("--sync", "incremental", "--bitmap", "none", path("dst.raw"))).expect(1);
            assertTrue(run.err().contains("node 'disk' has no bitmap 'none'"), run.err());
            run("qemu-img", "create", "-q", "-f", "raw", "small", "1M");
            run = CliRun.of(words("-n", path("small"))).expect(1);
            assertTrue(run.err().contains("small: the target has 1048576 bytes, the source 25165824"), run.err());
            assertFalse(Files.exists(folder.resolve("dst.raw")));
            assertNothingLeft(qemu);
        }
    }

    @Test
    void aBaseThatIsNotTheDisksIsRefused() throws IOException {
        run("qemu-img", "convert", "-O", "qcow2", "base.qcow2", "copy.qcow2");
        run("qemu-img", "convert", "-O", "qcow2", "base.qcow2", "other.qcow2");
        run("qemu-io", "-c", "write -P 1 12M 512", "other.qcow2");
        try (QemuUnderTest qemu = qemu()) {
            qemu.export("disk", "guest");
            CliRun run = CliRun.of(words("--sync", "top", "-B", path("other.qcow2"), path("dst"))).expect(1);
            assertTrue(run.err().endsWith("/other.qcow2' does not read as the base of the disk does: they differ at offset "
                    + "12582912; --backing-unchecked takes it all the same\n"), run.err());
            assertFalse(Files.exists(folder.resolve("dst")));
            run = CliRun.of(words("--sync", "top", "--layers", "2", "-B", path("copy.qcow2"), path("dst"))).expect(1);
            assertTrue(run.err().contains(" has no backing file"), run.err());
            assertNothingLeft(qemu);
            CliRun.of(words("--sync", "top", "--backing-unchecked", "-B", path("other.qcow2"), path("unchecked"))).expect(0);
            CliRun.of(words("--sync", "top", "-B", path("copy.qcow2"), path("dst"))).expect(0);
            assertNothingLeft(qemu);
        }
        run("qemu-img", "compare", "src.qcow2", "dst");
    }

    /** A guest of somebody else, on several requests at a time. */
    @Test
    void whatFioWritesIsFollowed() throws IOException {
        Peers.require("fio");
        try (QemuUnderTest qemu = qemu()) {
            String uri = qemu.export("disk", "guest");
            try (MirrorRun mirror = mirror(path("dst.qcow2"))) {
                Peers.run(folder, "fio", "--name=guest", "--ioengine=nbd", "--uri=" + uri, "--rw=randwrite", "--bs=4k",
                        "--iodepth=8", "--size=" + SIZE, "--io_size=32M", "--randseed=41", "--minimal");
                complete(mirror.awaitReady()).expect(0);
            }
            assertNothingLeft(qemu);
        }
        run("qemu-img", "compare", "src.qcow2", "dst.qcow2");
        run("qemu-img", "check", "dst.qcow2");
    }
}
