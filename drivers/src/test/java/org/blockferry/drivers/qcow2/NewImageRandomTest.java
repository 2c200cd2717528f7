package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.util.ByteSize;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random writes and zeroes, in random order, by several threads, on every kind of image: what is left is what a model holds, and
 * QEMU's check finds nothing.
 */
class NewImageRandomTest {
    private static final int LENGTH = (3 << 20) + 1536;

    @TempDir
    Path dir;

    @BeforeAll
    static void peers() {
        Peers.require("qemu-img");
    }

    /** One kind of image and how it is written. */
    private record Case(String options, boolean backing, int threads, int window, boolean device, boolean compressed) {
        Map<String, String> map() {
            Map<String, String> map = new HashMap<>();
            Stream.of(options.split(",")).filter(word -> !word.isEmpty()).map(word -> word.split("="))
                    .forEach(word -> map.put(word[0], word[1]));
            return map;
        }
    }

    static List<Case> cases() {
        List<String> kinds = new ArrayList<>(List.of("", "compat=0.10", "lazy_refcounts=on", "cluster_size=512",
                "cluster_size=512,refcount_bits=64", "cluster_size=1k,refcount_bits=1", "cluster_size=4k,compat=0.10",
                "cluster_size=4k,refcount_bits=2", "refcount_bits=4", "refcount_bits=8", "cluster_size=2M,refcount_bits=32",
                "cluster_size=256k,refcount_bits=1", "extended_l2=on", "extended_l2=on,cluster_size=16k,refcount_bits=8",
                "extended_l2=on,cluster_size=2M", "cluster_size=2M,compat=0.10"));
        List<Case> cases = new ArrayList<>();
        int n = 0;
        for (String kind : kinds) {
            for (boolean backing : new boolean[] {false, true}) {
                for (boolean compressed : new boolean[] {false, true}) {
                    // Threads, window and device go round, so that each kind meets several of them over all.
                    int threads = new int[] {1, 4, 8}[n % 3];
                    cases.add(new Case(kind, backing, threads, n % 2 == 0 ? 1 : L2Window.DEFAULT_BYTES, n % 5 == 4, compressed));
                    n++;
                }
            }
        }
        for (String mode : List.of("metadata", "falloc", "full")) {
            cases.add(new Case("preallocation=" + mode, false, 4, 1, false, false));
            cases.add(new Case("preallocation=" + mode + ",cluster_size=2k", false, 4, 1, false, true));
            cases.add(new Case("preallocation=" + mode + ",extended_l2=on", false, 4, 1, false, false));
            cases.add(new Case("preallocation=" + mode + ",extended_l2=on", true, 4, 1, false, false));
        }
        cases.add(new Case("compression_type=zstd", false, 8, 1, false, true));
        cases.add(new Case("compression_type=zstd,extended_l2=on,cluster_size=32k", true, 8, 1, true, true));
        cases.add(new Case("compression_type=zstd,cluster_size=2M", false, 2, 1, false, true));
        return cases;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    @Timeout(60)
    void leavesWhatTheModelHolds(Case kind) throws Exception {
        // One seed each, and every kind is met several times over all cases.
        runWith(kind, 1 + (kind.hashCode() & 1));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    @Tag("slow")
    void leavesWhatTheModelHoldsWithMoreSeeds(Case kind) throws Exception {
        for (long seed = 3; seed <= 12; seed++) {
            runWith(kind, seed);
        }
    }

    private void runWith(Case kind, long seed) throws Exception {
        try {
            run(kind, seed);
        } catch (AssertionError | Exception e) {
            throw new AssertionError("seed " + seed + ", " + kind + ": " + e.getMessage(), e);
        }
    }

    private void run(Case kind, long seed) throws Exception {
        Path image = dir.resolve("image.qcow2");
        byte[] base = new byte[0];
        CreateOptions options = CreateOptions.ofLength(LENGTH).withFormatOptions(kind.map());
        if (kind.backing) {
            // Shorter than the disk in one case, longer in the other.
            base = new byte[seed % 2 == 1 ? LENGTH - 300_000 : LENGTH + 51_200];
            new Random(seed).nextBytes(base);
            Files.write(dir.resolve("base.raw"), base);
            options = options.withBacking(new BackingReference("base.raw", Optional.of("raw")));
        }
        byte[] model = Arrays.copyOf(base, LENGTH);
        ChannelDisk disk = kind.device ? ChannelDisk.device(image, 64 << 20) : new ChannelDisk(image);
        if (seed % 2 == 0) {
            disk.withRequestAlignment(4096);
        }
        try (BlockTarget target = new Qcow2Creator(kind.window).create(disk, options)) {
            boolean[] packed = new boolean[LENGTH];
            byte[] written = kind.backing ? new byte[LENGTH] : null;
            ExecutorService pool = Executors.newFixedThreadPool(kind.threads);
            try {
                List<Future<?>> results = new ArrayList<>();
                for (int i = 0; i < kind.threads; i++) {
                    Writer writer = new Writer(target, kind, i, model, written, packed,
                            new SplittableRandom(seed * 100 + i));
                    results.add(pool.submit((Callable<Void>) writer::run));
                }
                for (Future<?> result : results) {
                    result.get(50, TimeUnit.SECONDS);
                }
            } finally {
                pool.shutdownNow();
            }
            target.complete();
        }
        if (kind.device) {
            ImageUnderTest.check(image);
            // What was on the device behind the image is still there.
            Files.write(image, Arrays.copyOf(Files.readAllBytes(image), 64 << 20));
        }
        ImageUnderTest.checkAndCompare(image, model, base);
    }

    /** A thread of the test, with the units that are its own: they lie between those of the others. */
    private record Writer(BlockTarget target, Case kind, int me, byte[] model, byte[] written,
            boolean[] packed, SplittableRandom random) {

        Void run() throws BlockException {
            int unit = target.info().limits().clusterSize();
            int group = Math.max(kind.compressed ? 3 * clusterSize() : unit, 16 << 10);
            int groups = (LENGTH + group - 1) / group;
            int rounds = Math.max(12, Math.min(groups, 150) * 2 / kind.threads);
            for (int i = 0; i < rounds; i++) {
                int mine = random.nextInt((groups + kind.threads - 1) / kind.threads) * kind.threads + me;
                if (mine < groups) {
                    one(ByteRange.between((long) mine * group, Math.min(LENGTH, ((long) mine + 1) * group)), unit);
                }
            }
            return null;
        }

        private void one(ByteRange own, int unit) throws BlockException {
            ByteRange range = own;
            if (random.nextInt(3) > 0 && own.length() > 1) {
                long from = own.offset() + random.nextLong(own.length() - 1);
                range = ByteRange.between(from, from + 1 + random.nextLong(own.end() - from));
            }
            int what = random.nextInt(8);
            if (what < 3) {
                if (target.writeZeroes(range, what == 0 ? ZeroFlag.NONE : ZeroFlag.UNMAP)) {
                    set(range, new byte[(int) range.length()]);
                }
                return;
            }
            if (kind.backing && !isWritten(range, unit)) {
                range = range.alignOutward(unit, LENGTH);
            }
            boolean compress = kind.compressed && target.info().has(Trait.COMPRESS) && what > 4;
            if (isCompressed(range)) {
                return;
            }
            byte[] data = new byte[(int) range.length()];
            boolean random = this.random.nextInt(3) == 0;
            for (int i = 0; i < data.length; i++) {
                data[i] = (byte) (random ? this.random.nextInt(256) : i / 100 % 7 + 1);
            }
            ByteBuffer from = ByteBuffer.allocateDirect(data.length + 3).position(3).put(data).position(3);
            target.write(range.offset(), from, compress ? Set.of(WriteFlag.COMPRESSED) : WriteFlag.NONE);
            if (compress) {
                Arrays.fill(packed, (int) range.offset(), (int) range.end(), true);
            }
            set(range, data);
        }

        /** Whether the units that the range cuts were written before. */
        private boolean isWritten(ByteRange range, int unit) {
            ByteRange units = range.alignOutward(unit, LENGTH);
            return written[(int) units.offset()] != 0 && written[(int) units.end() - 1] != 0;
        }

        private int clusterSize() {
            return (int) ByteSize.parse("cluster_size", kind.map().getOrDefault("cluster_size", "64k"));
        }

        /** Whether a cluster of the range may have been compressed, which is for good. */
        private boolean isCompressed(ByteRange range) {
            ByteRange clusters = range.alignOutward(clusterSize(), LENGTH);
            for (int i = (int) clusters.offset(); i < clusters.end(); i++) {
                if (packed[i]) {
                    return true;
                }
            }
            return false;
        }

        private void set(ByteRange range, byte[] data) {
            System.arraycopy(data, 0, model, (int) range.offset(), data.length);
            if (written != null) {
                Arrays.fill(written, (int) range.offset(), (int) range.end(), (byte) 1);
            }
        }
    }
}
