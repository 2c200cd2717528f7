package org.blockferry.cli.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Chains of random depth, formats, lengths and cluster sizes, filled by qemu-io with random writes of every kind, and copied with
 * random options, flat and over each of their images as the kept base. Whatever comes out reads as the source and is clean.
 */
class RandomChainTest {
    private static final long SEED = 20261122;
    /** The property {@code test.seeds} asks for more. */
    private static final long COUNT = Long.getLong("test.seeds", 12);
    private static final int MAX_SECTORS = 6144;

    @TempDir
    Path folder;
    private SplittableRandom random;

    /** An image of the chain. */
    private record Image(String name, String format) {
    }

    @BeforeEach
    void peers() {
        Peers.require("qemu-img", "qemu-io");
    }

    static LongStream seeds() {
        return LongStream.range(SEED, SEED + COUNT);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aCopyReadsAsItsSource(long seed) throws IOException {
        random = new SplittableRandom(seed);
        List<Image> chain = makeChain();
        Image top = chain.get(chain.size() - 1);
        copyAndCompare(top, List.of());
        for (int i = 0; i < chain.size() - 1; i++) {
            Image base = chain.get(i);
            copyAndCompare(top, List.of("-B", folder.resolve(base.name).toString(), "-F", base.format));
        }
        if (chain.size() > 1) {
            // The same base under another name, which only its content can tell.
            Image base = chain.get(chain.size() - 2);
            Files.copy(folder.resolve(base.name), folder.resolve("renamed"), StandardCopyOption.REPLACE_EXISTING);
            copyAndCompare(top, List.of("-B", folder.resolve("renamed").toString(), "-F", base.format));
        }
    }

    private void copyAndCompare(Image top, List<String> kept) throws IOException {
        List<String> line = new ArrayList<>(List.of("copy"));
        line.addAll(kept);
        String format = kept.isEmpty() && random.nextBoolean() ? "raw" : "qcow2";
        line.addAll(List.of("-O", format));
        if (format.equals("qcow2")) {
            line.addAll(List.of("-o", targetOptions(!kept.isEmpty())));
        }
        line.addAll(List.of("-S", pick("0", "512", "4k", "4k", "64k", "1M"), "--offload=" + pick("auto", "never"), "-m", pick("1", "2", "4", "9")));
        line.addAll(List.of("-f", top.format, folder.resolve(top.name).toString(), folder.resolve("copy").toString()));
        try {
            CliRun.of(line.toArray(String[]::new)).expect(0);
            Peers.run(folder, "qemu-img", "compare", "-f", top.format, "-F", format, top.name, "copy");
            if (format.equals("qcow2")) {
                Peers.run(folder, "qemu-img", "check", "-f", "qcow2", "copy");
            }
        } catch (AssertionError e) {
            throw new AssertionError(String.join(" ", line) + "\nof " + Peers.tryRun(folder, "qemu-img", "info", "--backing-chain", top.name).out(), e);
        }
        Files.delete(folder.resolve("copy"));
    }

    private String targetOptions(boolean backed) {
        String options = pick("cluster_size=512", "cluster_size=4k", "cluster_size=64k", "cluster_size=64k", "cluster_size=2M",
                "cluster_size=16k,extended_l2=on", "cluster_size=64k,extended_l2=on", "compat=0.10", "refcount_bits=1",
                "lazy_refcounts=on");
        return backed ? options : options + "," + pick("preallocation=off", "preallocation=off", "preallocation=metadata",
                "preallocation=falloc");
    }

    private List<Image> makeChain() {
        List<Image> chain = new ArrayList<>();
        int depth = 1 + random.nextInt(4);
        for (int i = 0; i < depth; i++) {
            boolean raw = i == 0 && random.nextInt(3) == 0;
            Image image = new Image("image" + i, raw ? "raw" : "qcow2");
            long length = 512L * (1 + random.nextInt(MAX_SECTORS));
            List<String> create = new ArrayList<>(List.of("qemu-img", "create", "-q", "-f", image.format));
            if (!raw) {
                create.addAll(List.of("-o", pick("cluster_size=512", "cluster_size=4k", "cluster_size=64k", "cluster_size=2M",
                        "cluster_size=16k,extended_l2=on", "compat=0.10", "cluster_size=64k,extended_l2=on")));
            }
            if (i > 0) {
                create.addAll(List.of("-b", chain.get(i - 1).name, "-F", chain.get(i - 1).format));
            }
            create.addAll(List.of(image.name, Long.toString(length)));
            Peers.run(folder, create.toArray(String[]::new));
            fill(image, length);
            chain.add(image);
        }
        return chain;
    }

    private void fill(Image image, long length) {
        List<String> line = new ArrayList<>(List.of("qemu-io", "-d", "unmap", "-f", image.format));
        int writes = random.nextInt(12);
        for (int i = 0; i < writes; i++) {
            long from = 512 * random.nextLong(length / 512);
            long bytes = Math.min(length - from, 512L * (1 + random.nextInt(random.nextBoolean() ? 16 : 1024)));
            String range = " " + from + " " + bytes;
            line.add("-c");
            line.add(switch (random.nextInt(6)) {
                case 0 -> "write -P 0" + range;
                case 1 -> "write -z" + range;
                case 2 -> "write -z -u" + range;
                case 3 -> "discard" + range;
                default -> "write -P " + (1 + random.nextInt(255)) + range;
            });
        }
        line.add(image.name);
        if (writes > 0) {
            Peers.run(folder, line.toArray(String[]::new));
        }
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
