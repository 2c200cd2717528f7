package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Copies to and from block devices that hold other bytes before: what the source has as zero is zero afterwards. */
class BlockDeviceCopyTest {
    private static final int MIB = 1 << 20;
    private static final int LENGTH = 6 * MIB;
    private static final int DEVICE = 8 * MIB;

    @TempDir
    Path folder;
    private byte[] content;
    private byte[] dirt;

    @BeforeEach
    void images() throws IOException {
        Peers.require("qemu-img");
        // Data, a hole, written zeroes, data that starts and ends off any block, a hole.
        content = new byte[LENGTH];
        byte[] data = new byte[MIB];
        new Random(8).nextBytes(data);
        System.arraycopy(data, 0, content, 0, MIB);
        System.arraycopy(data, 0, content, 3 * MIB + 700, MIB);
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.raw").toFile(), "rw")) {
            file.setLength(LENGTH);
            file.write(data);
            file.seek(2 * MIB);
            file.write(content, 2 * MIB, 2 * MIB + 700);
        }
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "disk.raw", "disk.qcow2");
        dirt = new byte[DEVICE];
        new Random(9).nextBytes(dirt);
        Files.write(folder.resolve("device.img"), dirt);
    }

    private CliRun copy(String words, LoopDevice device) {
        List<String> line = new ArrayList<>(List.of("copy"));
        for (String word : words.split(" ")) {
            line.add(word.equals("DEVICE") ? device.device().toString()
                    : word.startsWith("@") ? folder.resolve(word.substring(1)).toString() : word);
        }
        return CliRun.of(line.toArray(String[]::new));
    }

    private byte[] expected() {
        byte[] all = dirt.clone();
        System.arraycopy(content, 0, all, 0, LENGTH);
        return all;
    }

    @ParameterizedTest
    @CsvSource({
        "@disk.raw DEVICE, 512", "@disk.raw DEVICE, 4096", "@disk.qcow2 DEVICE, 512", "-n @disk.raw DEVICE, 512",
        "-n -O raw @disk.qcow2 DEVICE, 4096", "-S 0 @disk.raw DEVICE, 512", "-S 512 @disk.raw DEVICE, 4096",
        "-t none -T none @disk.raw DEVICE, 512", "-t directsync @disk.raw DEVICE, 4096", "-t writeback @disk.qcow2 DEVICE, 512",
        "-W -m 8 @disk.raw DEVICE, 512", "-m 1 @disk.qcow2 DEVICE, 4096", "--offload=never @disk.raw DEVICE, 512",
        "--salvage @disk.raw DEVICE, 512"})
    void aDeviceThatHeldOtherBytesReadsAsTheSource(String words, int sectorSize) throws IOException {
        try (LoopDevice device = LoopDevice.attach(folder.resolve("device.img"), sectorSize)) {
            assertEquals(new CliRun(0, "", ""), copy(words, device));
            assertArrayEquals(expected(), Files.readAllBytes(device.device()), "past the disk, too");
        }
        assertArrayEquals(expected(), Files.readAllBytes(folder.resolve("device.img")));
    }

    @Test
    void aDeviceThatIsSaidToBeZeroIsNotZeroed() throws IOException {
        try (LoopDevice device = LoopDevice.attach(folder.resolve("device.img"), 512)) {
            copy("-n --target-is-zero @disk.raw DEVICE", device).expect(0);
            byte[] after = Files.readAllBytes(device.device());
            assertEquals(-1, Arrays.mismatch(content, 0, MIB, after, 0, MIB), "data");
            assertEquals(-1, Arrays.mismatch(dirt, MIB, 3 * MIB, after, MIB, 3 * MIB), "the hole and the written zeroes");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-o cluster_size=4k ", "-o preallocation=metadata ", "-o preallocation=falloc ",
        "-o preallocation=full ", "-o compat=0.10 ", "-o extended_l2=on ", "-o lazy_refcounts=on ", "-S 0 ", "-t none "})
    void aDeviceCanHoldAnImage(String options) {
        try (LoopDevice device = LoopDevice.attach(folder.resolve("device.img"), 512)) {
            assertEquals(new CliRun(0, "", ""), copy("-O qcow2 " + options + "@disk.raw DEVICE", device));
            String path = device.device().toString();
            Peers.run(folder, "qemu-img", "check", "-f", "qcow2", path);
            Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "qcow2", "disk.raw", path);
            copy("DEVICE @back.raw", device).expect(0);
            Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "raw", "disk.raw", "back.raw");
            // Over the image that is there now, which names the format.
            copy("@disk.qcow2 DEVICE", device).expect(0);
            Peers.run(folder, "qemu-img", "check", "-f", "qcow2", path);
            Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "qcow2", "disk.raw", path);
        }
    }

    @ParameterizedTest
    @CsvSource({"512, @copy.raw", "512, @copy.qcow2", "4096, @copy.qcow2", "512, -T none @copy.raw", "4096, -T directsync @copy.qcow2"})
    void aDeviceIsASource(int sectorSize, String words) throws IOException {
        try (LoopDevice device = LoopDevice.attach(folder.resolve("device.img"), sectorSize)) {
            String target = words.substring(words.indexOf('@'));
            copy(words.substring(0, words.indexOf('@')) + "-f raw DEVICE " + target, device).expect(0);
            Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", target.substring(target.indexOf('.') + 1), "device.img",
                    target.substring(1));
        }
    }

    @Test
    void aDeviceIsNotCopiedToItself() {
        try (LoopDevice device = LoopDevice.attach(folder.resolve("device.img"), 512)) {
            CliRun run = copy("DEVICE DEVICE", device).expect(1);
            assertTrue(run.err().contains("the target is an image that is read"), run.err());
        }
    }

    @Test
    void aDeviceOfOtherLengthThanTheImageKeepsALongerOnesEnd() throws IOException {
        Path odd = folder.resolve("odd.raw");
        Files.write(odd, Arrays.copyOf(content, MIB + 300));
        try (LoopDevice device = LoopDevice.attach(folder.resolve("device.img"), 4096)) {
            copy("@odd.raw DEVICE", device).expect(0);
            byte[] after = Files.readAllBytes(device.device());
            assertEquals(-1, Arrays.mismatch(content, 0, MIB + 300, after, 0, MIB + 300));
            assertEquals(-1, Arrays.mismatch(dirt, 2 * MIB, DEVICE, after, 2 * MIB, DEVICE));
        }
    }
}
