package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.FormatDriver.DataFileOpener;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that QEMU made: bytes as {@code qemu-img convert} gives them, status as {@code qemu-img map} does. */
@Timeout(120)
class Qcow2SourceTest {
    private static final int SECTOR = 512;
    private static final long SIZE = 8 << 20;

    @TempDir
    Path dir;

    /** Every creation option, alone and where it matters together. */
    static Stream<Arguments> makes() {
        List<Arguments> makes = new ArrayList<>();
        for (String options : List.of(
                "compat=0.10", "compat=0.10,cluster_size=512", "compat=0.10,cluster_size=2M", "compat=1.1",
                "cluster_size=512", "cluster_size=4k", "cluster_size=64k", "cluster_size=2M",
                "extended_l2=on", "extended_l2=on,cluster_size=16k", "extended_l2=on,cluster_size=2M",
                "preallocation=metadata", "preallocation=falloc", "preallocation=full",
                "preallocation=metadata,cluster_size=4k", "preallocation=metadata,extended_l2=on",
                "preallocation=falloc,extended_l2=on,cluster_size=128k",
                "compression_type=zlib", "compression_type=zstd", "compression_type=zstd,cluster_size=2M",
                "compression_type=zstd,cluster_size=4k", "compression_type=zstd,extended_l2=on",
                "refcount_bits=1", "refcount_bits=8", "refcount_bits=64", "lazy_refcounts=on",
                "data_file=data.raw", "data_file=data.raw,data_file_raw=on", "data_file=data.raw,preallocation=metadata",
                "data_file=data.raw,extended_l2=on", "data_file=data.raw,data_file_raw=on,extended_l2=on,cluster_size=512k")) {
            makes.add(Arguments.of(options));
        }
        return makes.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("makes")
    void readsEveryClusterKindAsQemuDoes(String options) throws Exception {
        QemuImage image = QemuImage.create(dir, "image.qcow2", SIZE, options);
        writeEveryKind(image, options);
        try (FormatSource source = image.open()) {
            assertSameAsQemu(image, source);
        }
    }

    /** Data, zeroes with and without space, discarded, compressed and overwritten ranges, aligned and not. */
    private static void writeEveryKind(QemuImage image, String options) {
        List<String> commands = new ArrayList<>(List.of(
                "write -q -P 17 0 64k", "write -q -P 18 100000 70001", "write -q -P 19 1M 512k", "write -q -P 20 1900k 500k",
                "write -q -z 1100k 200k", "write -q -z -u 1300k 64k", "write -q -z 3M 1M", "discard -q 1M 64k",
                "discard -q 4M 1M", "write -q -P 21 5000k 3k", "write -q -P 22 8191k 1k", "write -q -z -u 2M 128k"));
        if (options.startsWith("compat=0.10")) {
            commands.removeIf(command -> command.contains(" -z"));
        }
        if (!options.contains("data_file") && !options.contains("preallocation")) {
            // QEMU compresses only whole clusters that are not allocated.
            commands.addAll(0, List.of("write -q -c -P 23 6M 2M", "write -q -P 24 6300k 10k"));
        }
        image.io(commands.toArray(String[]::new));
    }

    private static void assertSameAsQemu(QemuImage image, FormatSource source) throws Exception {
        byte[] expected = image.content();
        assertEquals(expected.length, source.info().length());
        int at = Arrays.mismatch(expected, Disks.readAll(source));
        assertEquals(-1, at, () -> "bytes differ at 0x" + Integer.toHexString(at));
        List<BlockStatus> walk = Disks.walk(source, source.info().range());
        List<QemuImage.MapEntry> map = image.map();
        assertEquals(source.info().length(), map.stream().mapToLong(QemuImage.MapEntry::length).sum(), "map covers the disk");
        for (QemuImage.MapEntry entry : map) {
            for (BlockStatus run : walk) {
                ByteRange range = new ByteRange(entry.start(), entry.length());
                if (run.range().overlaps(range)) {
                    assertSameStatus(entry, run.clip(range), expected);
                }
            }
        }
    }

    /**
     * QEMU asks the file below for the clusters of preallocated images, and so do we for long runs. What is unallocated without
     * a backing file QEMU calls zero; we leave that to the graph.
     */
    private static void assertSameStatus(QemuImage.MapEntry entry, BlockStatus run, byte[] content) {
        String both = entry + " / " + run;
        if (run.isMapped() && run.isLocal() && !run.isZero()) {
            assertTrue(entry.data(), both);
            assertTrue(entry.present(), both);
        } else {
            // What is a hole of the file is data to QEMU, and also zero if the image looks preallocated; to us it is zero.
            boolean hole = run.letters().equals("LZMO") && entry.data();
            assertTrue(hole || !entry.data() && entry.zero(), both);
            assertEquals(run.isLocal(), entry.present(), both);
        }
        if (run.isOffsetValid()) {
            assertEquals(entry.offset().orElse(-1L) + run.offset() - entry.start(), run.hostOffset(), both);
        } else if (run.isLocal() && !run.isZero()) {
            assertEquals(Optional.empty(), entry.offset(), both);
        }
        if (!run.isLocal() || run.isZero() || entry.zero()) {
            for (long i = run.offset(); i < run.end(); i++) {
                assertEquals(0, content[(int) i], both);
            }
        }
    }

    @Test
    void readsCompressedClustersThatStandInAnyOrderAndSplitReadsOfThem() throws Exception {
        Peers.require("qemu-img");
        Path raw = dir.resolve("text.raw");
        SplittableRandom random = new SplittableRandom(5);
        ByteBuffer text = ByteBuffer.allocate(3 << 20);
        while (text.hasRemaining()) {
            text.put((byte) ('a' + random.nextInt(random.nextInt(1, 8))));
        }
        Files.write(raw, text.array());
        for (String options : List.of("cluster_size=512", "cluster_size=64k", "cluster_size=2M", "compression_type=zstd")) {
            Peers.run(dir, "qemu-img", "convert", "-c", "-W", "-m", "8", "-O", "qcow2", "-o", options, "text.raw", "c.qcow2");
            QemuImage image = new QemuImage(dir.resolve("c.qcow2"));
            try (FormatSource source = image.open()) {
                assertArrayEquals(text.array(), Disks.readAll(source));
                for (int i = 0; i < 200; i++) {
                    int length = 1 + random.nextInt(1 << random.nextInt(1, 20));
                    ByteRange range = new ByteRange(random.nextLong(text.capacity() - length), length);
                    assertArrayEquals(Arrays.copyOfRange(text.array(), (int) range.offset(), (int) range.end()),
                            Disks.read(source, range), () -> options + " " + range);
                }
            }
        }
    }

    @Test
    void adjoiningCompressedClustersAreFetchedByOneRequest() throws Exception {
        Peers.require("qemu-img");
        Files.write(dir.resolve("text.raw"), "0123456789abcdef".repeat(4 << 16).getBytes());
        Peers.run(dir, "qemu-img", "convert", "-c", "-O", "qcow2", "text.raw", "c.qcow2");
        ChannelSource file = new ChannelSource(dir.resolve("c.qcow2"));
        try (FormatSource source = new Qcow2Driver().open(file, OpenOptions.DEFAULT, DataFileOpener.REFUSE)) {
            Disks.read(source, new ByteRange(0, 1 << 16));
            long before = file.reads();
            Disks.read(source, new ByteRange(1 << 16, 30 << 16));
            assertTrue(file.reads() - before <= 2, () -> "30 clusters took " + (file.reads() - before) + " reads");
        }
    }

    @Test
    void contiguousClustersAreReadByOneRequest() throws Exception {
        QemuImage image = QemuImage.create(dir, "p.qcow2", 64 << 20, "preallocation=metadata,cluster_size=4k");
        ChannelSource file = new ChannelSource(image.path());
        try (FormatSource source = new Qcow2Driver().open(file, OpenOptions.DEFAULT, DataFileOpener.REFUSE)) {
            List<BlockStatus> walk = Disks.walk(source, source.info().range());
            for (BlockStatus run : walk) {
                long before = file.reads();
                Disks.read(source, run.range());
                // Small clusters have an L2 table for every 2 MiB, 128 in all, and they stay in memory.
                assertEquals(1, file.reads() - before, () -> run + " took " + (file.reads() - before));
            }
        }
    }

    @Test
    void aHugeEmptyImageIsOneRunAtTheCostOfItsL1Table() throws Exception {
        QemuImage image = QemuImage.create(dir, "huge.qcow2", 64L << 40, "");
        ChannelSource file = new ChannelSource(image.path());
        try (FormatSource source = new Qcow2Driver().open(file, OpenOptions.DEFAULT, DataFileOpener.REFUSE)) {
            List<BlockStatus> walk = Disks.walk(source, source.info().range());
            assertEquals(List.of("0x0+0x400000000000 ----"), walk.stream().map(BlockStatus::toString).toList());
            assertTrue(file.reads() <= 70, () -> file.reads() + " reads");
        }
    }

    @Test
    void whatIsAHoleOfTheFileIsZeroInAPreallocatedImageHoweverLarge() throws Exception {
        QemuImage image = QemuImage.create(dir, "meta.qcow2", 1L << 40, "preallocation=metadata").io("write -q -P 6 300G 3M");
        try (FormatSource source = image.open()) {
            List<String> map = Disks.map(source, source.info().range());
            assertEquals(List.of("0x0+0x4b00000000 LZMO", "0x4b00000000+0x300000 L-MO", "0x4b00300000+0xb4ffd00000 LZMO"), map);
            assertEquals(6, Disks.read(source, new ByteRange(300L << 30, 1))[0]);
        }
    }

    @Test
    void aLongRunWhoseFileHasManyHolesIsWalkedOnce() throws Exception {
        QemuImage image = QemuImage.create(dir, "holes.qcow2", 256 << 20, "preallocation=metadata,cluster_size=4k");
        List<String> writes = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            writes.add("write -q -P 1 " + i * 512 + "k 64k");
        }
        image.io(writes.toArray(String[]::new));
        try (FormatSource source = image.open()) {
            List<BlockStatus> walk = Disks.walk(source, source.info().range());
            assertEquals(32_768_000L, walk.stream().filter(run -> !run.isZero()).mapToLong(BlockStatus::length).sum());
            assertTrue(walk.size() < 1200, () -> walk.size() + " runs");
        }
    }

    @Test
    void theLargestDiskIsWalkedWithoutItsL1TableInMemory() throws Exception {
        QemuImage image = QemuImage.create(dir, "largest.qcow2", 1L << 60, "cluster_size=2M");
        try (FormatSource source = image.open()) {
            assertEquals(List.of("0x0+0x1000000000000000 ----"),
                    Disks.walk(source, source.info().range()).stream().map(BlockStatus::toString).toList());
            assertEquals(0, Disks.read(source, new ByteRange((1L << 60) - 5, 5))[0]);
        }
    }

    @Test
    void runsGoOnAcrossL2Tables() throws Exception {
        QemuImage image = QemuImage.create(dir, "long.qcow2", 2L << 30, "").io("write -q -z 0 1G", "write -q -z 1G 512M");
        try (FormatSource source = image.open()) {
            assertEquals(List.of("0x0+0x60000000 LZ--", "0x60000000+0x20000000 ----"),
                    Disks.walk(source, source.info().range()).stream().map(BlockStatus::toString).toList());
        }
    }

    @Test
    void readsTheStateThatASnapshotKeptByIdOrName() throws Exception {
        QemuImage image = QemuImage.create(dir, "s.qcow2", SIZE, "");
        image.io("write -q -P 1 0 1M", "write -q -z 2M 1M");
        Peers.run(dir, "qemu-img", "snapshot", "-c", "first", "s.qcow2");
        image.io("write -q -P 2 512k 2M");
        Peers.run(dir, "qemu-img", "snapshot", "-c", "second", "s.qcow2");
        image.io("discard -q 0 8M", "write -q -P 3 7M 1k");
        for (String snapshot : List.of("first", "second", "1", "2")) {
            byte[] expected = image.content("-l", snapshot);
            try (FormatSource source = image.open(OpenOptions.DEFAULT.withSnapshot(Optional.of(snapshot)))) {
                assertArrayEquals(expected, Disks.readAll(source), snapshot);
            }
        }
        try (FormatSource source = image.open()) {
            assertArrayEquals(image.content(), Disks.readAll(source));
        }
        BlockException missing = assertThrows(BlockException.class,
                () -> image.open(OpenOptions.DEFAULT.withSnapshot(Optional.of("third"))));
        assertEquals(Kind.NOT_FOUND, missing.kind());
        assertEquals("s.qcow2: no snapshot 'third'", missing.getMessage());
    }

    @Test
    void aSnapshotHasTheLengthThatTheDiskHadThen() throws Exception {
        QemuImage image = QemuImage.create(dir, "grown.qcow2", 1 << 20, "").io("write -q -P 7 0 1M");
        Peers.run(dir, "qemu-img", "snapshot", "-c", "small", "grown.qcow2");
        Peers.run(dir, "qemu-img", "resize", "-q", "grown.qcow2", "3G");
        try (FormatSource source = image.open(OpenOptions.DEFAULT.withSnapshot(Optional.of("small")))) {
            assertEquals(1 << 20, source.info().length());
            assertEquals(7, Disks.read(source, new ByteRange((1 << 20) - 1, 1))[0]);
        }
    }

    @Test
    void reportsItsBackingFileAndFormatAndDefersToIt() throws Exception {
        QemuImage.create(dir, "base.qcow2", SIZE, "").io("write -q -P 9 0 8M");
        QemuImage image = QemuImage.create(dir, "top.qcow2", SIZE, "backing_file=base.qcow2,backing_fmt=qcow2,cluster_size=4k");
        image.io("write -q -P 1 1M 4k", "write -q -z 2M 1M");
        try (FormatSource source = image.open()) {
            assertEquals("base.qcow2", source.backing().orElseThrow().file());
            assertEquals(Optional.of("qcow2"), source.backing().orElseThrow().format());
            assertTrue(source.info().has(Trait.BACKING));
            assertEquals(List.of("0x0+0x100000 ----", "0x100000+0x1000 L-MO", "0x101000+0xff000 ----",
                    "0x200000+0x100000 LZ--", "0x300000+0x500000 ----"), Disks.map(source, source.info().range()));
            assertEquals(0, Disks.read(source, new ByteRange(0, 1))[0], "a layer alone reads zero where it defers");
        }
    }

    @Test
    void asksForItsDataFileByNameAndClosesIt() throws Exception {
        QemuImage image = QemuImage.create(dir, "d.qcow2", SIZE, "data_file=data.raw").io("write -q -P 4 1M 1M");
        List<ChannelSource> opened = new ArrayList<>();
        FormatSource source = new Qcow2Driver().open(new ChannelSource(image.path()), OpenOptions.DEFAULT, (node, name) -> {
            assertEquals("d.qcow2", node);
            assertEquals("data.raw", name);
            opened.add(new ChannelSource(dir.resolve(name)));
            return opened.get(0);
        });
        BlockStatus data = source.status(ByteRange.between(1 << 20, SIZE));
        assertEquals(opened.get(0), data.host());
        assertEquals(1 << 20, data.hostOffset());
        source.close();
        assertTrue(opened.get(0).isClosed());
    }

    @Test
    void opensNoDataFileThatThePolicyRefuses() {
        QemuImage image = QemuImage.create(dir, "d.qcow2", SIZE, "data_file=data.raw");
        ChannelSource file = new ChannelSource(image.path());
        BlockException refused = assertThrows(BlockException.class,
                () -> new Qcow2Driver().open(file, OpenOptions.DEFAULT, DataFileOpener.REFUSE));
        assertEquals(Kind.REFUSED, refused.kind());
        assertEquals("d.qcow2: the external data file 'data.raw' may not be opened", refused.getMessage());
        assertTrue(file.isClosed(), "the layer owns the file, also when opening fails");
    }

    @ParameterizedTest
    @ValueSource(strings = {"encrypt.format=luks,encrypt.key-secret=k,encrypt.iter-time=10", "encrypt.format=aes,encrypt.key-secret=k"})
    void refusesEncryptedImagesBySayingSo(String options) {
        Peers.require("qemu-img");
        createEncrypted(options);
        BlockException refused = assertThrows(BlockException.class, () -> new QemuImage(dir.resolve("e.qcow2")).open());
        assertEquals(Kind.UNSUPPORTED, refused.kind());
        assertEquals("e.qcow2: the image is encrypted (" + (options.contains("luks") ? "LUKS" : "AES")
                + "), which cannot be read", refused.getMessage());
    }

    /** qemu-img times its key derivation by a clock of some milliseconds, and gives up when that shows nothing; so once more. */
    private void createEncrypted(String options) {
        String[] line = {"qemu-img", "create", "-q", "-f", "qcow2", "--object", "secret,id=k,data=secret", "-o", options,
            "e.qcow2", "1M"};
        for (int tries = 0; tries < 50; tries++) {
            if (!Peers.tryRun(dir, line).err().contains("accurate CPU usage")) {
                return;
            }
        }
        Peers.run(dir, line);
    }

    @Test
    void readsImagesThatAreMarkedDirtyOrCorruptOrHaveUnknownAutoclearBits() throws Exception {
        QemuImage image = QemuImage.create(dir, "m.qcow2", SIZE, "").io("write -q -P 5 0 1M");
        patch(image, Qcow2Header.AT_INCOMPATIBLE, 3);
        patch(image, Qcow2Header.AT_COMPATIBLE, 0xf0);
        patch(image, Qcow2Header.AT_AUTOCLEAR, 0xf0);
        try (FormatSource source = image.open()) {
            assertEquals(5, Disks.read(source, new ByteRange(77, 1))[0]);
        }
    }

    @Test
    void refusesUnknownIncompatibleFeaturesByTheNamesThatTheImageHasForThem() throws Exception {
        QemuImage image = QemuImage.create(dir, "f.qcow2", SIZE, "");
        patch(image, Qcow2Header.AT_INCOMPATIBLE, 1L << 40);
        BlockException unnamed = assertThrows(BlockException.class, image::open);
        assertEquals("f.qcow2: Unsupported qcow2 feature(s): Unknown incompatible feature: 10000000000", unnamed.getMessage());
        assertEquals(Kind.UNSUPPORTED, unnamed.kind());
        byte[] bytes = image.fileBytes();
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("dirty bit") - 2;
        bytes[at + 1] = 40;
        System.arraycopy("time\ntravel".getBytes(), 0, bytes, at + 2, 11);
        Files.write(image.path(), bytes);
        BlockException named = assertThrows(BlockException.class, image::open);
        assertEquals("f.qcow2: Unsupported qcow2 feature(s): time\\x0atravel", named.getMessage());
    }

    @Test
    void theEndOfTheLastClusterNeedNotBeWritten() throws Exception {
        QemuImage image = QemuImage.create(dir, "t.qcow2", SIZE, "").io("write -q -P 5 0 64k");
        long length = Files.size(image.path());
        try (RandomAccessFile file = new RandomAccessFile(image.path().toFile(), "rw")) {
            file.setLength(length - 60_000);
        }
        try (FormatSource source = image.open()) {
            byte[] bytes = Disks.read(source, new ByteRange(0, 65536));
            byte[] expected = new byte[65536];
            Arrays.fill(expected, 0, 5536, (byte) 5);
            assertArrayEquals(expected, bytes);
            assertEquals(List.of("0x0+0x15a0 L-MO", "0x15a0+0xea60 LZ--", "0x10000+0x7f0000 ----"),
                    Disks.map(source, source.info().range()));
        }
    }

    @Test
    void aClusterThatBeginsPastTheFileIsAnErrorAndNeverZeroes() throws Exception {
        QemuImage image = QemuImage.create(dir, "t.qcow2", SIZE, "").io("write -q -P 5 0 128k", "write -q -z 1M 1M");
        long host;
        try (FormatSource source = image.open()) {
            host = source.status(new ByteRange(65536, 1)).hostOffset();
        }
        try (RandomAccessFile file = new RandomAccessFile(image.path().toFile(), "rw")) {
            file.setLength(host);
        }
        try (FormatSource source = image.open()) {
            BlockStatus whole = source.status(new ByteRange(0, SIZE));
            assertEquals(65536, whole.length(), "the run ends before the damage");
            BlockException atStatus = assertThrows(BlockException.class, () -> source.status(new ByteRange(65536, 1)));
            assertEquals(Kind.CORRUPT_IMAGE, atStatus.kind());
            assertTrue(atStatus.getMessage().startsWith("t.qcow2: L2 entry for guest offset 0x10000 is 0x80000000000"),
                    atStatus.getMessage());
            BlockException atRead = assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(0, 131072)));
            assertEquals(Kind.CORRUPT_IMAGE, atRead.kind());
            assertEquals(0, Disks.read(source, new ByteRange(1 << 20, 1))[0]);
        }
    }

    @Test
    void closesItsFileOnce() throws Exception {
        QemuImage image = QemuImage.create(dir, "c.qcow2", SIZE, "");
        ChannelSource file = new ChannelSource(image.path());
        FormatSource source = new Qcow2Driver().open(file, OpenOptions.DEFAULT, DataFileOpener.REFUSE);
        assertEquals(file, source.file());
        source.close();
        source.close();
        assertTrue(file.isClosed());
    }

    @Test
    void refusesAnUnknownDriverOption() {
        QemuImage image = QemuImage.create(dir, "o.qcow2", SIZE, "");
        BlockException refused = assertThrows(BlockException.class,
                () -> image.open(OpenOptions.DEFAULT.withDriverOptions(Map.of("colour", "red"))));
        assertEquals("o.qcow2: unknown option 'colour' for qcow2", refused.getMessage());
    }

    @Test
    void randomWritesOfEveryKindReadAsQemuReadsThem() throws Exception {
        for (long seed = 1; seed <= 6; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            String options = List.of("cluster_size=512", "cluster_size=16k,extended_l2=on", "", "cluster_size=2M,extended_l2=on",
                    "compression_type=zstd,cluster_size=16k", "cluster_size=32k,extended_l2=on,compression_type=zstd")
                    .get((int) seed - 1);
            QemuImage image = QemuImage.create(dir, "r" + seed + ".qcow2", SIZE, options);
            List<String> commands = new ArrayList<>(List.of("write -q -c -P 77 2M 2M", "write -q -c -P 78 6M 2M"));
            for (int i = 0; i < 60; i++) {
                long start = random.nextLong(SIZE / SECTOR - 1);
                long length = 1 + random.nextLong(Math.min(SIZE / SECTOR - start, 1L << random.nextInt(1, 12)));
                String range = start * SECTOR + " " + length * SECTOR;
                commands.add(switch (random.nextInt(4)) {
                    case 0 -> "write -q -z " + range;
                    case 1 -> "write -q -z -u " + range;
                    case 2 -> "discard -q " + range;
                    default -> "write -q -P " + (1 + i) + " " + range;
                });
            }
            image.io(commands.toArray(String[]::new));
            try (FormatSource source = image.open()) {
                assertSameAsQemu(image, source);
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ", options '" + options + "'", e);
            }
        }
    }

    private static void patch(QemuImage image, int at, long value) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(image.path().toFile(), "rw")) {
            file.seek(at);
            file.writeLong(value);
        }
    }

    @Test
    void everyReaderThatTheFileAllowsMayReadAtOnce() throws Exception {
        QemuImage image = QemuImage.create(dir, "n.qcow2", SIZE, "");
        try (BlockSource source = image.open()) {
            assertEquals(16, source.info().maxReaders());
            assertEquals(65536, source.info().limits().clusterSize());
        }
    }
}
