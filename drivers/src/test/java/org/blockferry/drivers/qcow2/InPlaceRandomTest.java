package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random writes, zeroes and discards into every kind of image that QEMU makes, over several sessions, with snapshots and QEMU's
 * own compressed writes between them: after each step it reads as a model, after each session QEMU's check finds nothing and QEMU
 * reads the same, and in the end the snapshots still hold what they held.
 */
class InPlaceRandomTest {
    private static final int LENGTH = (3 << 20) + 1536;
    private static final int SESSIONS = 3;

    @TempDir
    Path dir;

    @BeforeAll
    static void peers() {
        Peers.require("qemu-img", "qemu-io");
    }

    /** One kind of image. */
    private record Case(String options, boolean backing) {
        boolean takesSnapshots() {
            return !options.endsWith("refcount_bits=1");
        }

        /** Small compressed clusters share host clusters, and with snapshots more of them than few bits count. */
        boolean takesCompressed() {
            return !options.contains("preallocation") && !options.endsWith("refcount_bits=2")
                    && !options.endsWith("refcount_bits=4");
        }

        String create(byte[] base) {
            String given = options.isEmpty() || base.length == 0 ? options : options + ",";
            return base.length == 0 ? given : given + "backing_file=base.raw,backing_fmt=raw";
        }
    }

    /** Every second one: each kind once, with a backing file or without. */
    static List<Case> someCases() {
        List<Case> all = cases();
        List<Case> some = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            if ((i + i / 2) % 2 == 0 || all.get(i).options.contains("preallocation")) {
                some.add(all.get(i));
            }
        }
        return some;
    }

    static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (String kind : List.of("", "compat=0.10", "lazy_refcounts=on", "cluster_size=512", "cluster_size=512,compat=0.10",
                "cluster_size=512,refcount_bits=64", "cluster_size=512,refcount_bits=1", "cluster_size=1k,refcount_bits=32",
                "cluster_size=4k,refcount_bits=2", "cluster_size=4k,refcount_bits=4", "refcount_bits=8", "cluster_size=2M",
                "cluster_size=2M,compat=0.10", "extended_l2=on", "extended_l2=on,cluster_size=16k,refcount_bits=64",
                "extended_l2=on,cluster_size=2M,lazy_refcounts=on", "compression_type=zstd,cluster_size=16k")) {
            cases.add(new Case(kind, false));
            cases.add(new Case(kind, true));
        }
        for (String kind : List.of("preallocation=metadata", "preallocation=falloc", "preallocation=full,cluster_size=4k",
                "preallocation=metadata,extended_l2=on", "preallocation=metadata,cluster_size=512")) {
            cases.add(new Case(kind, false));
        }
        return cases;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("someCases")
    @Timeout(60)
    void readsAsTheModelAfterEachStepAndSession(Case kind) throws Exception {
        runWith(kind, 1 + (kind.hashCode() & 1));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    @Tag("slow")
    void readsAsTheModelWithMoreSeeds(Case kind) throws Exception {
        for (long seed = 1; seed <= 10; seed++) {
            runWith(kind, seed);
        }
    }

    private void runWith(Case kind, long seed) throws Exception {
        try {
            run(kind, new SplittableRandom(seed), seed);
        } catch (AssertionError | Exception e) {
            throw new AssertionError("seed " + seed + ", " + kind + ": " + e.getMessage(), e);
        }
    }

    private void run(Case kind, SplittableRandom random, long seed) throws Exception {
        byte[] base = new byte[0];
        if (kind.backing) {
            // Shorter than the disk in one case, longer in the other.
            base = new byte[seed % 2 == 1 ? LENGTH - 300_000 : LENGTH + 51_200];
            new Random(seed).nextBytes(base);
            Files.write(dir.resolve("base.raw"), base);
        }
        QemuImage image = QemuImage.create(dir, "image.qcow2", LENGTH, kind.create(base));
        byte[] model = Arrays.copyOf(base, LENGTH);
        List<byte[]> snapshots = new ArrayList<>();
        if (kind.takesCompressed()) {
            compress(kind, image, model, random);
        }
        for (int session = 0; session < SESSIONS; session++) {
            if (session > 0 && kind.takesSnapshots()) {
                Peers.run(dir, "qemu-img", "snapshot", "-c", "s" + session, "image.qcow2");
                snapshots.add(model.clone());
            }
            session(kind, image.path(), base, model, random);
            ImageUnderTest.checkAndCompare(image.path(), model, base);
        }
        for (int i = 0; i < snapshots.size(); i++) {
            assertArrayEquals(snapshots.get(i), image.content("-l", "s" + (i + 1)), "snapshot s" + (i + 1));
        }
    }

    /** QEMU takes compressed writes of whole clusters where nothing is yet. */
    private static void compress(Case kind, QemuImage image, byte[] model, SplittableRandom random) {
        int unit = kind.options.contains("cluster_size=2M") ? 2 << 20 : 65536;
        int units = LENGTH / unit;
        List<String> commands = new ArrayList<>();
        for (int n = 0; n < units; n++) {
            if (random.nextInt(4) == 0) {
                int at = n * unit;
                commands.add("write -q -c -P " + (n + 1) + " " + at + " " + unit);
                Arrays.fill(model, at, at + unit, (byte) (n + 1));
            }
        }
        image.io(commands.toArray(String[]::new));
    }

    private void session(Case kind, Path path, byte[] base, byte[] model, SplittableRandom random) throws BlockException {
        try (InPlaceTarget target = InPlaceImages.open(path, base)) {
            int steps = 60;
            for (int step = 0; step < steps; step++) {
                ByteRange range = range(random);
                String what = step(kind, target, range, model, random);
                ByteRange around = ByteRange.between(Math.max(0, range.offset() - 70_000),
                        Math.min(LENGTH, range.end() + 70_000));
                assertArrayEquals(Arrays.copyOfRange(model, (int) around.offset(), (int) around.end()),
                        Disks.read(target, around), () -> what + " of " + range);
            }
            assertArrayEquals(model, Disks.read(target, new ByteRange(0, LENGTH)), "at the end of the session");
            for (BlockStatus run : Disks.walk(target, target.info().range())) {
                if (run.isZero()) {
                    assertArrayEquals(new byte[(int) run.length()],
                            Arrays.copyOfRange(model, (int) run.offset(), (int) run.end()), () -> "said " + run);
                }
            }
            if (random.nextBoolean()) {
                target.complete();
            }
        }
    }

    private static ByteRange range(SplittableRandom random) {
        int length = 1 + random.nextInt(1 << 1 + random.nextInt(19));
        int at = random.nextInt(LENGTH - length + 1);
        if (random.nextInt(3) == 0) {
            ByteRange aligned = new ByteRange(at, length).alignOutward(65536, LENGTH);
            return aligned;
        }
        return new ByteRange(at, length);
    }

    private static String step(Case kind, InPlaceTarget target, ByteRange range, byte[] model, SplittableRandom random)
            throws BlockException {
        int from = (int) range.offset();
        int to = (int) range.end();
        switch (random.nextInt(8)) {
            case 0, 1 -> {
                Set<ZeroFlag> flags = EnumSet.noneOf(ZeroFlag.class);
                for (ZeroFlag flag : ZeroFlag.values()) {
                    if (random.nextInt(3) == 0) {
                        flags.add(flag);
                    }
                }
                if (target.writeZeroes(range, flags)) {
                    Arrays.fill(model, from, to, (byte) 0);
                }
                return "zero " + flags;
            }
            case 2 -> {
                boolean done = target.discard(range);
                if (done) {
                    // What is there is the driver's choice; where it is not zero, it is what it was.
                    byte[] now = Disks.read(target, range);
                    for (int i = 0; i < now.length; i++) {
                        if (now[i] == 0) {
                            model[from + i] = 0;
                        }
                    }
                }
                return "discard";
            }
            case 3 -> {
                target.flush();
                return "flush";
            }
            default -> {
                byte[] data = new byte[to - from];
                new Random(random.nextLong()).nextBytes(data);
                ByteBuffer buffer = ByteBuffer.allocateDirect(data.length + 5).position(5).put(data).position(5);
                target.write(from, buffer, random.nextInt(10) == 0 ? EnumSet.of(WriteFlag.FUA) : WriteFlag.NONE);
                System.arraycopy(data, 0, model, from, data.length);
                return "write";
            }
        }
    }
}
