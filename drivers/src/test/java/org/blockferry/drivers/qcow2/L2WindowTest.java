package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class L2WindowTest {
    @TempDir
    Path dir;

    @ParameterizedTest(name = "cluster bits {0}, extended {1}")
    @CsvSource({"9, false", "12, false", "16, false", "16, true", "17, false", "19, true"})
    void entriesComeBackHoweverSmallTheWindow(int clusterBits, boolean extended) throws Exception {
        Qcow2Layout layout = new Qcow2Layout(clusterBits, 4, extended);
        FreshFile file = new FreshFile(ArrayDisk.growing("disk"));
        L2Window window = new L2Window(file, new HostSpace(file, layout), layout, (slice, first) -> false, 3 << 16);
        int capacity = (3 << 16) / Math.min(65536, layout.clusterSize());
        Map<Long, Long> expected = new HashMap<>();
        SplittableRandom random = new SplittableRandom(1);
        for (int n = 0; n < 3000; n++) {
            long index = random.nextInt(clusterBits == 9 ? 2000 : 60);
            L2Slice slice = window.pin(index);
            assertEquals(expected.getOrDefault(index, 0L), slice.entry(5), "slice " + index);
            slice.setEntry(5, n + 1L);
            expected.put(index, n + 1L);
            window.unpin(slice, true);
            assertTrue(window.resident() <= capacity, window.resident() + " of " + capacity);
        }
    }

    @Test
    void whatIsPinnedStaysAndTheWindowGrowsForIt() throws Exception {
        Qcow2Layout layout = new Qcow2Layout(16, 4, false);
        FreshFile file = new FreshFile(ArrayDisk.growing("disk"));
        L2Window window = new L2Window(file, new HostSpace(file, layout), layout, (slice, first) -> false, 1);
        List<L2Slice> pinned = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            pinned.add(window.pin(i));
            pinned.get(i).setEntry(0, i + 1L);
        }
        for (int i = 0; i < 20; i++) {
            assertEquals(i + 1L, pinned.get(i).entry(0));
            window.unpin(pinned.get(i), true);
        }
        window.unpin(window.pin(30), false);
        for (int i = 0; i < 20; i++) {
            L2Slice slice = window.pin(i);
            assertEquals(i + 1L, slice.entry(0));
            window.unpin(slice, false);
        }
    }

    @Test
    void tablesThatNobodySetAreNotWritten() throws Exception {
        Qcow2Layout layout = new Qcow2Layout(16, 4, false);
        ArrayDisk disk = ArrayDisk.growing("disk");
        FreshFile file = new FreshFile(disk);
        L2Window window = new L2Window(file, new HostSpace(file, layout), layout, (slice, first) -> false, 1);
        for (int i = 0; i < 10; i++) {
            window.unpin(window.pin(i), false);
        }
        window.finish();
        assertEquals(0, disk.info().length());
    }

    /** 8 TiB, 64 TiB: little pieces everywhere, in no order, with the tables going out and coming back. */
    @ParameterizedTest(name = "{0} TiB, {1}")
    @CsvSource({"8, cluster_size=64k", "64, cluster_size=64k", "64, cluster_size=2M", "8, 'cluster_size=64k,extended_l2=on'"})
    void aHugeSparseDiskTakesLittleMemoryAndTime(int tebibytes, String words) throws Exception {
        Peers.require("qemu-img", "qemu-io");
        Map<String, String> options = new HashMap<>();
        for (String word : words.split(",")) {
            options.put(word.split("=")[0], word.split("=")[1]);
        }
        long length = (long) tebibytes << 40;
        Path image = dir.resolve("image.qcow2");
        ChannelDisk disk = new ChannelDisk(image);
        int window = 16 << 16;
        Map<Long, Integer> written = new HashMap<>();
        try (BlockTarget target = new Qcow2Creator(window).create(disk,
                CreateOptions.ofLength(length).withFormatOptions(options))) {
            SplittableRandom random = new SplittableRandom(7);
            ByteBuffer piece = ByteBuffer.allocateDirect(4096);
            for (int n = 0; n < 400; n++) {
                // Few tables, each met several times.
                long table = random.nextInt(100) * (length / 100) / 4096 * 4096;
                long at = table + random.nextInt(1 << 10) * 4096L;
                for (int i = 0; i < 4096; i++) {
                    piece.put(i, (byte) (n + 1));
                }
                target.write(at, piece.clear(), WriteFlag.NONE);
                written.put(at, n + 1 & 0xff);
            }
            assertTrue(target.writeZeroes(new ByteRange(0, length / 200), ZeroFlag.UNMAP));
            written.keySet().removeIf(at -> at < length / 200);
            target.complete();
        }
        ImageUnderTest.check(image);
        assertTrue(disk.reads.get() > 10, "tables came back " + disk.reads.get() + " times");
        assertTrue(disk.writtenBytes.get() < 64 << 20, "written " + disk.writtenBytes.get());
        List<String> command = new ArrayList<>(List.of("qemu-io", "-r", "-f", "qcow2"));
        written.forEach((at, value) -> command.addAll(List.of("-c", "read -P " + value + " " + at + " 4096")));
        command.add("image.qcow2");
        Peers.Result result = Peers.run(dir, command.toArray(new String[0]));
        assertTrue(!result.out().contains("failed"), result.out());
        Files.delete(image);
    }
}
