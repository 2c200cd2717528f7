package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.GrowableTarget;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Qcow2CreatorTest {
    private static final int CLUSTER = 65536;

    @TempDir
    Path dir;
    private Path image;

    @BeforeEach
    void peers() {
        Peers.require("qemu-img");
        image = dir.resolve("image.qcow2");
    }

    private static CreateOptions options(long length, String... words) {
        Map<String, String> map = new HashMap<>();
        for (String word : words) {
            map.put(word.substring(0, word.indexOf('=')), word.substring(word.indexOf('=') + 1));
        }
        return CreateOptions.ofLength(length).withFormatOptions(map);
    }

    private BlockTarget create(ChannelDisk disk, CreateOptions options) throws BlockException {
        return new Qcow2Driver().create(disk, options);
    }

    private static ByteBuffer bytes(int length, int value) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(length);
        for (int i = 0; i < length; i++) {
            buffer.put(i, (byte) value);
        }
        return buffer;
    }

    @Test
    void laysDataThenTablesThenRefcountsAndTheHeaderLast() throws Exception {
        ChannelDisk disk = new ChannelDisk(image);
        try (BlockTarget target = create(disk, options(2 << 20))) {
            target.write(0, bytes(2 * CLUSTER, 1), WriteFlag.NONE);
            target.write(1 << 20, bytes(CLUSTER, 2), WriteFlag.NONE);
            assertEquals(2, disk.writes.get(), "one write of the file for each of ours");
            target.complete();
            assertTrue(disk.isCompleted());
        }
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(image));
        Qcow2Header header = Qcow2Header.parse("image", file);
        assertEquals(8L * CLUSTER, file.capacity());
        assertEquals(1, file.get(CLUSTER));
        assertEquals(1, file.get(2 * CLUSTER));
        assertEquals(2, file.get(3 * CLUSTER));
        assertEquals(L2Entry.data(CLUSTER), file.getLong(4 * CLUSTER));
        assertEquals(L2Entry.data(2 * CLUSTER), file.getLong(4 * CLUSTER + 8));
        assertEquals(L2Entry.data(3 * CLUSTER), file.getLong(4 * CLUSTER + 16 * 8));
        assertEquals(5L * CLUSTER, header.l1Offset());
        assertEquals(1, header.l1Size());
        assertEquals(L2Entry.data(4 * CLUSTER), file.getLong(5 * CLUSTER));
        assertEquals(7L * CLUSTER, header.refcountTableOffset());
        assertEquals(6L * CLUSTER, file.getLong(7 * CLUSTER));
        ImageUnderTest.check(image);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 512, 1000, 65535, 65536, 65537, (1L << 29) + 1, 5L << 40})
    void anEmptyDiskOfAnyLengthIsAnImage(long length) throws Exception {
        try (BlockTarget target = create(new ChannelDisk(image), options(length))) {
            target.complete();
        }
        ImageUnderTest.check(image);
        long rounded = (length + 511) / 512 * 512;
        assertTrue(ImageUnderTest.info(image).contains("\"virtual-size\": " + rounded + ","));
        assertTrue(Files.size(image) < 1 << 20, "size " + Files.size(image));
        Peers.run(dir, "qemu-img", "resize", "-q", "image.qcow2", "+1M");
        Peers.run(dir, "qemu-io", "-c", "write -P 1 " + rounded + " 64k", "-c", "read -P 1 " + rounded + " 64k", "image.qcow2");
        ImageUnderTest.check(image);
    }

    @Test
    void theHeaderSaysWhatTheOptionsSaid() throws Exception {
        CreateOptions options = options(1 << 20, "lazy_refcounts=on", "extended_l2=on", "compression_type=zstd",
                "refcount_bits=32", "cluster_size=32k").withBacking(new BackingReference("base.raw", Optional.of("raw")));
        Files.write(dir.resolve("base.raw"), new byte[1 << 20]);
        try (BlockTarget target = create(new ChannelDisk(image), options)) {
            assertTrue(target.info().has(Trait.BACKING));
            assertFalse(target.info().has(Trait.READS_ZERO_WHEN_NEW));
            assertEquals(1024, target.info().limits().clusterSize(), "a subcluster is the unit");
            target.complete();
        }
        ImageUnderTest.check(image);
        String info = ImageUnderTest.info(image);
        for (String line : new String[] {"\"lazy-refcounts\": true", "\"extended-l2\": true", "\"compression-type\": \"zstd\"",
            "\"refcount-bits\": 32", "\"cluster-size\": 32768", "\"backing-filename\": \"base.raw\"",
            "\"backing-filename-format\": \"raw\"", "\"corrupt\": false"}) {
            assertTrue(info.contains(line), line + " in " + info);
        }
    }

    @Test
    void nothingIsWrittenWhenAnOptionIsRefused() throws Exception {
        ChannelDisk disk = new ChannelDisk(image);
        assertThrows(BlockException.class, () -> create(disk, options(1 << 20, "cluster_size=3")));
        assertEquals(0, disk.writes.get());
    }

    @Test
    void withoutCompleteNothingOpensAsAnImageHoweverMuchWasWritten() throws Exception {
        try (BlockTarget target = new Qcow2Creator(1).create(new ChannelDisk(image), options(8 << 20, "cluster_size=512"))) {
            target.write(0, bytes(8 << 20, 7), WriteFlag.NONE);
        }
        assertTrue(Files.size(image) > 8 << 20);
        assertTrue(Peers.tryRun(dir, "qemu-img", "info", "-f", "qcow2", "image.qcow2").exitCode() != 0);
    }

    @Test
    void aDeviceThatHeldAnImageHoldsNoneUntilTheNewOneIsComplete() throws Exception {
        ChannelDisk disk = ChannelDisk.device(image, 4 << 20);
        disk.write(0, NewImageHeader.encode(NewImageOptions.parse("x", options(512)), 512, 0, 0, new HostSpace.Table(65536, 1)),
                WriteFlag.NONE);
        BlockTarget target = create(disk, options(1 << 20));
        assertEquals(0, ByteBuffer.wrap(Files.readAllBytes(image)).getInt(0));
        target.write(5000, bytes(1000, 1), WriteFlag.NONE);
        target.complete();
        target.close();
        byte[] model = new byte[1 << 20];
        Arrays.fill(model, 5000, 6000, (byte) 1);
        ImageUnderTest.checkAndCompare(image, model);
    }

    @Test
    void aDeviceThatIsTooSmallIsFull() throws Exception {
        try (BlockTarget target = create(ChannelDisk.device(image, 2 << 20), options(16 << 20))) {
            target.write(0, bytes(1 << 20, 1), WriteFlag.NONE);
            BlockException e = assertThrows(BlockException.class, () -> {
                target.write(1 << 20, bytes(1 << 20, 1), WriteFlag.NONE);
                target.complete();
            });
            assertEquals(Kind.NO_SPACE, e.kind());
            assertTrue(e.range().isPresent());
        }
        assertEquals(0, ByteBuffer.wrap(Files.readAllBytes(image)).getInt(0));
    }

    @ParameterizedTest
    @CsvSource({"off, false", "off, true", "metadata, false"})
    void noSpaceAtAnyPointIsAnErrorAndNeverAnImage(String preallocation, boolean compressed) throws Exception {
        long whole = 0;
        for (long capacity = Long.MAX_VALUE; capacity > 0; capacity = Math.min(capacity, whole) - 70_001) {
            ChannelDisk disk = new ChannelDisk(image).withCapacity(capacity);
            boolean completed = false;
            try (BlockTarget target = new Qcow2Creator(1).create(disk,
                    options(1 << 20, "cluster_size=4k", "preallocation=" + preallocation))) {
                for (int at = 0; at < 1 << 20; at += 1 << 16) {
                    target.write(at, bytes(1 << 16, at >> 16), compressed ? Set.of(WriteFlag.COMPRESSED) : WriteFlag.NONE);
                }
                target.complete();
                completed = true;
            } catch (BlockException e) {
                assertEquals(Kind.NO_SPACE, e.kind(), e.getMessage());
            }
            if (whole == 0) {
                whole = Files.size(image);
                assertTrue(completed);
                ImageUnderTest.check(image);
            } else {
                assertFalse(completed, "capacity " + capacity);
                byte[] left = Files.readAllBytes(image);
                assertFalse(Qcow2Header.hasMagic(ByteBuffer.wrap(left)), "capacity " + capacity);
            }
        }
    }

    @Test
    void whatFailedForGoodIsNeverCompleted() throws Exception {
        ChannelDisk disk = new ChannelDisk(image).withCapacity(3 * CLUSTER);
        try (BlockTarget target = create(disk, options(1 << 20))) {
            byte[] random = new byte[8 * CLUSTER];
            new Random(1).nextBytes(random);
            for (int i = 0; i < random.length; i += 2) {
                random[i] = 1;
            }
            assertThrows(BlockException.class,
                    () -> target.write(0, ByteBuffer.wrap(random), Set.of(WriteFlag.COMPRESSED)));
            disk.withCapacity(Long.MAX_VALUE);
            BlockException e = assertThrows(BlockException.class, target::complete);
            assertTrue(e.getMessage().endsWith("an earlier write failed"), e.getMessage());
        }
        assertFalse(Qcow2Header.hasMagic(ByteBuffer.wrap(Files.readAllBytes(image))));
    }

    @Test
    void aWriteThatFailedMayBeTriedAgain() throws Exception {
        ChannelDisk disk = new ChannelDisk(image).withCapacity(2 * CLUSTER);
        try (BlockTarget target = create(disk, options(1 << 20))) {
            assertThrows(BlockException.class, () -> target.write(0, bytes(4 * CLUSTER, 1), WriteFlag.NONE));
            disk.withCapacity(Long.MAX_VALUE);
            target.write(0, bytes(4 * CLUSTER, 2), WriteFlag.NONE);
            target.complete();
        }
        byte[] model = new byte[1 << 20];
        Arrays.fill(model, 0, 4 * CLUSTER, (byte) 2);
        ImageUnderTest.checkAndCompare(image, model);
    }

    @Test
    void whatIsNotOffloadedIsWrittenIntoTheSameClusters() throws Exception {
        byte[] model = new byte[1 << 20];
        new Random(5).nextBytes(model);
        for (int most : new int[] {0, 1000, 65536, 100_000, 1 << 20}) {
            ChannelDisk disk = new ChannelDisk(image).withOffload(most);
            try (BlockTarget target = create(disk, options(1 << 20)); ArrayDisk source = new ArrayDisk("source", model)) {
                assertTrue(target.info().has(Trait.OFFLOAD));
                BlockStatus run = BlockStatus.data(new ByteRange(0, 1 << 20), source, 0);
                // Two clusters are there already, elsewhere, so that the request falls into pieces.
                target.write(3 * CLUSTER, bytes(2 * CLUSTER, 9), WriteFlag.NONE);
                long moved = target.offload(run, 0, 1 << 20);
                assertTrue(moved <= 1 << 20 && (most > 0) == (moved > 0), "moved " + moved);
                target.write(moved, ByteBuffer.wrap(model).position((int) moved).slice(), WriteFlag.NONE);
                target.complete();
            }
            ImageUnderTest.checkAndCompare(image, model);
            assertTrue(Files.size(image) <= (1 << 20) + 5 * CLUSTER, "clusters were allocated twice");
        }
    }

    @ParameterizedTest
    @CsvSource({"65536, -1", "100000, -1", "65536, 200000", "0, 0", "0, 70000"})
    void aDiskOfUnknownLengthEndsWhereItIsToldOrWhereTheLastByteWas(int written, long told) throws Exception {
        long length;
        try (BlockTarget target = create(new ChannelDisk(image), options(NodeInfo.UNKNOWN_LENGTH))) {
            assertFalse(target.info().isLengthKnown());
            target.write(0, bytes(written, 3), WriteFlag.NONE);
            if (told >= 0) {
                ((GrowableTarget) target).setLength(told);
            }
            target.complete();
            length = target.info().length();
        }
        assertEquals((Math.max(written, told) + 511) / 512 * 512, length);
        byte[] model = new byte[(int) length];
        Arrays.fill(model, 0, written, (byte) 3);
        ImageUnderTest.checkAndCompare(image, model);
    }

    @Test
    void theLengthOfADiskIsNotChangedOnceItIsKnown() throws Exception {
        try (BlockTarget known = create(new ChannelDisk(image), options(1000))) {
            ((GrowableTarget) known).setLength(1000);
            assertEquals(Kind.UNSUPPORTED,
                    assertThrows(BlockException.class, () -> ((GrowableTarget) known).setLength(2000)).kind());
        }
        try (BlockTarget unknown = create(new ChannelDisk(image), options(NodeInfo.UNKNOWN_LENGTH))) {
            unknown.write(0, bytes(1000, 1), WriteFlag.NONE);
            assertThrows(BlockException.class, () -> ((GrowableTarget) unknown).setLength(999));
        }
    }

    @Test
    void aPartOfAClusterIsNotWrittenOverABackingFile() throws Exception {
        Files.write(dir.resolve("base.raw"), new byte[1 << 20]);
        ChannelDisk disk = new ChannelDisk(image);
        try (BlockTarget target = create(disk, options(1 << 20, "backing_file=base.raw", "backing_fmt=raw"))) {
            BlockException e = assertThrows(BlockException.class, () -> target.write(512, bytes(512, 1), WriteFlag.NONE));
            assertEquals(Kind.UNSUPPORTED, e.kind());
            assertFalse(target.writeZeroes(new ByteRange(512, 512), ZeroFlag.UNMAP));
            assertEquals(0, disk.writes.get());
            assertTrue(target.writeZeroes(new ByteRange(0, CLUSTER), ZeroFlag.UNMAP));
            target.write(512, bytes(512, 1), WriteFlag.NONE);
            target.complete();
        }
        ImageUnderTest.check(image);
    }

    @Test
    void zeroesCostNothingWhereNothingIsAndAFlagWhereABackingFileShows() throws Exception {
        ChannelDisk disk = new ChannelDisk(image);
        try (BlockTarget target = create(disk, options(1L << 40))) {
            assertTrue(target.writeZeroes(new ByteRange(1, (1L << 40) - 1), ZeroFlag.UNMAP));
            assertFalse(target.writeZeroes(new ByteRange(0, CLUSTER), ZeroFlag.NONE), "allocated zeroes are written");
            target.complete();
        }
        assertTrue(Files.size(image) < 1 << 20);
        Files.write(dir.resolve("base.raw"), new byte[4 << 20]);
        try (BlockTarget target = create(new ChannelDisk(image),
                options(4 << 20, "backing_file=base.raw", "backing_fmt=raw"))) {
            assertTrue(target.writeZeroes(new ByteRange(CLUSTER, 2 * CLUSTER), ZeroFlag.UNMAP));
            target.complete();
        }
        ImageUnderTest.check(image);
        String map = Peers.run(dir, "qemu-img", "map", "--output=json", "image.qcow2").out().replace(" ", "");
        assertTrue(map.contains("{\"start\":65536,\"length\":131072,\"depth\":0,\"present\":true,\"zero\":true,\"data\":false}"), map);
        assertEquals(5L * CLUSTER, Files.size(image));
    }

    @ParameterizedTest
    @CsvSource({"metadata, ''", "falloc, ''", "full, ''", "metadata, extended_l2=on", "full, cluster_size=512",
        "metadata, cluster_size=2M"})
    void preallocatesAsQemuDoes(String mode, String more) throws Exception {
        long length = 3 << 20;
        String[] words = more.isEmpty() ? new String[] {"preallocation=" + mode} : new String[] {"preallocation=" + mode, more};
        ChannelDisk disk = new ChannelDisk(image);
        try (BlockTarget target = create(disk, options(length, words))) {
            target.write(1 << 20, bytes(CLUSTER, 4), WriteFlag.NONE);
            target.complete();
        }
        byte[] model = new byte[(int) length];
        Arrays.fill(model, 1 << 20, (1 << 20) + CLUSTER, (byte) 4);
        ImageUnderTest.checkAndCompare(image, model);
        Peers.run(dir, "qemu-img", "create", "-q", "-f", "qcow2", "-o", String.join(",", words), "theirs.qcow2", "" + length);
        Peers.run(dir, "qemu-io", "-c", "write -P 4 1M 64k", "theirs.qcow2");
        int cluster = NewImageOptions.parse("x", options(length, words)).layout().clusterSize();
        long theirs = Files.size(dir.resolve("theirs.qcow2"));
        assertTrue(Math.abs(Files.size(image) - theirs) <= Math.max(4 * cluster, theirs / 100),
                "ours has " + Files.size(image) + ", theirs " + theirs);
        assertEquals(mapOf("theirs.qcow2"), mapOf("image.qcow2"));
        assertTrue(mode.equals("metadata") || disk.writtenBytes.get() > length);
    }

    private String mapOf(String name) {
        return Peers.run(dir, "qemu-img", "map", "--output=json", name).out().replaceAll("\"offset\": \\d+", "");
    }

    /**
     * One writer is stopped in the middle of giving a cluster its place, where a refcount block happens to be full and is
     * written; the other one wants another subcluster of the same cluster, and must wait for that place.
     */
    @Test
    @Timeout(60)
    void twoWritersOfOneClusterGiveItOnePlace() throws Exception {
        int cluster = 1 << 14;
        int clustersOfABlock = cluster / Long.BYTES;
        int filled = (clustersOfABlock - 2) * cluster;
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        ChannelDisk disk = new ChannelDisk(image).onWriteAt((long) clustersOfABlock * cluster, () -> {
            inside.countDown();
            goOn.await();
        });
        byte[] model = new byte[40 << 20];
        try (BlockTarget target = create(disk, options(model.length, "extended_l2=on", "cluster_size=16k", "refcount_bits=64"))) {
            target.write(0, bytes(filled, 1), WriteFlag.NONE);
            Thread first = writer(target, filled, 2);
            inside.await();
            Thread second = writer(target, filled + cluster / 2, 3);
            while (second.getState() != Thread.State.BLOCKED && second.isAlive()) {
                Thread.onSpinWait();
            }
            goOn.countDown();
            first.join();
            second.join();
            target.complete();
        }
        Arrays.fill(model, 0, filled, (byte) 1);
        Arrays.fill(model, filled, filled + 512, (byte) 2);
        Arrays.fill(model, filled + cluster / 2, filled + cluster / 2 + 512, (byte) 3);
        ImageUnderTest.checkAndCompare(image, model);
    }

    private static Thread writer(BlockTarget target, long offset, int value) {
        Thread thread = new Thread(() -> {
            try {
                target.write(offset, bytes(512, value), WriteFlag.NONE);
            } catch (BlockException e) {
                throw new UncheckedIOException(e);
            }
        });
        thread.start();
        return thread;
    }

    @Test
    void anAppendOnlyFileIsRefused() throws Exception {
        ArrayDisk disk = ArrayDisk.growing("pipe");
        BlockTarget pipe = (BlockTarget) Proxy.newProxyInstance(getClass().getClassLoader(),
                new Class<?>[] {BlockTarget.class}, (proxy, method, arguments) -> method.invoke(disk, arguments));
        BlockException e = assertThrows(BlockException.class, () -> new Qcow2Driver().create(pipe, options(512)));
        assertEquals(Kind.UNSUPPORTED, e.kind());
        assertTrue(disk.isClosed());
    }
}
