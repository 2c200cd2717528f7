package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.FormatDriver.DataFileOpener;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an image that is written in place refuses, marks, shares and frees. */
class InPlaceTargetTest {
    private static final int LENGTH = 4 << 20;
    private static final int CLUSTER = 65536;

    @TempDir
    Path dir;

    @BeforeAll
    static void peers() {
        Peers.require("qemu-img", "qemu-io");
    }

    private QemuImage image(String options, String... commands) {
        QemuImage image = QemuImage.create(dir, "image.qcow2", LENGTH, options);
        return commands.length == 0 ? image : image.io(commands);
    }

    private static Qcow2Header header(QemuImage image) throws BlockException {
        return Qcow2Header.parse("image", ByteBuffer.wrap(image.fileBytes()));
    }

    private static long getLong(QemuImage image, long at) {
        return ByteBuffer.wrap(image.fileBytes()).getLong((int) at);
    }

    private static void patch(QemuImage image, long at, byte... bytes) throws IOException {
        byte[] content = image.fileBytes();
        System.arraycopy(bytes, 0, content, (int) at, bytes.length);
        Files.write(image.path(), content);
    }

    private static void patchLong(QemuImage image, long at, long value) throws IOException {
        patch(image, at, ByteBuffer.allocate(Long.BYTES).putLong(value).array());
    }

    private static long l2Table(QemuImage image) throws BlockException {
        return getLong(image, header(image).l1Offset()) & L2Entry.OFFSET_MASK;
    }

    private static void assertMessage(BlockException e, Kind kind, String part) {
        assertEquals(kind, e.kind(), e.getMessage());
        assertTrue(e.getMessage().startsWith("image.qcow2: ") && e.getMessage().contains(part), e.getMessage());
    }

    @Test
    void marksAnImageCorruptWhoseRefcountsCallATableFree() throws Exception {
        QemuImage image = image("", "write -q -P 1 0 64k");
        long table = l2Table(image);
        long block = getLong(image, header(image).refcountTableOffset());
        patch(image, block + 2 * (table / CLUSTER), (byte) 0, (byte) 0);
        byte[] before = image.fileBytes();
        try (InPlaceTarget target = InPlaceImages.open(image.path())) {
            BlockException e = assertThrows(BlockException.class, () -> Disks.write(target, 1 << 20, new byte[CLUSTER]));
            assertMessage(e, Kind.CORRUPT_IMAGE, "where the active L2 table stands");
            assertThrows(BlockException.class, () -> Disks.write(target, 0, new byte[1]));
            assertThrows(BlockException.class, target::flush);
            assertThrows(BlockException.class, target::complete);
            assertArrayEquals(new byte[] {1}, Disks.read(target, new ByteRange(0, 1)), "it can still be read");
        }
        assertTrue(header(image).has(Feature.CORRUPT));
        byte[] after = image.fileBytes();
        assertArrayEquals(Arrays.copyOfRange(before, 80, before.length), Arrays.copyOfRange(after, 80, before.length));
        BlockException again = assertThrows(BlockException.class, () -> InPlaceImages.open(image.path()));
        assertMessage(again, Kind.CORRUPT_IMAGE, "marked corrupt");
    }

    @Test
    void doesNotWriteDataOverMetadataThatAnEntryPointsTo() throws Exception {
        QemuImage image = image("", "write -q -P 1 0 128k");
        patchLong(image, l2Table(image) + 8, L2Entry.data(header(image).refcountTableOffset()));
        try (InPlaceTarget target = InPlaceImages.open(image.path())) {
            BlockException e = assertThrows(BlockException.class, () -> Disks.write(target, CLUSTER + 512, new byte[512]));
            assertMessage(e, Kind.CORRUPT_IMAGE, "where the refcount table stands");
        }
        assertTrue(header(image).has(Feature.CORRUPT));
    }

    @Test
    void aVersionTwoImageCannotBeMarkedAndIsRefusedAllTheSame() throws Exception {
        QemuImage image = image("compat=0.10", "write -q -P 1 0 128k");
        patchLong(image, l2Table(image) + 8, L2Entry.data(header(image).refcountTableOffset()));
        byte[] before = image.fileBytes();
        try (InPlaceTarget target = InPlaceImages.open(image.path())) {
            assertThrows(BlockException.class, () -> Disks.write(target, CLUSTER, new byte[512]));
            assertThrows(BlockException.class, () -> Disks.write(target, 0, new byte[512]));
        }
        assertArrayEquals(before, image.fileBytes());
    }

    @Test
    void refusesImagesThatMustNotBeWritten() throws Exception {
        QemuImage data = image("data_file=data.raw");
        assertMessage(assertThrows(BlockException.class, () -> InPlaceImages.open(data.path())), Kind.UNSUPPORTED,
                "external data file");
        QemuImage plain = image("");
        assertMessage(assertThrows(BlockException.class, () -> new Qcow2Driver().openTarget(InPlaceImages.file(plain.path()),
                OpenOptions.DEFAULT.withSnapshot(Optional.of("s")), DataFileOpener.REFUSE)), Kind.INVALID_ARGUMENT, "snapshot");
    }

    @Test
    void countsTheRefcountsOfADirtyImageAnewBeforeItIsWritten() throws Exception {
        QemuImage image = image("lazy_refcounts=on");
        Peers.tryRun(dir, "qemu-io", "-f", "qcow2", "-c", "write -q -P 5 0 1M", "-c", "flush", "-c", "abort", "image.qcow2");
        assertTrue(header(image).has(Feature.DIRTY));
        byte[] content = new byte[LENGTH];
        Arrays.fill(content, 0, 1 << 20, (byte) 5);
        byte[] more = TestImage.data(1 << 20, 3).bytes();
        try (InPlaceTarget target = InPlaceImages.open(image.path())) {
            Disks.write(target, 900_000, more);
            target.complete();
        }
        System.arraycopy(more, 0, content, 900_000, more.length);
        assertFalse(header(image).has(Feature.DIRTY));
        ImageUnderTest.checkAndCompare(image.path(), content);
    }

    @Test
    void refusesADirtyImageThatCannotBeRepaired() throws Exception {
        QemuImage image = image("cluster_size=512", "write -q -P 1 0 64k");
        patchLong(image, Qcow2Header.AT_INCOMPATIBLE, Feature.DIRTY.mask());
        patchLong(image, l2Table(image) + 8, L2Entry.data(1L << 40) | 0x100);
        BlockException e = assertThrows(BlockException.class, () -> InPlaceImages.open(image.path()));
        assertEquals(Kind.CORRUPT_IMAGE, e.kind(), e.getMessage());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }

    @Test
    void clearsUnknownAutoclearBitsWithTheFirstChangeAndNotBefore() throws Exception {
        QemuImage image = image("");
        patchLong(image, Qcow2Header.AT_AUTOCLEAR, 1L << 40);
        byte[] before = image.fileBytes();
        try (InPlaceTarget target = InPlaceImages.open(image.path())) {
            Disks.read(target, new ByteRange(0, 1000));
            target.flush();
        }
        assertArrayEquals(before, image.fileBytes(), "nothing was changed");
        try (InPlaceTarget target = InPlaceImages.open(image.path())) {
            target.discard(new ByteRange(0, CLUSTER));
        }
        assertEquals(0, header(image).autoclear());
    }

    @Test
    void saysOfABitmapThatItMissedChangesAndKeepsADisabledOne() throws Exception {
        QemuImage image = image("");
        Peers.run(dir, "qemu-img", "bitmap", "--add", "image.qcow2", "live");
        Peers.run(dir, "qemu-img", "bitmap", "--add", "--disable", "image.qcow2", "old");
        try (InPlaceTarget target = InPlaceImages.open(image.path())) {
            Disks.write(target, 12_345, new byte[] {1, 2, 3});
            target.complete();
        }
        ImageUnderTest.check(image.path());
        String info = ImageUnderTest.info(image.path());
        assertTrue(info.replaceAll("\\s", "").contains("\"flags\":[\"in-use\",\"auto\"],\"name\":\"live\""), info);
        assertTrue(info.replaceAll("\\s", "").contains("\"flags\":[],\"name\":\"old\""), info);
    }

    @Test
    void growsTheRefcountTable() throws Exception {
        QemuImage image = QemuImage.create(dir, "image.qcow2", 16 << 20, "cluster_size=512,refcount_bits=64");
        int before = header(image).refcountTableClusters();
        byte[] content = TestImage.data(16 << 20, 5).bytes();
        try (InPlaceTarget target = InPlaceImages.open(image.path())) {
            for (int at = 0; at < content.length; at += 1 << 20) {
                Disks.write(target, at, Arrays.copyOfRange(content, at, at + (1 << 20)));
            }
            target.complete();
        }
        assertTrue(header(image).refcountTableClusters() > before);
        ImageUnderTest.checkAndCompare(image.path(), content);
    }

    @Test
    void discardedSpaceIsUsedAgainAndGivenBack() throws Exception {
        QemuImage image = image("");
        try (InPlaceTarget target = InPlaceImages.open(image.path())) {
            for (int round = 0; round < 5; round++) {
                Disks.write(target, 0, TestImage.data(LENGTH, round).bytes());
                target.flush();
                assertTrue(target.discard(new ByteRange(0, LENGTH)));
                target.flush();
            }
            target.complete();
        }
        assertTrue(Files.size(image.path()) < 2L * LENGTH, () -> "the file has " + image.path().toFile().length());
        ImageUnderTest.checkAndCompare(image.path(), new byte[LENGTH]);
    }

    @Test
    void zeroesOfTheWholeDiskCostNoSpace() throws Exception {
        QemuImage image = image("cluster_size=512");
        long before = Files.size(image.path());
        try (InPlaceTarget target = InPlaceImages.open(image.path())) {
            assertTrue(target.writeZeroes(new ByteRange(0, LENGTH), ZeroFlag.UNMAP));
            assertTrue(target.writeZeroes(new ByteRange(77, 1_000_000), ZeroFlag.NONE));
            assertFalse(target.writeZeroes(new ByteRange(77, 1_000_000), EnumSet.of(ZeroFlag.FAST)));
            target.complete();
        }
        assertEquals(before, Files.size(image.path()));
    }

    @Test
    void saysThatItNeedsABackingFileThatNobodyOpened() throws Exception {
        Files.write(dir.resolve("base.raw"), new byte[LENGTH]);
        QemuImage image = image("backing_file=base.raw,backing_fmt=raw");
        try (InPlaceTarget target = InPlaceImages.open(image.path())) {
            BlockException e = assertThrows(BlockException.class, () -> Disks.write(target, 512, new byte[512]));
            assertMessage(e, Kind.UNSUPPORTED, "backing file 'base.raw' is needed");
            Disks.write(target, CLUSTER, new byte[CLUSTER]);
            target.complete();
        }
        ImageUnderTest.check(image.path());
    }

    @Test
    @Timeout(60)
    void requestsThatShareClustersTakeTurns() throws Exception {
        for (String options : List.of("", "extended_l2=on", "cluster_size=2M")) {
            QemuImage image = image(options, "write -q -c -P 1 0 2M");
            Peers.run(dir, "qemu-img", "snapshot", "-c", "s", "image.qcow2");
            byte[] content = image.content();
            try (InPlaceTarget target = InPlaceImages.open(image.path())) {
                share(target, content);
                target.complete();
            }
            ImageUnderTest.checkAndCompare(image.path(), content);
            assertEquals(1, image.content("-l", "s")[12345]);
        }
    }

    /** Eight threads, each with every eighth KiB of the disk. */
    private static void share(InPlaceTarget target, byte[] content) throws Exception {
        int threads = 8;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> results = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int mine = i;
                SplittableRandom random = new SplittableRandom(i);
                results.add(pool.submit((Callable<Void>) () -> {
                    for (int n = 0; n < 150; n++) {
                        int at = (random.nextInt(LENGTH / 1024 / threads) * threads + mine) * 1024;
                        byte[] data = new byte[1024];
                        Arrays.fill(data, (byte) random.nextInt(1, 100));
                        target.write(at, ByteBuffer.wrap(data), WriteFlag.NONE);
                        System.arraycopy(data, 0, content, at, data.length);
                        assertArrayEquals(data, Disks.read(target, new ByteRange(at, 1024)));
                        if (n % 50 == 49) {
                            target.flush();
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> result : results) {
                result.get(50, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aWriteThatFailsOnceLeavesASoundImage() throws Exception {
        QemuImage image = image("cluster_size=4k", "write -q -P 7 0 128k");
        byte[] before = image.fileBytes();
        for (int fail = 0; fail < 60; fail++) {
            RecordingDisk disk = new RecordingDisk(before);
            disk.failOnce(fail);
            SplittableRandom random = new SplittableRandom(fail);
            int failures = 0;
            try (InPlaceTarget target = InPlaceImages.open(disk)) {
                for (int n = 0; n < 30; n++) {
                    try {
                        Disks.write(target, random.nextInt(LENGTH - 9000), new byte[1 + random.nextInt(9000)]);
                        if (n % 10 == 9) {
                            target.flush();
                        }
                    } catch (BlockException e) {
                        assertEquals(Kind.IO, e.kind(), e.getMessage());
                        failures++;
                    }
                }
                target.complete();
            }
            assertEquals(1, failures, "fails at " + fail);
            if (fail % 6 == 0) {
                Files.write(image.path(), disk.content());
                assertEquals(0, Peers.tryRun(dir, "qemu-img", "check", "-q", "-r", "leaks", "image.qcow2").exitCode());
                ImageUnderTest.check(image.path());
            }
        }
    }
}
