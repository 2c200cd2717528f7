package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.FormatDriver.DataFileOpener;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Images that somebody made to hurt: each ends in a typed refusal or a correct read, soon and in little memory. */
@Timeout(120)
class HostileImageTest {
    private static final int SIZE = 512 << 10;
    private static final Set<Kind> REFUSALS =
            Set.of(Kind.INVALID_FORMAT, Kind.CORRUPT_IMAGE, Kind.UNSUPPORTED, Kind.REFUSED, Kind.NOT_FOUND);

    @TempDir
    static Path dir;
    private static byte[] tiny;
    private static byte[] extended;
    private static byte[] snapshots;

    @BeforeAll
    static void makeGoodImages() {
        String[] writes = {"write -q -c -P 1 0 64k", "write -q -P 2 64k 64k", "write -q -z 128k 64k", "write -q -P 3 200k 1k",
                "write -q -P 4 511k 1k"};
        tiny = QemuImage.create(dir, "tiny", SIZE, "cluster_size=512").io(writes).fileBytes();
        extended = QemuImage.create(dir, "extended", SIZE, "cluster_size=16k,extended_l2=on,compression_type=zstd")
                .io(writes).fileBytes();
        QemuImage image = QemuImage.create(dir, "snapshots", SIZE, "cluster_size=4k").io(writes);
        Peers.run(dir, "qemu-img", "snapshot", "-c", "first", "snapshots");
        Peers.run(dir, "qemu-img", "snapshot", "-c", "second", "snapshots");
        snapshots = image.io("write -q -P 9 0 400k").fileBytes();
    }

    private static FormatSource open(byte[] bytes, Optional<String> snapshot) throws BlockException {
        return new Qcow2Driver().open(
                new ArrayDisk("x.qcow2", bytes), OpenOptions.DEFAULT.withSnapshot(snapshot), DataFileOpener.REFUSE);
    }

    /** Field, offset, bytes, value, and what the message must say. */
    static Stream<Arguments> fields() {
        return Stream.of(
                Arguments.of("magic", 0, 4, 0x514649fcL, "Image is not in qcow2 format"),
                Arguments.of("version 1", 4, 4, 1, "Unsupported qcow2 version 1"),
                Arguments.of("version 4", 4, 4, 4, "Unsupported qcow2 version 4"),
                Arguments.of("version -1", 4, 4, -1L, "Unsupported qcow2 version 4294967295"),
                Arguments.of("backing name past the first cluster", 8, 8, 600, "backing_file_offset is 600; at most"),
                Arguments.of("backing name past the file", 8, 8, 1L << 62,
                        "backing_file_offset is 4611686018427387904; at most"),
                Arguments.of("backing offset negative", 8, 8, -8L, "backing_file_offset is 18446744073709551608; at most"),
                Arguments.of("backing name inside the header", 8, 8, 8, "backing_file_offset is 8; at least 112"),
                Arguments.of("cluster_bits 8", 20, 4, 8, "cluster_bits is 8; at least 9"),
                Arguments.of("cluster_bits 22", 20, 4, 22, "cluster_bits is 22; at most 21"),
                Arguments.of("cluster_bits 2^32-1", 20, 4, -1L, "cluster_bits is 4294967295; at most 21"),
                Arguments.of("size 2^63-1", 24, 8, Long.MAX_VALUE, "size is 9223372036854775807; at most 137438953472"),
                Arguments.of("size 2^63", 24, 8, Long.MIN_VALUE, "size is 9223372036854775808; at most"),
                Arguments.of("size needs more L1", 24, 8, SIZE * 2, "l1_size is 16; a disk of 1048576 bytes needs 32"),
                Arguments.of("crypt_method 3", 32, 4, 3, "crypt_method is 3; at most 2"),
                Arguments.of("crypt_method 1", 32, 4, 1, "the image is encrypted (AES), which cannot be read"),
                Arguments.of("l1_size 2^32-1", 36, 4, -1L, "l1_size is 4294967295; at most 4194304"),
                Arguments.of("l1_size limit, file short", 36, 4, 4194304, "l1_table_offset is"),
                Arguments.of("l1_size 4194305", 36, 4, 4194305, "l1_size is 4194305; at most 4194304"),
                Arguments.of("l1_size 0", 36, 4, 0, "l1_size is 0; a disk of 524288 bytes needs 16"),
                Arguments.of("l1_table_offset 0", 40, 8, 0, "l1_table_offset is 0; at least 512"),
                Arguments.of("l1_table_offset odd", 40, 8, 513, "l1_table_offset is 513; a multiple of 512"),
                Arguments.of("l1_table_offset past the file", 40, 8, 1L << 40, "l1_table_offset is 1099511627776; a table of 128"),
                Arguments.of("l1_table_offset near 2^63", 40, 8, Long.MAX_VALUE - 511, "l1_table_offset is 9223372036854775296"),
                Arguments.of("l1_table_offset negative", 40, 8, -512L, "l1_table_offset is 18446744073709551104; at most"),
                Arguments.of("refcount_table_offset odd", 48, 8, 1000, "refcount_table_offset is 1000; a multiple of 512"),
                Arguments.of("refcount_table_offset past the file", 48, 8, 1L << 50, "refcount_table_offset is"),
                Arguments.of("refcount_table_clusters 2^32-1", 56, 4, -1L, "refcount_table_clusters is 4294967295; at most 16384"),
                Arguments.of("refcount_table_clusters 0", 56, 4, 0, "refcount_table_clusters is 0; at least 1"),
                Arguments.of("nb_snapshots 2^32-1", 60, 4, -1L, "nb_snapshots is 4294967295; at most 65536"),
                Arguments.of("nb_snapshots 1 without a table", 60, 4, 1, "snapshots_offset is 0; at least 512"),
                Arguments.of("incompatible bit 63", 72, 8, Long.MIN_VALUE,
                        "Unsupported qcow2 feature(s): Unknown incompatible feature: 8000000000000000"),
                Arguments.of("extended L2 in tiny clusters", 72, 8, 1 << 4, "cluster_bits is 9; at least 14"),
                Arguments.of("compression bit without type", 72, 8, 1 << 3,
                        "compression_type is 0; not 0 when the feature bit 'compression type' is set"),
                Arguments.of("compression type without bit", 104, 1, 1,
                        "compression_type is 1; 0 when the feature bit 'compression type' is not set"),
                Arguments.of("data file bit without name", 72, 8, 1 << 2,
                        "the image has an external data file but does not say which"),
                Arguments.of("refcount_order 7", 96, 4, 7, "refcount_order is 7; at most 6"),
                Arguments.of("refcount_order 2^32-1", 96, 4, -1L, "refcount_order is 4294967295; at most 6"),
                Arguments.of("header_length 96", 100, 4, 96, "header_length is 96; at least 104"),
                Arguments.of("header_length 108", 100, 4, 108, "header_length is 108; a multiple of 8"),
                Arguments.of("header_length 520", 100, 4, 520, "header_length is 520; at most 512"),
                Arguments.of("extension length 2^32-1", 112, 8, 0x12345678ffffffffL,
                        "length of the header extension 0x12345678 is 4294967295; at most 392 before the end of its area"),
                Arguments.of("backing format too long", 112, 8, 0xe2792aca00000010L,
                        "length of the backing format is 16; at most 15"),
                Arguments.of("bitmaps extension too short", 112, 8, 0x2385287500000010L,
                        "length of the bitmaps extension is 16; at least 24"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("fields")
    void refusesAFieldOutsideItsBoundsByNameAndValue(String name, int at, int bytes, long value, String message) {
        byte[] bad = tiny.clone();
        ByteBuffer buffer = ByteBuffer.wrap(bad);
        switch (bytes) {
            case 1 -> buffer.put(at, (byte) value);
            case 4 -> buffer.putInt(at, (int) value);
            default -> buffer.putLong(at, value);
        }
        BlockException refused = assertThrows(BlockException.class, () -> open(bad, Optional.empty()));
        assertTrue(REFUSALS.contains(refused.kind()), refused.toString());
        assertTrue(refused.getMessage().startsWith("x.qcow2: " + message), refused.getMessage());
        assertTrue(refused.getMessage().lines().count() == 1, refused.getMessage());
    }

    @Test
    void refusesABackingNameLongerThanAllowed() {
        byte[] bad = tiny.clone();
        ByteBuffer.wrap(bad).putLong(8, 400).putInt(16, 1024);
        BlockException refused = assertThrows(BlockException.class, () -> open(bad, Optional.empty()));
        assertEquals("x.qcow2: backing_file_size is 1024; at most 1023", refused.getMessage());
    }

    @Test
    void aFileThatIsCutAnywhereIsRefusedOrReadsWhatIsThere() throws Exception {
        for (byte[] whole : List.of(tiny, extended)) {
            byte[] content;
            try (FormatSource source = open(whole, Optional.empty())) {
                content = Disks.readAll(source);
            }
            int refused = 0;
            // Every interesting length: each of the header, each border of a sector and its neighbours.
            for (int length = 0; length < whole.length; length += length < 600 || length % 512 == 0 || length % 512 == 511 ? 1 : 510) {
                try (FormatSource source = open(Arrays.copyOf(whole, length), Optional.empty())) {
                    readWhatIsThere(source, content, "cut to " + length);
                } catch (BlockException e) {
                    assertTrue(REFUSALS.contains(e.kind()), e.toString());
                    refused++;
                }
            }
            assertTrue(refused > 100, "refused " + refused);
        }
    }

    /** A cluster is as it was, or its end is cut off and zero, or its status or read says CORRUPT_IMAGE. */
    private static void readWhatIsThere(FormatSource source, byte[] content, String context) {
        int step = 512;
        for (int at = 0; at < content.length; at += step) {
            ByteRange range = new ByteRange(at, step);
            try {
                byte[] read = Disks.read(source, range);
                BlockStatus status = source.status(range);
                byte[] expected = Arrays.copyOfRange(content, at, at + step);
                if (status.isOffsetValid() && !status.isZero() && status.length() < step) {
                    Arrays.fill(expected, (int) status.length(), step, (byte) 0);
                } else if (status.isZero() && isPartOfCutCluster(source, at)) {
                    Arrays.fill(expected, (byte) 0);
                }
                assertEquals(-1, Arrays.mismatch(expected, read), () -> context + ", " + status);
            } catch (BlockException e) {
                assertEquals(Kind.CORRUPT_IMAGE, e.kind(), context + ": " + e.getMessage());
            }
        }
    }

    /** Zero because the file ends, in a cluster that begins before that: a neighbour before it is data at the end. */
    private static boolean isPartOfCutCluster(FormatSource source, int at) throws BlockException {
        long length = source.file().info().length();
        int unit = source.info().limits().clusterSize();
        for (int before = at & -unit; before < at; before += 512) {
            BlockStatus status = source.status(new ByteRange(before, 512));
            if (status.isOffsetValid() && !status.isZero() && status.hostOffset() + status.length() == length) {
                return true;
            }
        }
        return false;
    }

    @Test
    void mutatedImagesEndInARefusalOrARead() throws Exception {
        long seed = Long.getLong("blockferry.test.seed", 20261122L);
        SplittableRandom random = new SplittableRandom(seed);
        int opened = 0;
        for (int i = 0; i < 6000; i++) {
            byte[] bytes = List.of(tiny, extended, snapshots).get(i % 3).clone();
            Optional<String> snapshot = i % 3 == 2 && random.nextBoolean() ? Optional.of("second") : Optional.empty();
            mutate(bytes, random);
            try (FormatSource source = open(bytes, snapshot)) {
                opened++;
                use(source, random);
            } catch (BlockException e) {
                assertTrue(REFUSALS.contains(e.kind()) || e.kind() == Kind.OUT_OF_BOUNDS, "seed " + seed + ", image " + i + ": " + e);
                assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ", image " + i, e);
            }
        }
        assertTrue(opened > 1000, "seed " + seed + ": only " + opened + " could be opened");
    }

    /** A few bytes, words or copied pieces, half of them in the header and the rest anywhere. */
    private static void mutate(byte[] bytes, SplittableRandom random) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        for (int n = random.nextInt(1, 5); n > 0; n--) {
            int at = random.nextBoolean() ? random.nextInt(128) : random.nextInt(bytes.length - 8);
            switch (random.nextInt(5)) {
                case 0 -> buffer.put(at, (byte) random.nextInt());
                case 1 -> buffer.put(at, (byte) (bytes[at] ^ 1 << random.nextInt(8)));
                case 2 -> buffer.putLong(at & -8, random.nextLong() >> random.nextInt(64));
                case 3 -> buffer.putLong(at & -8, (long) random.nextInt(bytes.length) & -512 | (random.nextLong() & 3L << 62));
                default -> buffer.putInt(at & -4, random.nextInt() >> random.nextInt(32));
            }
        }
    }

    private static void use(FormatSource source, SplittableRandom random) throws BlockException {
        long length = source.info().length();
        long at = 0;
        BlockException first = null;
        for (int steps = 0; at < length && steps < 300; steps++) {
            try {
                BlockStatus run = source.status(ByteRange.between(at, length));
                assertTrue(run.length() > 0 && run.end() <= length, run.toString());
                Disks.read(source, run.range().first(1 << 16));
                at = run.end();
            } catch (BlockException e) {
                first = first == null ? e : first;
                at += 512;
            }
        }
        for (int i = 0; i < 10 && length > 0; i++) {
            long start = random.nextLong(length);
            try {
                Disks.read(source, new ByteRange(start, Math.min(length - start, 1 + random.nextInt(1 << 17))));
            } catch (BlockException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }

    @Test
    void hundredsOfThousandsOfHeaderExtensionsAreReadInLinearTime() throws Exception {
        byte[] bytes = Arrays.copyOf(QemuImage.create(dir, "big", SIZE, "cluster_size=2M").fileBytes(), 8 << 20);
        ByteBuffer area = ByteBuffer.wrap(bytes).position(112);
        while (area.position() < (2 << 20) - 8) {
            area.putInt(0x12345678).putInt(0);
        }
        try (FormatSource source = open(bytes, Optional.empty())) {
            assertEquals(SIZE, source.info().length());
        }
    }

    @Test
    void aSnapshotWhoseTableIsOutOfBoundsIsRefusedByName() {
        int table = (int) ByteBuffer.wrap(snapshots).getLong(Qcow2Header.AT_SNAPSHOTS_OFFSET);
        record Case(int at, long value, int bytes, String message) {
        }
        for (Case bad : List.of(
                new Case(0, 1L << 60, 8, "l1_table_offset of snapshot '1' is 1152921504606846976; a table of"),
                new Case(0, 4097, 8, "l1_table_offset of snapshot '1' is 4097; a multiple of 4096"),
                new Case(8, -1, 4, "l1_size of snapshot '1' is 4294967295; at most 4194304"),
                new Case(36, -1, 4, "extra data of snapshot 0 is 4294967295; at most 1024"),
                new Case(48, Long.MAX_VALUE, 8, "disk size of snapshot '1' is 9223372036854775807; at most"))) {
            byte[] bytes = snapshots.clone();
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            if (bad.bytes == 4) {
                buffer.putInt(table + bad.at, (int) bad.value);
            } else {
                buffer.putLong(table + bad.at, bad.value);
            }
            BlockException refused = assertThrows(BlockException.class, () -> open(bytes, Optional.of("1")));
            assertTrue(refused.getMessage().startsWith("x.qcow2: " + bad.message), refused.getMessage());
            assertEquals(Kind.INVALID_FORMAT, refused.kind());
        }
    }

    @Test
    void moreSnapshotsThanTheFileHoldsAreRefused() {
        byte[] bytes = snapshots.clone();
        ByteBuffer.wrap(bytes).putInt(Qcow2Header.AT_SNAPSHOT_COUNT, 65536);
        BlockException refused = assertThrows(BlockException.class, () -> open(bytes, Optional.of("x")));
        assertEquals(Kind.INVALID_FORMAT, refused.kind());
    }

    @Test
    void damagedEntriesAreCorruptImagesWithTheirGuestOffset() throws Exception {
        int l1 = (int) ByteBuffer.wrap(tiny).getLong(Qcow2Header.AT_L1_OFFSET);
        // L1 entry 2 describes guest offsets from 64 KiB on, in tables of 64 entries of 512 bytes.
        long table = ByteBuffer.wrap(tiny).getLong(l1 + 16) & L2Entry.OFFSET_MASK;
        record Case(long at, long value, String message) {
        }
        for (Case bad : List.of(
                new Case(l1 + 16, 0x200L | 1, "L1 entry for guest offset 0x10000 is 0x201; its reserved bits must be 0"),
                new Case(l1 + 16, 1L << 60 | 0x200, "L1 entry for guest offset 0x10000 is 0x1000000000000200; its reserved"),
                new Case(l1 + 16, 1L << 50, "L1 entry for guest offset 0x10000 is 0x4000000000000; the L2 table ends past"),
                new Case(table, 2, "L2 entry for guest offset 0x10000 is 0x2; its reserved bits must be 0"),
                new Case(table, L2Entry.COPIED, "L2 entry for guest offset 0x10000 is 0x8000000000000000; bit 63 must be 0"),
                new Case(table, 1L << 52, "L2 entry for guest offset 0x10000 is 0x10000000000000; its data lies past"),
                new Case(table, L2Entry.COMPRESSED | 1L << 50, "L2 entry for guest offset 0x10000 is 0x4004000000000000; its "
                        + "compressed data lies past the file"),
                new Case(table, L2Entry.COMPRESSED | 1L << 57 | 512, "L2 entry for guest offset 0x10000"),
                new Case(table, L2Entry.COMPRESSED, "L2 entry for guest offset 0x10000 is 0x4000000000000000; its zlib data does "
                        + "not decompress to a cluster of 512 bytes"))) {
            byte[] bytes = tiny.clone();
            ByteBuffer.wrap(bytes).putLong((int) bad.at, bad.value);
            try (FormatSource source = open(bytes, Optional.empty())) {
                BlockException damaged = assertThrows(BlockException.class,
                        () -> Disks.read(source, new ByteRange(65536, 512)), bad.message);
                assertTrue(damaged.getMessage().startsWith("x.qcow2: " + bad.message), damaged.getMessage());
                assertEquals(Kind.CORRUPT_IMAGE, damaged.kind());
                assertEquals(2, Disks.read(source, new ByteRange(96 << 10, 1))[0], "what is not damaged can be read");
            }
        }
    }

    @Test
    void tablesThatAllPointToOneTableOrToThemselvesEndInARefusalOrARead() throws Exception {
        for (long target : new long[] {0, 512, ByteBuffer.wrap(tiny).getLong(Qcow2Header.AT_L1_OFFSET)}) {
            byte[] bytes = tiny.clone();
            int l1 = (int) ByteBuffer.wrap(bytes).getLong(Qcow2Header.AT_L1_OFFSET);
            for (int i = 0; i < 16; i++) {
                ByteBuffer.wrap(bytes).putLong(l1 + 8 * i, L2Entry.COPIED | target);
            }
            try (FormatSource source = open(bytes, Optional.empty())) {
                use(source, new SplittableRandom(1));
            } catch (BlockException e) {
                assertEquals(Kind.CORRUPT_IMAGE, e.kind());
            }
        }
    }
}
