package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.SplittableRandom;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.LauncherProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Disks that are very large, or very much in pieces, copied by the process that users start: the bytes are the same, no space is
 * taken that the source does not take, and memory stays within what the README says.
 */
@Timeout(240)
class ExtremesIT {
    /** The README's bound on the process. */
    private static final long MEMORY = 128L << 20;
    private static final long TIB = 1L << 40;
    private static final int BLOCK = 4096;

    @TempDir
    Path folder;

    @BeforeEach
    void peers() {
        Peers.require("qemu-img", "cmp");
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/status")), "skipped: memory is read from /proc");
    }

    /** Copies, and returns how long it took. */
    private Duration copy(String... words) throws Exception {
        String[] line = new String[words.length + 1];
        line[0] = "copy";
        for (int i = 0; i < words.length; i++) {
            line[i + 1] = words[i].startsWith("@") ? folder.resolve(words[i].substring(1)).toString() : words[i];
        }
        long start = System.nanoTime();
        try (LauncherProcess process = LauncherProcess.start(line)) {
            long peak = process.peakMemory();
            CliRun run = process.finish().expect(0);
            assertEquals("", run.err());
            assertTrue(peak > 0 && peak <= MEMORY, String.join(" ", line) + ": resident memory of " + peak + " bytes");
        }
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private static void assertQuick(Duration taken, int seconds) {
        assertTrue(taken.toSeconds() < seconds, "took " + taken);
    }

    private long allocated(String name) throws IOException {
        return 512 * Long.parseLong(Peers.run(folder, "stat", "-c", "%b", name).out().strip());
    }

    private void compare(String first, String second) {
        Peers.run(folder, "qemu-img", "compare", "-f", format(first), "-F", format(second), first, second);
    }

    private static String format(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    @Test
    void eightTebibytesWithAThousandScatteredExtents() throws Exception {
        Path raw = folder.resolve("disk.raw");
        SplittableRandom random = new SplittableRandom(20260801);
        try (RandomAccessFile file = new RandomAccessFile(raw.toFile(), "rw")) {
            file.setLength(8 * TIB);
            for (int i = 0; i < 1000; i++) {
                byte[] bytes = new byte[BLOCK * (1 + random.nextInt(16))];
                random.nextBytes(bytes);
                file.seek(random.nextLong((8 * TIB - bytes.length) / BLOCK) * BLOCK);
                file.write(bytes);
            }
            file.seek(8 * TIB - 5);
            file.write(5);
        } catch (IOException e) {
            Assumptions.abort("skipped: a file of 8 TiB: " + e.getMessage());
        }
        assertQuick(copy("@disk.raw", "@copy.raw"), 30);
        compare("disk.raw", "copy.raw");
        assertEquals(allocated("disk.raw"), allocated("copy.raw"), "allocated");

        assertQuick(copy("@disk.raw", "@copy.qcow2"), 30);
        compare("disk.raw", "copy.qcow2");
        Peers.run(folder, "qemu-img", "check", "-q", "copy.qcow2");
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "disk.raw", "peer.qcow2");
        assertTrue(allocated("copy.qcow2") <= allocated("peer.qcow2"),
                allocated("copy.qcow2") + " bytes, qemu-img " + allocated("peer.qcow2"));

        assertQuick(copy("@peer.qcow2", "@again.qcow2"), 30);
        compare("disk.raw", "again.qcow2");
        Peers.run(folder, "qemu-img", "check", "-q", "again.qcow2");
        assertQuick(copy("@copy.qcow2", "@back.raw"), 30);
        compare("disk.raw", "back.raw");
        assertEquals(allocated("disk.raw"), allocated("back.raw"), "zeroes in its clusters are found again");
    }

    @Test
    void aGibibyteOfAlternatingDataAndHoles() throws Exception {
        long length = 1L << 30;
        try (FileChannel file = FileChannel.open(folder.resolve("disk.raw"), StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE)) {
            ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
            for (long at = 0; at < length; at += 2 * BLOCK) {
                // No two the same, and none with a run of zeroes.
                for (int i = 0; i < BLOCK; i += Long.BYTES) {
                    block.putLong(i, (at + i) * 0x9e3779b97f4a7c15L | 1);
                }
                file.write(block.clear(), at);
            }
            file.write(ByteBuffer.allocate(1), length - 1);
            file.truncate(length);
        }
        Peers.run(folder, "fallocate", "--punch-hole", "--offset", Long.toString(length - BLOCK), "--length", "4096", "disk.raw");
        // What the file system needs to know a hundred thousand extents counts, too, and depends on how they came about.
        long slack = length / 100;
        assertEquals(length / 2, allocated("disk.raw"), slack, "the file system takes blocks of 4 KiB");
        copy("@disk.raw", "@copy.raw");
        Peers.run(folder, "cmp", "disk.raw", "copy.raw");
        assertEquals(allocated("disk.raw"), allocated("copy.raw"), slack, "raw");
        Files.delete(folder.resolve("copy.raw"));
        copy("-O", "qcow2", "-o", "cluster_size=4k", "@disk.raw", "@copy.qcow2");
        Peers.run(folder, "qemu-img", "check", "-q", "copy.qcow2");
        compare("disk.raw", "copy.qcow2");
        assertTrue(allocated("copy.qcow2") < length / 2 + slack, "tables: " + allocated("copy.qcow2"));
        copy("@copy.qcow2", "@copy.raw");
        Peers.run(folder, "cmp", "disk.raw", "copy.raw");
        assertEquals(allocated("disk.raw"), allocated("copy.raw"), slack, "from qcow2");
    }

    @Test
    void aTerabyteFromNowhereToNowhere() throws Exception {
        assertQuick(copy("sparse-random:1T?seed=3&percent=1", "null:"), 120);
    }

    @Test
    void emptyImagesAsLargeAsTheyCanBe() throws Exception {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "disk.qcow2", "64T");
        assertQuick(copy("@disk.qcow2", "@copy.qcow2"), 30);
        Peers.run(folder, "qemu-img", "check", "-q", "copy.qcow2");
        compare("disk.qcow2", "copy.qcow2");
        assertQuick(copy("@disk.qcow2", "null:"), 60);
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=2M", "largest.qcow2", "4P");
        assertQuick(copy("-O", "qcow2", "-o", "cluster_size=2M", "@largest.qcow2", "@copy.qcow2"), 60);
        Peers.run(folder, "qemu-img", "check", "-q", "copy.qcow2");
    }
}
