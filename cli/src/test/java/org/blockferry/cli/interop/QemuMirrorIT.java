package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.LauncherProcess;
import org.blockferry.drivers.qmp.QemuUnderTest;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code mirror --qmp} as a process that is killed, and as one that must fit its memory. */
@Timeout(180)
class QemuMirrorIT {
    @TempDir
    Path folder;

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    @Test
    void whatAKilledRunLeftInQemuIsRemovedByTheNext() throws Exception {
        Peers.require("qemu-img", "qemu-system-x86_64");
        byte[] noise = new byte[16 << 20];
        new Random(13).nextBytes(noise);
        Files.write(folder.resolve("src.raw"), noise);
        try (QemuUnderTest qemu = QemuUnderTest.emulator(folder, "-blockdev", "driver=file,node-name=file,filename=src.raw",
                "-blockdev", "driver=raw,node-name=disk,file=file")) {
            for (String when : new String[] {"\"running\"", "BLOCK_JOB_READY"}) {
                String[] line = {"mirror", "--json", "--qmp", path("qmp"), "--node", "disk", "--on-ready", "wait", "-r",
                    when.contains("READY") ? "0" : "256K", path("dst.raw")};
                try (LauncherProcess killed = LauncherProcess.start(line)) {
                    killed.awaitErr(text -> text.contains(when));
                    killed.signal("KILL");
                    assertEquals(137, killed.finish().code());
                }
                assertFalse(Files.exists(folder.resolve("dst.raw")), "a target that is not whole");
                assertTrue(qemu.execute("query-named-block-nodes").toString().contains("blockferry-mirror-"), "nothing to remove");
            }
            CliRun run = CliRun.of("mirror", "--qmp", path("qmp"), "--node", "disk", path("dst.raw")).expect(0);
            assertTrue(run.err().startsWith("blockferry: removed from QEMU what a run that was killed had left: export "), run.err());
            assertTrue(run.err().contains("the NBD server"), run.err());
            assertEquals(List.of(), qemu.execute("query-block-exports"));
            assertFalse(qemu.execute("query-named-block-nodes").toString().contains("blockferry-mirror-"), "bitmaps are left");
        }
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "raw", "src.raw", "dst.raw");
    }

    @Test
    void aLargeDiskFitsTheMemory() throws Exception {
        Peers.require("qemu-img", "qemu-io", "qemu-system-x86_64");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "src.qcow2", "8T");
        Peers.run(folder, "qemu-io", "-c", "write -P 1 1T 64M", "-c", "write -P 2 7T 64M", "src.qcow2");
        try (QemuUnderTest qemu = QemuUnderTest.emulator(folder, "-blockdev", "driver=file,node-name=file,filename=src.qcow2",
                "-blockdev", "driver=qcow2,node-name=disk,file=file");
                LauncherProcess process = LauncherProcess.start("mirror", "--json", "--qmp", path("qmp"), "--node", "disk",
                        path("dst.qcow2"))) {
            long peak = process.peakMemory();
            process.finish().expect(0);
            assertTrue(peak > 0 && peak <= 128 << 20, "peak memory " + peak);
            qemu.quit();
        }
        Peers.run(folder, "qemu-img", "compare", "src.qcow2", "dst.qcow2");
        Peers.run(folder, "qemu-img", "check", "dst.qcow2");
    }
}
