package org.blockferry.drivers.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.blockferry.drivers.qmp.GuestEnd;
import org.blockferry.drivers.qmp.GuestWriter;
import org.blockferry.drivers.qmp.QemuDisk;
import org.blockferry.drivers.qmp.QemuDiskOptions;
import org.blockferry.drivers.qmp.QemuUnderTest;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.LiveDisk.Ending;
import org.blockferry.engine.mirror.MirrorEvent;
import org.blockferry.engine.mirror.MirrorJob;
import org.blockferry.engine.mirror.MirrorOptions;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A service that moves disks of running machines: a job in one thread, listeners and futures for the others. */
@Timeout(120)
class EmbeddedMirrorTest {
    @TempDir
    Path folder;

    @Test
    void aServiceFollowsADiskAndCompletesWhenItIsReady() throws Exception {
        Peers.require("qemu-img", "qemu-system-x86_64");
        byte[] noise = new byte[8 << 20];
        new Random(16).nextBytes(noise);
        Files.write(folder.resolve("src.raw"), noise);
        Files.write(folder.resolve("before.raw"), noise);
        Path target = folder.resolve("dst.qcow2");
        ExecutorService worker = Executors.newSingleThreadExecutor();
        try (QemuUnderTest qemu = QemuUnderTest.emulator(folder, "-blockdev", "driver=file,node-name=file,filename=src.raw",
                "-blockdev", "driver=raw,node-name=disk,file=file").nbdServer();
                GuestWriter guest = GuestWriter.start(qemu.export("disk", "guest"), folder.resolve("before.raw"), 51)) {
            QemuDiskOptions disk = QemuDiskOptions.of(qemu.qmp(), "disk")
                    .withServer("nbd+unix:///?socket=" + folder.resolve("nbd")).withGuestEnd(GuestEnd.UNTOUCHED);
            CompletableFuture<MirrorJob> opened = new CompletableFuture<>();
            List<MirrorEvent.Name> events = new CopyOnWriteArrayList<>();
            Future<Ending> result = worker.submit(() -> {
                try (MirrorJob job = MirrorJob.open(DriverRegistry.load(), QemuDisk.open(disk),
                        MirrorOptions.to(target.toString()).build())) {
                    job.onEvent(event -> events.add(event.name()));
                    opened.complete(job);
                    return job.run();
                } catch (Exception e) {
                    opened.completeExceptionally(e);
                    throw e;
                }
            });
            MirrorJob job = opened.get(60, TimeUnit.SECONDS);
            job.ready().get(60, TimeUnit.SECONDS);
            guest.await(50);
            // The service holds its guest by its own means.
            guest.stop();
            job.complete();
            assertEquals(Ending.COMPLETED, job.end().get(60, TimeUnit.SECONDS));
            assertEquals(Ending.COMPLETED, result.get(60, TimeUnit.SECONDS));
            assertTrue(events.contains(MirrorEvent.Name.BLOCK_JOB_READY), events.toString());
            assertTrue(events.contains(MirrorEvent.Name.BLOCK_JOB_COMPLETED), events.toString());
            guest.expected(folder.resolve("expected.raw"));
        } finally {
            worker.shutdownNow();
        }
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "qcow2", "expected.raw", "dst.qcow2");
    }
}
