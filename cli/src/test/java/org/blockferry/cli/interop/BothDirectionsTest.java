package org.blockferry.cli.interop;

import java.io.IOException;
import java.io.RandomAccessFile;
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

/** What qemu-img writes we copy, and what we write it reads: every kind of source into every kind of target. */
class BothDirectionsTest {
    /** Not a multiple of any cluster size. */
    private static final long LENGTH = (20 << 20) + 3 * 512;
    private static final long SEED = 20261122;

    /** How a source is made by qemu-img from the same bytes. */
    private static final List<String> SOURCES = List.of(
            "raw", "qcow2", "qcow2 compat=0.10", "qcow2 cluster_size=512", "qcow2 cluster_size=4k", "qcow2 cluster_size=2M",
            "qcow2 extended_l2=on", "qcow2 refcount_bits=1", "qcow2 lazy_refcounts=on", "qcow2 preallocation=metadata",
            "qcow2 -c", "qcow2 -c compression_type=zstd", "qcow2 -c cluster_size=4k", "qcow2 -c cluster_size=2M",
            "qcow2 -c extended_l2=on");

    /** What our {@code -O} and {@code -o} ask for. */
    private static final List<String> TARGETS = List.of(
            "raw", "raw preallocation=falloc", "qcow2", "qcow2 compat=0.10", "qcow2 cluster_size=512", "qcow2 cluster_size=4k",
            "qcow2 cluster_size=2M", "qcow2 extended_l2=on", "qcow2 extended_l2=on,cluster_size=16k", "qcow2 refcount_bits=1",
            "qcow2 refcount_bits=64", "qcow2 lazy_refcounts=on", "qcow2 preallocation=metadata", "qcow2 preallocation=falloc",
            "qcow2 preallocation=full");

    /** Options that change how a copy is made and must not change what is copied. */
    private static final List<List<String>> WAYS = List.of(
            List.of("-S", "0"), List.of("-S", "512"), List.of("-S", "64k"), List.of("-W", "-m", "4"), List.of("-m", "1"),
            List.of("--offload=never"), List.of("--offload=auto"), List.of("-r", "1G"), List.of("-t", "writeback"),
            List.of("-T", "none"), List.of("-t", "none"), List.of("-t", "directsync", "-T", "directsync"), List.of("--stats"),
            List.of("-p"), List.of("-U"));

    @TempDir
    static Path folder;

    @BeforeAll
    static void sources() throws IOException {
        Peers.require("qemu-img");
        SplittableRandom random = new SplittableRandom(SEED);
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("source.raw").toFile(), "rw")) {
            file.setLength(LENGTH);
            for (long at = 0; at < LENGTH;) {
                int length = (int) Math.min(LENGTH - at, 512L * (1 + random.nextInt(random.nextBoolean() ? 16 : 2048)));
                int kind = random.nextInt(4);
                if (kind > 0) {
                    byte[] bytes = new byte[length];
                    if (kind == 1) {
                        random.nextBytes(bytes);
                    } else if (kind == 2) {
                        java.util.Arrays.fill(bytes, (byte) (1 + random.nextInt(255)));
                    }
                    file.seek(at);
                    file.write(bytes);
                }
                at += length;
            }
        }
        for (String source : SOURCES) {
            List<String> line = new ArrayList<>(List.of("qemu-img", "convert", "-f", "raw", "-O", source.split(" ")[0]));
            for (String word : source.split(" ")) {
                if (word.equals("-c")) {
                    line.add(word);
                } else if (word.contains("=")) {
                    line.addAll(List.of("-o", word));
                }
            }
            line.addAll(List.of("source.raw", name(source)));
            Peers.run(folder, line.toArray(String[]::new));
        }
    }

    private static String name(String kind) {
        return kind.replace(' ', '-').replace(',', '-') + ".img";
    }

    static Stream<Arguments> everyPair() {
        return SOURCES.stream().flatMap(source -> TARGETS.stream().map(target -> Arguments.of(source, target)));
    }

    @ParameterizedTest(name = "{0} to {1}")
    @MethodSource("everyPair")
    void copiesAndQemuAgrees(String source, String target) throws IOException {
        copy(source, target, List.of());
    }

    static Stream<Arguments> everyWay() {
        return WAYS.stream().flatMap(way -> Stream.of(Arguments.of(way, "raw", "raw"), Arguments.of(way, "raw", "qcow2"),
                Arguments.of(way, "qcow2", "raw"), Arguments.of(way, "qcow2 -c", "qcow2 cluster_size=4k")));
    }

    @ParameterizedTest(name = "{0}: {1} to {2}")
    @MethodSource("everyWay")
    void everyWayLeavesTheSameBytes(List<String> way, String source, String target) throws IOException {
        copy(source, target, way);
    }

    private static void copy(String source, String target, List<String> options) throws IOException {
        Path out = folder.resolve("out.img");
        Files.deleteIfExists(out);
        List<String> line = new ArrayList<>(List.of("copy", "-O", target.split(" ")[0]));
        line.addAll(options);
        if (target.contains(" ")) {
            line.addAll(List.of("-o", target.split(" ")[1]));
        }
        line.addAll(List.of(folder.resolve(name(source)).toString(), out.toString()));
        CliRun.of(line.toArray(String[]::new)).expect(0);
        String format = target.split(" ")[0];
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", format, "source.raw", "out.img");
        if (format.equals("qcow2")) {
            Peers.run(folder, "qemu-img", "check", "-f", "qcow2", "out.img");
        }
    }

    @Test
    void readsBackWhatItWrote() throws IOException {
        Path own = folder.resolve("own.qcow2");
        Path back = folder.resolve("back.raw");
        CliRun.of("copy", folder.resolve("source.raw").toString(), own.toString()).expect(0);
        CliRun.of("copy", own.toString(), back.toString()).expect(0);
        org.junit.jupiter.api.Assertions.assertEquals(-1, Files.mismatch(folder.resolve("source.raw"), back));
    }

    @Test
    void joinsSeveralSources() {
        CliRun.of("copy", folder.resolve("source.raw").toString(), folder.resolve(name("qcow2")).toString(),
                folder.resolve("joined.raw").toString()).expect(0);
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "raw", "source.raw", "source.raw", "expected.raw");
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "raw", "expected.raw", "joined.raw");
    }

    @Test
    void copiesAnInternalSnapshot() {
        Peers.require("qemu-io");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "snap.qcow2", "4M");
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 0x11 0 2M", "snap.qcow2");
        Peers.run(folder, "qemu-img", "snapshot", "-c", "before", "snap.qcow2");
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 0x22 1M 2M", "snap.qcow2");
        Peers.run(folder, "qemu-img", "convert", "-l", "before", "-O", "raw", "snap.qcow2", "snap-expected.raw");
        for (String name : List.of("before", "1", "snapshot.name=before", "snapshot.id=1")) {
            CliRun.of("copy", "-l", name, folder.resolve("snap.qcow2").toString(), folder.resolve("snap.raw").toString()).expect(0);
            Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "raw", "snap-expected.raw", "snap.raw");
        }
    }
}
