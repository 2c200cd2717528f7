package org.blockferry.drivers.qmp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.LiveDisk;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class QemuDiskTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    @BeforeEach
    void images() {
        Peers.require("qemu-img", "qemu-io");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", "16M");
        Peers.run(folder, "qemu-io", "-c", "write -P 1 0 2M", "base.qcow2");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "disk.qcow2");
        Peers.run(folder, "qemu-io", "-c", "write -P 2 4M 1M", "disk.qcow2");
    }

    private QemuUnderTest qemu() throws IOException {
        return QemuUnderTest.emulator(folder, "-blockdev", "driver=file,node-name=file,filename=disk.qcow2", "-blockdev",
                "driver=qcow2,node-name=disk,file=file");
    }

    /** A write that enters as a device's does, without an NBD server. */
    private static void write(QemuUnderTest qemu, String what) throws BlockException {
        Object said = qemu.execute("human-monitor-command", Map.of("command-line", "qemu-io disk \"" + what + "\""));
        // What it did is said on the emulator's standard output, only what is wrong here.
        assertEquals("", said);
    }

    private static Consumer<ByteRange> into(List<String> runs) {
        return range -> runs.add(range.offset() / 1024 + "K+" + range.length() / 1024 + "K");
    }

    private static List<String> dirty(QemuDisk disk) throws BlockException {
        List<String> runs = new ArrayList<>();
        disk.takeDirty(into(runs));
        return runs;
    }

    /** Everything that may be left in a QEMU. */
    private static void assertNothingLeft(QemuUnderTest qemu) throws BlockException {
        assertEquals(List.of(), qemu.execute("query-block-exports"));
        assertFalse(qemu.execute("query-named-block-nodes").toString().contains("dirty-bitmaps"), "bitmaps are left");
        // And no NBD server: this one can be started.
        qemu.nbdServer().execute("nbd-server-stop");
    }

    @Test
    void whatIsWrittenIsToldOnceAndReadAsItIsNow() throws IOException {
        try (QemuUnderTest qemu = qemu()) {
            Path socketFolder;
            try (QemuDisk disk = QemuDisk.open(QemuDiskOptions.of(qemu.qmp(), "disk"))) {
                socketFolder = disk.socketFolder().orElseThrow();
                assertTrue(Files.exists(socketFolder.resolve("nbd")));
                assertEquals(16 * MIB, disk.source().info().length());
                assertEquals(64 << 10, disk.granularity());
                assertEquals(List.of(), dirty(disk));
                assertTrue(disk.source().status(new ByteRange(8 * MIB, MIB)).isZero());
                write(qemu, "write -P 7 8M 100k");
                write(qemu, "write -P 8 15M 1M");
                assertEquals((128 << 10) + MIB, disk.dirtyBytes());
                assertEquals(List.of("8192K+128K", "15360K+1024K"), dirty(disk));
                // The status is of now, not of when it was first asked.
                assertFalse(disk.source().status(new ByteRange(8 * MIB, MIB)).isZero());
                byte[] expected = new byte[100 << 10];
                Arrays.fill(expected, (byte) 7);
                assertArrayEquals(expected, Disks.read(disk.source(), new ByteRange(8 * MIB, 100 << 10)));
                assertEquals(List.of(), dirty(disk));
            }
            assertNothingLeft(qemu);
            assertFalse(Files.exists(socketFolder), "the socket's folder is left");
        }
    }

    @Test
    void theGranularityIsTheBitmaps() throws IOException {
        try (QemuUnderTest qemu = qemu();
                QemuDisk disk = QemuDisk.open(QemuDiskOptions.of(qemu.qmp(), "disk").withGranularity(4096))) {
            write(qemu, "write 8M 512");
            assertEquals(List.of("8192K+4K"), dirty(disk));
        }
    }

    @Test
    void theImagesAboveABaseAreToldApart() throws IOException {
        try (QemuUnderTest qemu = qemu();
                QemuDisk disk = QemuDisk.open(QemuDiskOptions.of(qemu.qmp(), "disk").withDepth(true))) {
            assertEquals(List.of("----", "L-M-", "----"), above(disk, 1));
            assertEquals(List.of("L-M-", "----", "L-M-", "----"), above(disk, 2));
        }
    }

    private static List<String> above(QemuDisk disk, int layers) throws BlockException {
        List<String> letters = new ArrayList<>();
        for (long at = 0; at < 16 * MIB; ) {
            BlockStatus run = disk.statusAbove(layers, ByteRange.between(at, 16 * MIB));
            assertEquals(at, run.offset());
            if (letters.isEmpty() || !letters.get(letters.size() - 1).equals(run.letters())) {
                letters.add(run.letters());
            }
            at = run.end();
        }
        return letters;
    }

    @Test
    void aBitmapOfSomebodyElseIsReadAndKept() throws IOException {
        try (QemuUnderTest qemu = qemu()) {
            qemu.execute("block-dirty-bitmap-add", Map.of("node", "disk", "name", "backup"));
            write(qemu, "write -P 7 8M 64k");
            try (QemuDisk disk = QemuDisk.open(QemuDiskOptions.of(qemu.qmp(), "disk"))) {
                for (int i = 0; i < 2; i++) {
                    List<String> runs = new ArrayList<>();
                    disk.readBitmap("backup", into(runs));
                    assertEquals(List.of("8192K+64K"), runs);
                }
                disk.clearBitmap("backup");
                List<String> runs = new ArrayList<>();
                disk.readBitmap("backup", into(runs));
                assertEquals(List.of(), runs);
                BlockException e = assertThrows(BlockException.class, () -> disk.readBitmap("other", into(runs)));
                assertEquals(qemu.qmp() + ": node 'disk' has no bitmap 'other'", e.getMessage());
            }
            qemu.execute("block-dirty-bitmap-remove", Map.of("node", "disk", "name", "backup"));
            assertNothingLeft(qemu);
        }
    }

    private static String guest(QemuUnderTest qemu) throws BlockException {
        return ((Map<?, ?>) qemu.execute("query-status")).get("status").toString();
    }

    @ParameterizedTest
    @CsvSource({"PAUSED, COMPLETED, paused, paused", "PAUSED, CANCELLED, paused, running", "PAUSED, FAILED, paused, running",
        "RESUMED, COMPLETED, paused, running", "UNTOUCHED, COMPLETED, running, running"})
    void theGuestIsPausedAndLetGo(GuestEnd how, LiveDisk.Ending ending, String meanwhile, String after) throws IOException {
        try (QemuUnderTest qemu = qemu();
                QemuDisk disk = QemuDisk.open(QemuDiskOptions.of(qemu.qmp(), "disk").withGuestEnd(how))) {
            disk.quiesce();
            assertEquals(meanwhile, guest(qemu));
            disk.finish(ending);
            assertEquals(after, guest(qemu));
        }
    }

    @Test
    void aGuestThatSomebodyElseHasPausedStaysSo() throws IOException {
        try (QemuUnderTest qemu = qemu();
                QemuDisk disk = QemuDisk.open(QemuDiskOptions.of(qemu.qmp(), "disk"))) {
            qemu.execute("stop");
            disk.quiesce();
            disk.finish(LiveDisk.Ending.FAILED);
            assertEquals("paused", guest(qemu));
        }
    }

    @Test
    void theStorageDaemonHasNoGuest() throws IOException {
        try (QemuUnderTest qemu = QemuUnderTest.daemon(folder, "--blockdev", "driver=file,node-name=file,filename=disk.qcow2",
                "--blockdev", "driver=qcow2,node-name=disk,file=file");
                QemuDisk disk = QemuDisk.open(QemuDiskOptions.of(qemu.qmp(), "disk"))) {
            BlockException e = assertThrows(BlockException.class, disk::quiesce);
            assertEquals(Kind.UNSUPPORTED, e.kind());
            assertEquals(qemu.qmp() + ": there is no guest to pause: this is no emulator", e.getMessage());
        }
    }

    @Test
    void aServerThatRunsIsUsedWhenItsAddressIsSaidAndLeftRunning() throws IOException {
        try (QemuUnderTest qemu = qemu().nbdServer()) {
            BlockException e = assertThrows(BlockException.class, () -> QemuDisk.open(QemuDiskOptions.of(qemu.qmp(), "disk")));
            assertEquals(qemu.qmp() + ": nbd-server-start: NBD server already running; say where it listens", e.getMessage());
            String export = qemu.export("disk", "guest");
            QemuDiskOptions options = QemuDiskOptions.of(qemu.qmp(), "disk")
                    .withServer("nbd+unix:///?socket=" + folder.resolve("nbd"));
            try (QemuDisk disk = QemuDisk.open(options)) {
                Peers.run(folder, "qemu-io", "-f", "raw", "-c", "write -P 7 8M 64k", export);
                assertEquals(List.of("8192K+64K"), dirty(disk));
            }
            Peers.run(folder, "qemu-io", "-f", "raw", "-c", "read -P 7 8M 64k", export);
            e = assertThrows(BlockException.class,
                    () -> QemuDisk.open(options.withServer("nbd+unix:///x?socket=" + folder.resolve("nbd"))));
            assertTrue(e.getMessage().contains("an NBD URI without an export name"), e.getMessage());
            qemu.execute("block-export-del", Map.of("id", "guest", "mode", "hard"));
            qemu.awaitEvent("BLOCK_EXPORT_DELETED", data -> data.get("id").equals("guest"));
            qemu.execute("nbd-server-stop");
            assertNothingLeft(qemu);
        }
    }

    @Test
    void whatIsNotThereIsNamed() throws IOException {
        try (QemuUnderTest qemu = qemu()) {
            BlockException e = assertThrows(BlockException.class,
                    () -> QemuDisk.open(QemuDiskOptions.of(qemu.qmp(), "no\ne")));
            assertEquals(Kind.NOT_FOUND, e.kind());
            assertTrue(e.getMessage().startsWith(qemu.qmp() + ": QEMU has no node and no device 'no?e'; nodes are "),
                    e.getMessage());
            e = assertThrows(BlockException.class, () -> QemuDisk.open(
                    QemuDiskOptions.of(qemu.qmp(), "disk").withSocket(folder.resolve("none/nbd"))));
            assertTrue(e.getMessage().startsWith(qemu.qmp() + ": nbd-server-start: Failed to bind socket"), e.getMessage());
            assertNothingLeft(qemu);
        }
    }

    @Test
    void aQemuThatDiesFailsInOneLineAndLeavesNothingHere() throws IOException {
        try (QemuUnderTest qemu = qemu()) {
            QemuDisk disk = QemuDisk.open(QemuDiskOptions.of(qemu.qmp(), "disk"));
            qemu.process().destroyForcibly();
            BlockException e = assertThrows(BlockException.class, () -> dirty(disk));
            assertEquals(Kind.IO, e.kind());
            assertThrows(BlockException.class, disk::close);
            assertFalse(Files.exists(disk.socketFolder().orElseThrow()), "the socket's folder is left");
        }
    }

    @Test
    void whatAKilledRunLeftIsRemovedAndWhatALivingOneHasIsNot() throws IOException {
        try (QemuUnderTest qemu = qemu()) {
            // A run that was killed with all that it may have: its names, and nobody connected.
            RunName dead = RunName.create(true);
            qemu.nbdServer();
            for (String what : new String[] {"data", "bits"}) {
                qemu.execute("block-export-add", Map.of("type", "nbd", "id", dead.named(what), "name", what,
                        "node-name", "disk"));
            }
            for (String what : new String[] {"bits0", "bits1"}) {
                qemu.execute("block-dirty-bitmap-add", Map.of("node", "disk", "name", dead.named(what)));
            }
            qemu.execute("block-dirty-bitmap-add", Map.of("node", "disk", "name", "backup"));
            try (QemuDisk disk = QemuDisk.open(QemuDiskOptions.of(qemu.qmp(), "disk"))) {
                assertEquals(5, disk.stale().size(), disk.stale().toString());
                assertEquals(List.of(), dirty(disk));
                // Another comes while this one is at work.
                try (QmpClient other = QmpClient.connect(folder.resolve("other.qmp"))) {
                    assertEquals(List.of(), StaleObjects.remove(other));
                }
                assertEquals(List.of(), dirty(disk));
            }
            qemu.execute("block-dirty-bitmap-remove", Map.of("node", "disk", "name", "backup"));
            assertNothingLeft(qemu);
        }
    }
}
