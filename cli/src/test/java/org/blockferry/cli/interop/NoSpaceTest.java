package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.LoopDevice;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A file system of three megabytes, and a device of as much, get eight. */
class NoSpaceTest {
    private static final int MIB = 1 << 20;

    @TempDir
    static Path folder;
    private static Path small;
    private static boolean mounted;

    @BeforeAll
    static void mount() throws IOException {
        byte[] data = new byte[5 * MIB];
        new Random(3).nextBytes(data);
        Files.write(folder.resolve("disk.raw"), data);
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.raw").toFile(), "rw")) {
            file.setLength(8 * MIB);
        }
        Peers.require("qemu-img");
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "disk.raw", "disk.qcow2");
        small = Files.createDirectory(folder.resolve("small"));
        Peers.requireRoot("a small file system");
        Peers.Result mount = Peers.tryRun(folder, "mount", "-t", "tmpfs", "-o", "size=3M", "tmpfs", small.toString());
        Assumptions.assumeTrue(mount.exitCode() == 0, () -> "skipped: a small file system: " + mount.err().strip());
        mounted = true;
        Files.write(small.resolve("old.img"), Arrays.copyOf(data, 10_000));
    }

    @AfterAll
    static void unmount() {
        if (mounted) {
            Peers.run(folder, "umount", small.toString());
        }
    }

    private static CliRun copy(String words) {
        List<String> line = new ArrayList<>(List.of("copy"));
        for (String word : words.split(" ")) {
            line.add(word.startsWith("@") ? folder.resolve(word.substring(1)).toString() : word);
        }
        return CliRun.of(line.toArray(String[]::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "@disk.raw @small/t", "@disk.qcow2 @small/t", "-O qcow2 @disk.raw @small/t", "-O qcow2 @disk.qcow2 @small/t",
        "--offload=never @disk.raw @small/t", "-m 1 @disk.raw @small/t", "-m 8 -W @disk.raw @small/t", "-S 0 @disk.raw @small/t",
        "-t writeback @disk.raw @small/t", "-t none -T none @disk.raw @small/t", "-o preallocation=full @disk.raw @small/t",
        "-o preallocation=falloc @disk.raw @small/t", "-O qcow2 -o preallocation=falloc @disk.raw @small/t",
        "-O qcow2 -o preallocation=full @disk.raw @small/t", "-O qcow2 -o cluster_size=2M @disk.raw @small/t",
        "--salvage @disk.raw @small/t", "@disk.raw @small/old.img", "-O qcow2 @disk.raw @small/old.img",
        "@disk.raw @disk.raw @small/t"})
    void isSaidInOneLineAndLeavesEverythingAsItWas(String words) throws IOException {
        Snapshot before = Snapshot.of(small);
        long free = Files.getFileStore(small).getUnallocatedSpace();
        CliRun run = copy(words).expect(1);
        assertEquals(1, run.err().lines().count(), run.err());
        String target = folder.resolve(words.substring(words.lastIndexOf('@') + 1)).toString();
        assertTrue(run.err().startsWith("blockferry: " + target + ": ") && run.err().strip().endsWith("No space left on device"),
                run.err());
        assertEquals(before, Snapshot.of(small));
        assertEquals(free, Files.getFileStore(small).getUnallocatedSpace(), "space that is still taken");
    }

    @Test
    void inPlaceItSaysThatTheTargetIsIncomplete() throws IOException {
        Path target = small.resolve("sparse.img");
        try (RandomAccessFile file = new RandomAccessFile(target.toFile(), "rw")) {
            file.setLength(8 * MIB);
        }
        try {
            CliRun run = copy("-n @disk.raw @small/sparse.img").expect(1);
            assertEquals(1, run.err().lines().count(), run.err());
            assertTrue(run.err().contains("No space left on device; target incomplete: '" + target + "' was written in part"), run.err());
            assertEquals(8 * MIB, Files.size(target));
        } finally {
            Files.delete(target);
        }
    }

    @Test
    void aProgramIsToldTheKindAndThePlace() {
        CliRun run = copy("--json @disk.raw @small/t").expect(1);
        assertEquals("failed", run.json().get("status"));
        assertEquals("not there: nothing was left under the name '" + small.resolve("t") + "'", run.json().get("target_state"));
        java.util.Map<?, ?> error = (java.util.Map<?, ?>) run.json().get("error");
        assertEquals("NO_SPACE", error.get("kind"));
        assertEquals(small.resolve("t").toString(), error.get("node"));
        assertTrue(error.containsKey("start") && error.containsKey("length"), error.toString());
    }

    @Test
    void aDeviceThatIsTooSmallForTheImageHoldsNoneAfterwards() throws IOException {
        Path file = folder.resolve("device.img");
        byte[] old = new byte[3 * MIB];
        new Random(4).nextBytes(old);
        Files.write(file, old);
        try (LoopDevice loop = LoopDevice.attach(file, 512)) {
            String device = loop.device().toString();
            CliRun raw = CliRun.of("copy", folder.resolve("disk.raw").toString(), device).expect(1);
            assertEquals("blockferry: " + device + ": the target has 3145728 bytes (3 MiB), the source 8388608 (8 MiB)",
                    raw.err().strip());
            assertEquals(-1, Arrays.mismatch(old, Files.readAllBytes(loop.device())), "it was looked at only");
            // Once over noise and once over an image: neither may look like an image that is finished.
            for (int i = 0; i < 2; i++) {
                CliRun qcow2 = CliRun.of("copy", "-O", "qcow2", folder.resolve("disk.raw").toString(), device).expect(1);
                assertEquals(1, qcow2.err().lines().count(), qcow2.err());
                assertTrue(qcow2.err().contains("; target incomplete: '" + device + "' was written in part"), qcow2.err());
                assertNotEquals(0, Peers.tryRun(folder, "qemu-img", "check", "-f", "qcow2", device).exitCode());
                Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", device, "8M");
            }
        }
    }
}
