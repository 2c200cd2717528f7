package org.blockferry.cli.interop;

import static org.blockferry.cli.interop.CraftedImage.CLUSTER;
import static org.blockferry.cli.interop.CraftedImage.COPIED;
import static org.blockferry.cli.interop.CraftedImage.DATA;
import static org.blockferry.cli.interop.CraftedImage.FEATURE_NAMES;
import static org.blockferry.cli.interop.CraftedImage.L1;
import static org.blockferry.cli.interop.CraftedImage.L2;
import static org.blockferry.cli.interop.CraftedImage.SPARE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code --untrusted}: images made to hurt end, with every command that takes it, in one line that names what is wrong or in what
 * the disk reads as; nothing else is opened, and no target is left.
 */
@Timeout(180)
class UntrustedTest {
    private static final String REFUSED_BACKING = "; an untrusted image's backing file is not opened";
    private static final String REFUSED_DATA = "; an untrusted image's data file is not opened";
    /** Characters that must not reach a message, and how it writes them. */
    private static final String[][] UNREADABLE = {{"\n", "\\x0a"}, {"\r", "\\x0d"}, {"\u001b[2J", "\\x1b[2J"}, {"\u0085", "\\x85"},
        {"\u2028", "\\u2028"}, {"\u2029", "\\u2029"}, {"\u202e", "\\u202e"}, {"\u007f", "\\x7f"}};

    @TempDir
    Path folder;

    private static CraftedImage image() {
        return new CraftedImage();
    }

    /** Refused when it is opened: the image, and what the line says behind the image's name. */
    static Stream<Arguments> refused() {
        List<Arguments> cases = new ArrayList<>(List.of(
                Arguments.of("backing", image().backing("/etc/passwd"), "backing file is '/etc/passwd'" + REFUSED_BACKING),
                Arguments.of("backing of json", image().backing("json:{\"driver\":\"raw\"}"),
                        "backing file is 'json:{\"driver\":\"raw\"}'" + REFUSED_BACKING),
                Arguments.of("backing device", image().backing("/dev/sda"), "backing file is '/dev/sda'" + REFUSED_BACKING),
                Arguments.of("backing server", image().backing("nbd://127.0.0.1:9"),
                        "backing file is 'nbd://127.0.0.1:9'" + REFUSED_BACKING),
                Arguments.of("backing itself", image().backing("hostile.qcow2"), "backing file is 'hostile.qcow2'" + REFUSED_BACKING),
                Arguments.of("backing of broken UTF-8", image().backing(new byte[] {'a', (byte) 0xc3, 'b', (byte) 0xff}),
                        "backing file is 'a\\ufffdb\\ufffd'" + REFUSED_BACKING),
                Arguments.of("data file", image().dataFile("/etc/shadow"), "data file is '/etc/shadow'" + REFUSED_DATA),
                Arguments.of("data file of json", image().dataFile("json:{}"), "data file is 'json:{}'" + REFUSED_DATA),
                Arguments.of("data file device", image().dataFile("/dev/mem"), "data file is '/dev/mem'" + REFUSED_DATA),
                Arguments.of("size 2^63-1", image().put(24, Long.MAX_VALUE), "size is 9223372036854775807; at most"),
                Arguments.of("size 2^63", image().put(24, Long.MIN_VALUE), "size is 9223372036854775808; at most"),
                Arguments.of("size 2^64-1", image().put(24, -1), "size is 18446744073709551615; at most"),
                Arguments.of("L1 of 2^32-1", image().putInt(36, -1), "l1_size is 4294967295; at most 4194304"),
                Arguments.of("L1 past the end", image().putInt(36, 4194304), "l1_table_offset is 196608; a table of 33554432 bytes"),
                Arguments.of("L1 at 2^63", image().put(40, Long.MIN_VALUE), "l1_table_offset is 9223372036854775808; at most"),
                Arguments.of("L1 near 2^63", image().put(40, Long.MAX_VALUE - 65535), "l1_table_offset is 9223372036854710272; a table"),
                Arguments.of("refcount table past the end", image().put(48, 1L << 50), "refcount_table_offset is 1125899906842624; a"),
                Arguments.of("refcount table of 2^32-1", image().putInt(56, -1), "refcount_table_clusters is 4294967295; at most"),
                Arguments.of("snapshots of 2^32-1", image().putInt(60, -1), "nb_snapshots is 4294967295; at most 65536"),
                Arguments.of("snapshots past the end", image().putInt(60, 1).put(64, 1L << 40), "snapshots_offset is 1099511627776"),
                Arguments.of("clusters of 2^31", image().putInt(20, 31), "cluster_bits is 31; at most 21"),
                Arguments.of("refcounts of 2^2^31", image().putInt(96, 31), "refcount_order is 31; at most 6"),
                Arguments.of("header of 2^32-8", image().putInt(100, -8), "header_length is 4294967288; at most 65536"),
                Arguments.of("extension of 2^32-1", image().putInt(112, 0x12345678).putInt(116, -1),
                        "length of the header extension 0x12345678 is 4294967295; at most"),
                Arguments.of("bit of the future", image().put(72, 1L << 40),
                        "Unsupported qcow2 feature(s): Unknown incompatible feature: 10000000000"),
                Arguments.of("encrypted", image().putInt(32, 2), "the image is encrypted (LUKS), which cannot be read")));
        for (String[] each : UNREADABLE) {
            byte[] feature = Arrays.copyOf(("\0\50a" + each[0] + "b").getBytes(StandardCharsets.UTF_8), 48);
            cases.add(Arguments.of("backing with " + each[1], image().backing("a" + each[0] + "b"),
                    "backing file is 'a" + each[1] + "b'" + REFUSED_BACKING));
            cases.add(Arguments.of("data file with " + each[1], image().dataFile("a" + each[0] + "b"),
                    "data file is 'a" + each[1] + "b'" + REFUSED_DATA));
            cases.add(Arguments.of("feature with " + each[1], image().put(72, 1L << 40).extension(FEATURE_NAMES, feature),
                    "Unsupported qcow2 feature(s): a" + each[1] + "b"));
        }
        return cases.stream();
    }

    private String write(CraftedImage crafted) throws IOException {
        Path file = folder.resolve("hostile.qcow2");
        crafted.write(file);
        return file.toString();
    }

    private static void line(CliRun run, String... parts) {
        String err = run.err();
        assertTrue(err.endsWith("\n") && err.split("\\R", -1).length == 2 && err.indexOf('\u2028') < 0, err);
        for (String part : parts) {
            assertTrue(err.contains(part), err + " does not say " + part);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refused")
    void isRefusedByEveryCommandInOneLineThatNamesIt(String name, CraftedImage crafted, String message) throws IOException {
        String image = write(crafted);
        String target = folder.resolve("out").toString();
        line(CliRun.of("copy", "--untrusted", "-f", "qcow2", image, target).expect(1), image, message);
        line(CliRun.of("convert", "--untrusted", "-f", "qcow2", "-O", "raw", image, target).expect(1), image, message);
        line(CliRun.of("check", "--untrusted", "-f", "qcow2", image).expect(1), image, message);
        line(CliRun.of("map", "--untrusted", "-f", "qcow2", image).expect(1), image, message);
        line(CliRun.of("compare", "--untrusted", "-f", "qcow2", "-F", "qcow2", image, image).expect(2), image, message);
        line(CliRun.of("measure", "--untrusted", "-f", "qcow2", "-O", "raw", image).expect(1), image, message);
        line(CliRun.of("serve", "--read-only", "--untrusted", "-f", "qcow2", image).expect(1), image, message);
        assertFalse(Files.exists(Path.of(target)), "no target is left");
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of("hostile.qcow2"), left.map(file -> file.getFileName().toString()).toList());
        }
    }

    /** Opened, and refused where the damage is; a check ends. */
    static Stream<Arguments> damaged() {
        return Stream.of(
                Arguments.of("L1 points past the end", image().put(L1, COPIED | 1L << 50), "L1 entry for guest offset 0x0 is 0x"),
                Arguments.of("L1 points into a cluster", image().put(L1, COPIED | L2 + 512), "L1 entry for guest offset 0x0 is 0x"),
                Arguments.of("L2 points past the end", image().put(L2, COPIED | 1L << 50), "L2 entry for guest offset 0x0 is 0x"),
                Arguments.of("L2 points into a cluster", image().put(L2, COPIED | DATA + 512), "L2 entry for guest offset 0x0 is 0x"),
                Arguments.of("compressed data past the end", image().put(L2, 1L << 62 | 1L << 50), "its compressed data lies past"),
                Arguments.of("compressed data too short", image().bomb(100), "does not decompress to a cluster of 65536 bytes"),
                Arguments.of("cut in the L2 table", image().length(L2 + 100), "L1 entry for guest offset 0x0 is 0x"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damaged")
    void isRefusedWhereItIsDamaged(String name, CraftedImage crafted, String message) throws IOException {
        String image = write(crafted);
        String target = folder.resolve("out").toString();
        line(CliRun.of("copy", "--untrusted", "-f", "qcow2", image, target).expect(1), image, message);
        line(CliRun.of("convert", "--untrusted", "-f", "qcow2", "-O", "qcow2", image, target).expect(1), image, message);
        assertFalse(Files.exists(Path.of(target)), "no target is left");
        CliRun check = CliRun.of("check", "--untrusted", "-f", "qcow2", image);
        assertTrue(Set.of(0, 1, 2, 3).contains(check.code()), check.toString());
        assertFalse(check.err().contains("internal error"), check.err());
    }

    /** What a name cannot do in a finding of a check, or in the line of a wrong bitmap or snapshot. */
    @Test
    void namesOfSnapshotsAndBitmapsDoNotEndALine() throws IOException {
        for (String[] each : UNREADABLE) {
            String bad = "a" + each[0] + "b";
            String shown = "a" + each[1] + "b";
            String image = write(image().snapshot(bad, bad, 1L << 50, 1));
            line(CliRun.of("copy", "--untrusted", "-f", "qcow2", "--snapshot", bad, image, "null:").expect(1),
                    "l1_table_offset of snapshot '" + shown + "' is");
            image = write(image().snapshot(bad, bad, L1 + 512, 1));
            CliRun check = CliRun.of("check", "--untrusted", "-f", "qcow2", image);
            assertTrue(check.err().contains("ERROR snapshot " + shown + " (" + shown + ") "), check.err());
            for (String line : check.err().split("\\R")) {
                assertFalse(line.startsWith("b"), check.err());
            }
            image = write(image().bitmap(bad, 1L << 50, 1, 16));
            line(CliRun.of("serve", "--read-only", "--untrusted", "-f", "qcow2", "--bitmap", bad, image).expect(1),
                    "bitmap_table_offset of bitmap '" + shown + "' is");
            line(CliRun.of("serve", "--read-only", "--untrusted", "-f", "qcow2", "--bitmap", "other" + bad, image).expect(1),
                    "no image of the chain has a bitmap 'other" + shown + "'");
        }
    }

    /** Odd, but no harm: read as what they say, soon, in little memory. */
    static Stream<Arguments> odd() {
        byte[] plain = image().disk();
        byte[] doubled = plain.clone();
        System.arraycopy(plain, 0, doubled, CLUSTER, CLUSTER);
        byte[] bomb = plain.clone();
        Arrays.fill(bomb, 0, CLUSTER, (byte) 0);
        byte[] empty = new byte[CraftedImage.DISK];
        byte[] itself = empty.clone();
        ByteBuffer.wrap(itself).putLong(0, COPIED | L1);
        return Stream.of(
                Arguments.of("nothing wrong", image(), plain),
                Arguments.of("two clusters in one place", image().put(L2 + 8, COPIED | DATA), doubled),
                Arguments.of("compressed as well as can be", image().bomb(CLUSTER), bomb),
                Arguments.of("a bomb of 2 clusters: as QEMU, the first", image().bomb(2 * CLUSTER), bomb),
                Arguments.of("a bomb of 64 MiB", image().bomb(64 << 20), bomb),
                Arguments.of("an L1 table that is its own L2 table and data", image().put(L1, COPIED | L1), itself),
                Arguments.of("tables nowhere", image().put(L1, 0), empty),
                Arguments.of("refcounts of nonsense", image().put(2 * CLUSTER, -1), plain),
                Arguments.of("a file of 1 TiB", image().length(1L << 40), plain),
                Arguments.of("a snapshot without end", image().snapshot("1", "x".repeat(60000), 1L << 50, -1), plain));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("odd")
    void whatIsOnlyOddIsReadAsItSays(String name, CraftedImage crafted, byte[] disk) throws IOException {
        String image = write(crafted);
        Path target = folder.resolve("out");
        CliRun.of("copy", "--untrusted", "-f", "qcow2", "-O", "raw", image, target.toString()).expect(0);
        assertArrayEquals(disk, Files.readAllBytes(target));
        CliRun.of("convert", "--untrusted", "-f", "qcow2", "-O", "raw", image, target.toString()).expect(0);
        assertArrayEquals(disk, Files.readAllBytes(target));
        CliRun check = CliRun.of("check", "--untrusted", "-f", "qcow2", image);
        assertTrue(Set.of(0, 1, 2, 3).contains(check.code()), check.toString());
    }

    /** 4,194,304 entries of L1, all of them a hole of the file: 2 PiB of zeroes. */
    @Test
    void anL1TableAsLargeAsCanBeIsReadInLittleTime() throws IOException {
        String image = write(image().putInt(36, 4194304).put(24, 1L << 51).put(40, 16L * CLUSTER).length(64L << 20));
        CliRun.of("copy", "--untrusted", "-f", "qcow2", image, "null:").expect(0);
        CliRun.of("check", "--untrusted", "-f", "qcow2", image);
    }

    @Test
    void aFileThatIsCutAnywhereIsRefusedOrRead() throws IOException {
        byte[] plain = image().disk();
        for (long length = 0; length < DATA + 2 * CLUSTER; length += length < 112 ? 7 : 8191) {
            String image = write(image().length(length));
            Path target = folder.resolve("out");
            CliRun run = CliRun.of("copy", "--untrusted", "-f", "qcow2", "-O", "raw", image, target.toString());
            if (run.code() == 0) {
                assertTrue(length > DATA, "of " + length + " bytes nothing can be read");
                byte[] read = Files.readAllBytes(target);
                assertEquals(plain.length, read.length);
                int there = (int) Math.min(2L * CLUSTER, length - DATA);
                assertEquals(-1, Arrays.mismatch(plain, 0, there, read, 0, there), "cut to " + length);
                Files.delete(target);
            } else {
                line(run.expect(1), image);
                assertFalse(Files.exists(target));
            }
        }
    }

    /** The generator makes what QEMU takes for an image. */
    @Test
    void qemuFindsNothingWrongWithTheImageThatIsNotChanged() throws IOException {
        Peers.require("qemu-img");
        write(image());
        // Leaked clusters are all that there is: every one of the file has a count.
        assertEquals(3, Peers.tryRun(folder, "qemu-img", "check", "hostile.qcow2").exitCode());
        Files.write(folder.resolve("plain"), image().disk());
        Peers.run(folder, "qemu-img", "compare", "-f", "qcow2", "-F", "raw", "hostile.qcow2", "plain");
    }

    @Test
    void aCheckOfAnImageThatNamesNothingIsTheSameWithAndWithout() throws IOException {
        String image = write(image());
        CliRun with = CliRun.of("check", "--untrusted", image).expect(3);
        assertEquals(CliRun.of("check", image).out(), with.out());
        String named = write(image().backing("base"));
        CliRun.of("check", named).expect(3);
        line(CliRun.of("check", "--untrusted", named).expect(1), "backing file is 'base'" + REFUSED_BACKING);
    }
}
