package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code copy -c} writes: qemu-img reads it, finds nothing wrong, and would not have made it smaller. */
class CompressedCopyTest {
    private static final long SEED = 20261123;
    /** Not a multiple of any cluster size. */
    private static final long LENGTH = (12 << 20) + 5 * 512;

    @TempDir
    static Path folder;

    @BeforeAll
    static void sources() throws IOException {
        Peers.require("qemu-img", "qemu-io");
        SplittableRandom random = new SplittableRandom(SEED);
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("mixed.raw").toFile(), "rw")) {
            file.setLength(LENGTH);
            for (long at = 0; at < LENGTH;) {
                int length = (int) Math.min(LENGTH - at, 512L * (1 + random.nextInt(random.nextBoolean() ? 16 : 2048)));
                byte[] bytes = new byte[length];
                switch (random.nextInt(5)) {
                    case 0 -> random.nextBytes(bytes);
                    case 1, 2 -> text(bytes, random);
                    case 3 -> java.util.Arrays.fill(bytes, (byte) (1 + random.nextInt(255)));
                    default -> length = bytes.length;
                }
                file.seek(at);
                file.write(bytes);
                at += length;
            }
        }
        Files.copy(folder.resolve("mixed.raw"), folder.resolve("odd.raw"));
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("odd.raw").toFile(), "rw")) {
            file.setLength(LENGTH - 77);
        }
    }

    private static void text(byte[] bytes, SplittableRandom random) {
        byte[] words = "block status cluster refcount backing overlay base extent run zero hole skip offload flush ".repeat(3)
                .getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < bytes.length;) {
            int start = random.nextInt(words.length - 20);
            for (int j = 0; j < 1 + start % 17 && i < bytes.length; j++) {
                bytes[i++] = words[start + j];
            }
        }
    }

    static Stream<Arguments> everyKind() {
        List<String> kinds = new ArrayList<>();
        for (String type : List.of("zlib", "zstd")) {
            for (String cluster : List.of("512", "1k", "2k", "4k", "8k", "16k", "32k", "64k", "128k", "256k", "512k", "1M", "2M")) {
                kinds.add("compression_type=" + type + ",cluster_size=" + cluster);
            }
            kinds.add("compression_type=" + type + ",extended_l2=on");
            kinds.add("compression_type=" + type + ",extended_l2=on,cluster_size=16k");
            kinds.add("compression_type=" + type + ",extended_l2=on,cluster_size=2M");
        }
        for (int bits = 1; bits <= 64; bits *= 2) {
            kinds.add("refcount_bits=" + bits);
        }
        kinds.addAll(List.of("compat=0.10", "lazy_refcounts=on"));
        return kinds.stream().flatMap(kind -> Stream.of(Arguments.of(kind, "mixed.raw"), Arguments.of(kind, "odd.raw")))
                .filter(row -> row.get()[1].equals("mixed.raw") || ((String) row.get()[0]).matches(".*(zlib,cluster_size=64k|extended_l2=on|2M)"));
    }

    @ParameterizedTest(name = "{1} with {0}")
    @MethodSource("everyKind")
    void readsAsTheSourceAndIsClean(String kind, String source) throws IOException {
        copy(source, "out.qcow2", "-o", kind);
        check(source, "out.qcow2");
        if (!kind.matches(".*=(4k|64k|2M|on)")) {
            return;
        }
        Peers.run(folder, "qemu-img", "convert", "-c", "-W", "-f", "raw", "-O", "qcow2", "-o", kind, source, "peer.qcow2");
        long ours = Files.size(folder.resolve("out.qcow2"));
        long peers = Files.size(folder.resolve("peer.qcow2"));
        assertTrue(ours <= peers + peers / 100 + (2 << 20), "ours has " + ours + " bytes, qemu-img's " + peers);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-S 0", "-S 64k", "-m 1", "-W -m 16", "-t none -T none", "--stats"})
    void everyWayLeavesTheSameBytes(String way) throws IOException {
        copy("mixed.raw", "out.qcow2", way.split(" "));
        check("mixed.raw", "out.qcow2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"qcow2", "qcow2 -c", "qcow2 -c -o cluster_size=4k", "qcow2 -c -o compression_type=zstd"})
    void takesEveryKindOfSource(String kind) throws IOException {
        List<String> line = new ArrayList<>(List.of("qemu-img", "convert", "-f", "raw", "-O"));
        line.addAll(List.of(kind.split(" ")));
        line.addAll(List.of("mixed.raw", "source.qcow2"));
        Peers.run(folder, line.toArray(String[]::new));
        copy("source.qcow2", "out.qcow2");
        check("mixed.raw", "out.qcow2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"compression_type=zlib", "compression_type=zstd", "cluster_size=4k", "cluster_size=2M", "extended_l2=on",
        "compression_type=zstd,extended_l2=on"})
    void whatIsStoredInTheSameFormIsCarriedOver(String kind) throws IOException {
        Peers.run(folder, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", kind, "mixed.raw", "source.qcow2");
        copy("source.qcow2", "carried.qcow2", "-o", kind);
        check("mixed.raw", "carried.qcow2");
        copy("source.qcow2", "again.qcow2", "--recompress", "-o", kind);
        check("mixed.raw", "again.qcow2");
        long from = Files.size(folder.resolve("source.qcow2"));
        long carried = Files.size(folder.resolve("carried.qcow2"));
        assertTrue(carried <= from + from / 100 + 3L * (2 << 20), () -> "has " + carried + " bytes, the source " + from);
        // What we carried over can be carried over.
        copy("carried.qcow2", "twice.qcow2", "-o", kind);
        check("mixed.raw", "twice.qcow2");
        assertEquals(stored("source.qcow2"), stored("twice.qcow2"));
    }

    /** Bytes of compressed clusters, as qemu-img counts the clusters. */
    private static String stored(String image) {
        return Peers.run(folder, "qemu-img", "check", "--output=json", image).out().lines()
                .filter(line -> line.contains("compressed-clusters")).findFirst().orElse("");
    }

    @Test
    void aDamagedClusterIsNotCarriedOver() throws IOException {
        Peers.run(folder, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "mixed.raw", "damaged.qcow2");
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("damaged.qcow2").toFile(), "rw")) {
            file.seek(file.length() / 2);
            file.write(new byte[64 << 10]);
        }
        Files.deleteIfExists(folder.resolve("out.qcow2"));
        CliRun run = CliRun.of("copy", "-c", folder.resolve("damaged.qcow2").toString(), folder.resolve("out.qcow2").toString())
                .expect(1);
        assertTrue(run.err().contains("does not decompress"), run.err());
        assertFalse(Files.exists(folder.resolve("out.qcow2")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-B base.qcow2 -F qcow2", "--salvage"})
    void carriesOverWhatTheTopLayerHasStored(String way) throws IOException {
        Peers.run(folder, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "mixed.raw", "base.qcow2");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "top.qcow2");
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -c -P 5 0 1M", "-c", "write -z 2M 1M", "-c", "write -P 7 3M 100k",
                "top.qcow2");
        copy("top.qcow2", "out.qcow2", way.split(" "));
        Peers.run(folder, "qemu-img", "compare", "-f", "qcow2", "-F", "qcow2", "top.qcow2", "out.qcow2");
        Peers.run(folder, "qemu-img", "check", "-f", "qcow2", "out.qcow2");
    }

    @Test
    void whatIsAllZeroesTakesNoSpace() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("zero.raw").toFile(), "rw")) {
            file.write(new byte[8 << 20]);
        }
        copy("zero.raw", "out.qcow2");
        assertTrue(Files.size(folder.resolve("out.qcow2")) <= 6 * 65536);
        check("zero.raw", "out.qcow2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cluster_size=64k", "extended_l2=on", "cluster_size=4k", "compression_type=zstd,cluster_size=2M"})
    void keepsABaseAndHidesItWhereTheOverlayIsZero(String kind) throws IOException {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "mixed.raw", "-F", "raw", "overlay.qcow2");
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 0 1M 300k", "-c", "write -z 3M 1M", "-c",
                "write -P 7 5000k 77k", "-c", "write -P 9 11M 1M", "overlay.qcow2");
        copy("overlay.qcow2", "out.qcow2", "-B", "mixed.raw", "-F", "raw", "-o", kind);
        Peers.run(folder, "qemu-img", "compare", "-f", "qcow2", "-F", "qcow2", "overlay.qcow2", "out.qcow2");
        Peers.run(folder, "qemu-img", "check", "-f", "qcow2", "out.qcow2");
        // With clusters of 2 MiB the tables alone take 10 MiB.
        assertTrue(kind.endsWith("2M") || Files.size(folder.resolve("out.qcow2")) < 4 << 20,
                () -> "has " + folder.resolve("out.qcow2").toFile().length() + " bytes");
    }

    @Test
    void aFileSystemBecomesNotLargerThanQemusAndComesBackWhole() throws IOException {
        Peers.require("mke2fs", "e2fsck");
        Peers.run(folder, "mke2fs", "-q", "-F", "-t", "ext4", "-d", System.getProperty("java.home") + "/lib", "fs.raw", "512M");
        for (String type : List.of("zlib", "zstd")) {
            copy("fs.raw", "out.qcow2", "-o", "compression_type=" + type);
            check("fs.raw", "out.qcow2");
            Peers.run(folder, "qemu-img", "convert", "-c", "-W", "-f", "raw", "-O", "qcow2", "-o", "compression_type=" + type,
                    "fs.raw", "peer.qcow2");
            long ours = Files.size(folder.resolve("out.qcow2"));
            long peers = Files.size(folder.resolve("peer.qcow2"));
            // What parallel writers leave unused where they meet differs from run to run, there and here.
            assertTrue(ours <= peers + peers / 1000, type + ": ours has " + ours + " bytes, qemu-img's " + peers);
            CliRun.of("copy", folder.resolve("out.qcow2").toString(), folder.resolve("back.raw").toString()).expect(0);
            assertEquals(-1, Files.mismatch(folder.resolve("fs.raw"), folder.resolve("back.raw")));
        }
    }

    @Test
    void theImageIsAsGoodWithoutLibdeflate() throws IOException, InterruptedException {
        // Which library is there is found out once in a process, so this takes one of its own.
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dblockferry.libdeflate=off", "-cp", System.getProperty("java.class.path"), "org.blockferry.cli.Main",
                "copy", "-c", "-O", "qcow2", "mixed.raw", "without.qcow2").directory(folder.toFile()).inheritIO().start();
        assertEquals(0, process.waitFor());
        check("mixed.raw", "without.qcow2");
        CliRun.of("copy", folder.resolve("without.qcow2").toString(), folder.resolve("back.raw").toString()).expect(0);
        assertEquals(-1, Files.mismatch(folder.resolve("mixed.raw"), folder.resolve("back.raw")));
    }

    @Test
    void aRawTargetIsRefusedAndNotMade() {
        CliRun run = CliRun.of("copy", "-c", folder.resolve("mixed.raw").toString(), folder.resolve("refused.raw").toString())
                .expect(1);
        assertTrue(run.err().contains("Compression not supported for this file format"), run.err());
        assertFalse(Files.exists(folder.resolve("refused.raw")));
    }

    private static void copy(String source, String target, String... options) throws IOException {
        Files.deleteIfExists(folder.resolve(target));
        List<String> line = new ArrayList<>(List.of("copy", "-c", "-O", "qcow2"));
        line.addAll(List.of(options));
        line.addAll(List.of(folder.resolve(source).toString(), folder.resolve(target).toString()));
        CliRun.of(line.toArray(String[]::new)).expect(0);
    }

    private static void check(String source, String target) {
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "qcow2", source, target);
        Peers.run(folder, "qemu-img", "check", "-f", "qcow2", target);
    }
}
