package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.MirrorRun;
import org.blockferry.cli.ServeRun;
import org.blockferry.drivers.qmp.QemuUnderTest;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A machine with a disk, that boots, writes to it without end, and is mirrored meanwhile; it knows nothing of that. */
@Timeout(180)
class RunningMachineMirrorTest {
    @TempDir
    Path folder;

    @BeforeEach
    void disk() throws IOException {
        Peers.require("qemu-system-x86_64", "qemu-img");
        SequenceGuest.install(folder.resolve("src.raw"));
    }

    private QemuUnderTest machine() throws IOException {
        QemuUnderTest qemu = QemuUnderTest.machine(folder, "-machine pc,accel=tcg -m 32", "-blockdev",
                "driver=file,node-name=file,filename=src.raw", "-blockdev", "driver=raw,node-name=disk,file=file", "-device",
                "ide-hd,drive=disk,id=ide0,bootindex=0");
        qemu.awaitWrites(100);
        return qemu;
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private MirrorRun mirror(String... more) {
        String[] words = new String[more.length + 6];
        System.arraycopy(new String[] {"--qmp", path("qmp"), "--node", "ide0", "--control", path("control")}, 0, words, 0, 6);
        System.arraycopy(more, 0, words, 6, more.length);
        return MirrorRun.start(words);
    }

    private static String guest(QemuUnderTest qemu) throws IOException {
        return ((Map<?, ?>) qemu.execute("query-status")).get("status").toString();
    }

    private void assertNothingLeft(QemuUnderTest qemu) throws IOException {
        assertEquals(0, ((List<?>) qemu.execute("query-block-exports")).size(), "exports are left");
        assertFalse(qemu.execute("query-named-block-nodes").toString().contains("dirty-bitmaps"), "bitmaps are left");
        qemu.nbdServer().execute("nbd-server-stop");
    }

    private long moment(String format, String image) throws IOException {
        Peers.run(folder, "qemu-img", "convert", "-f", format, "-O", "raw", image, "moment.raw");
        return SequenceGuest.moment(folder.resolve("moment.raw"));
    }

    /** The whole way of a migration: the machine never holds still but for the last pass, and then both sides are equal. */
    @ParameterizedTest
    @CsvSource({"raw", "qcow2"})
    void theGuestIsPausedWithBothSidesEqual(String format) throws IOException {
        try (QemuUnderTest qemu = machine()) {
            try (MirrorRun mirror = mirror("-O", format, path("dst")).awaitReady()) {
                qemu.awaitWrites(500);
                CliRun.of("job", path("control"), "complete").expect(0);
                mirror.finish().expect(0);
            }
            assertEquals("paused", guest(qemu));
            assertNothingLeft(qemu);
        }
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", format, "src.raw", "dst");
        assertTrue(moment(format, "dst") > 500);
    }

    @Test
    void aServerGetsTheDiskAndTheGuestGoesOnHere() throws IOException {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "dst", "8M");
        try (ServeRun serve = ServeRun.start("--persistent", "-f", "qcow2", "--socket", path("s"), path("dst"));
                QemuUnderTest qemu = machine()) {
            try (MirrorRun mirror = mirror("-n", "--guest", "resumed", "--on-ready", "complete", serve.uri())) {
                mirror.finish().expect(0);
            }
            assertEquals("running", guest(qemu));
            qemu.awaitWrites(100);
            assertNothingLeft(qemu);
            serve.stop().expect(143);
            qemu.quit();
        }
        Peers.run(folder, "qemu-img", "check", "dst");
        long then = moment("qcow2", "dst");
        assertTrue(then > 0 && then < moment("raw", "src.raw"), "write " + then);
    }

    /** No pause by hand: the disk is of one moment because the job makes it so. */
    @Test
    void aCancelAtReadyLeavesAPointInTime() throws IOException {
        try (QemuUnderTest qemu = machine()) {
            try (MirrorRun mirror = mirror(path("dst.qcow2")).awaitReady()) {
                qemu.awaitWrites(300);
                mirror.interrupt().finish().expect(130);
            }
            assertEquals("running", guest(qemu));
            qemu.awaitWrites(100);
            assertNothingLeft(qemu);
        }
        long then = moment("qcow2", "dst.qcow2");
        assertTrue(then > 300 && then < moment("raw", "src.raw"), "write " + then);
    }
}
