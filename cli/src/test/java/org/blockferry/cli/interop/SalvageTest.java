package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.LoopDevice;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A device whose end the kernel really cannot read: the file below it was cut after it was attached. */
class SalvageTest {
    private static final int MIB = 1 << 20;
    private static final int LENGTH = 6 * MIB;
    private static final int READABLE = 4 * MIB;

    @TempDir
    Path folder;
    private byte[] content;

    @BeforeEach
    void image() throws IOException {
        content = new byte[LENGTH];
        new Random(6).nextBytes(content);
        Files.write(folder.resolve("device.img"), content);
    }

    private LoopDevice broken() throws IOException {
        LoopDevice device = LoopDevice.attach(folder.resolve("device.img"), 512);
        try (FileChannel file = FileChannel.open(folder.resolve("device.img"), StandardOpenOption.WRITE)) {
            file.truncate(READABLE);
        }
        try (RandomAccessFile file = new RandomAccessFile(device.device().toFile(), "r")) {
            file.seek(READABLE);
            file.read();
            device.close();
            Assumptions.abort("skipped: a device that fails: this kernel reads zeroes past the end of the file of a loop device");
        } catch (IOException e) {
            // As it should be.
            return device;
        }
        throw new AssertionError("not reached");
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    @Test
    void withoutSalvagingOneLineNamesThePlaceAndTheReason() throws IOException {
        try (LoopDevice device = broken()) {
            CliRun run = CliRun.of("copy", "-f", "raw", "-m", "1", device.device().toString(), path("t.raw")).expect(1);
            assertEquals(1, run.err().lines().count(), run.err());
            assertTrue(run.err().startsWith("blockferry: " + device.device() + ": read ") && run.err().contains(" at 0x4")
                    && run.err().strip().endsWith("Input/output error"), run.err());
            assertFalse(Files.exists(folder.resolve("t.raw")));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-m 1", "-m 8 -W", "-T none", "-S 0", "-O qcow2"})
    void whatCannotBeReadIsZeroAndIsListedOnce(String options) throws IOException {
        Peers.require("qemu-img");
        byte[] expected = Arrays.copyOf(Arrays.copyOf(content, READABLE), LENGTH);
        try (LoopDevice device = broken()) {
            String line = "copy --salvage -f raw " + (options.isEmpty() ? "" : options + " ") + device.device() + " " + path("t");
            CliRun run = CliRun.of(line.split(" ")).expect(0);
            assertEquals(List.of("blockferry: warning: 2097152 bytes could not be read and are zeroes in the target",
                    "blockferry: warning: unreadable: 2097152 bytes at 4194304"), run.err().lines().toList());
        }
        if (options.contains("qcow2")) {
            Peers.run(folder, "qemu-img", "check", "-q", "-f", "qcow2", "t");
            Peers.run(folder, "qemu-img", "convert", "-f", "qcow2", "-O", "raw", "t", "t.raw");
            Files.move(folder.resolve("t.raw"), folder.resolve("t"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
        assertEquals(-1, Arrays.mismatch(expected, Files.readAllBytes(folder.resolve("t"))));
    }

    @Test
    void aProgramIsToldTheRanges() throws IOException {
        try (LoopDevice device = broken()) {
            CliRun run = CliRun.of("copy", "--json", "--salvage", "-f", "raw", device.device().toString(), path("t.raw")).expect(0);
            assertEquals(2L * MIB, run.json().get("salvaged_bytes"));
            assertEquals(List.of(Map.of("start", (long) READABLE, "length", 2L * MIB)), run.json().get("salvaged"));
            assertEquals("done", run.json().get("status"));
        }
    }

    @Test
    void whatDamagedTablesHideIsZeroAndTheRestIsThere() throws IOException {
        Peers.require("qemu-img", "qemu-io");
        Files.write(folder.resolve("disk.raw"), content);
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", "cluster_size=4k", "disk.raw", "disk.qcow2");
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.qcow2").toFile(), "rw")) {
            file.seek(40);
            long table = file.readLong();
            // The second of the tables of 512 entries each: where it should be is nothing.
            file.seek(table + Long.BYTES);
            file.writeLong(1L << 63 | 1L << 50);
        }
        CliRun plain = CliRun.of("copy", path("disk.qcow2"), path("t.raw")).expect(1);
        assertTrue(plain.err().contains("L1 entry for guest offset 0x200000 is 0x8004000000000000"), plain.err());
        CliRun run = CliRun.of("copy", "--salvage", path("disk.qcow2"), path("t.raw")).expect(0);
        assertEquals(List.of("blockferry: warning: 2097152 bytes could not be read and are zeroes in the target",
                "blockferry: warning: unreadable: 2097152 bytes at 2097152"), run.err().lines().toList());
        byte[] expected = content.clone();
        Arrays.fill(expected, 2 * MIB, 4 * MIB, (byte) 0);
        assertEquals(-1, Arrays.mismatch(expected, Files.readAllBytes(folder.resolve("t.raw"))));
    }

    @Test
    void anImageCutInItsDataIsSavedUpToThere() throws IOException {
        Peers.require("qemu-img");
        Files.write(folder.resolve("disk.raw"), content);
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "disk.raw", "disk.qcow2");
        try (FileChannel file = FileChannel.open(folder.resolve("disk.qcow2"), StandardOpenOption.WRITE)) {
            file.truncate(file.size() - 16 * 65536);
        }
        CliRun.of("copy", path("disk.qcow2"), path("t.raw")).expect(1);
        CliRun run = CliRun.of("copy", "--json", "--salvage", path("disk.qcow2"), path("t.raw")).expect(0);
        assertEquals(16L * 65536, run.json().get("salvaged_bytes"));
        // qemu-img takes what is cut off for zeroes, too, without a word.
        Peers.run(folder, "qemu-img", "compare", "-f", "qcow2", "-F", "raw", "disk.qcow2", "t.raw");
    }
}
