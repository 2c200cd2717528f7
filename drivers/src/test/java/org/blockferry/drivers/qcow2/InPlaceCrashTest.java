package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a crash leaves of an image that is written in place, whenever it comes and whatever of the unflushed writes reached the
 * disk, sector by sector and in any order: QEMU finds leaks at most, mends them, and reads of each sector what it held at the last
 * flush or something that was written there since.
 */
class InPlaceCrashTest {
    private static final int SECTOR = 512;
    private static final int STEPS = 60;

    @TempDir
    Path dir;

    @BeforeAll
    static void peers() {
        Peers.require("qemu-img", "qemu-io");
    }

    /** What the guest had done when so many things had been done to the file. */
    private record Moment(int begun, byte[] content, boolean flushed) {
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"cluster_size=4k", "cluster_size=512,refcount_bits=64", "cluster_size=16k,extended_l2=on",
            "cluster_size=512,compat=0.10", "cluster_size=4k,backing"})
    @Timeout(120)
    void leavesAnImageThatQemuMends(String options) throws Exception {
        run(options, 1 + (options.hashCode() & 7), 30);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"cluster_size=4k", "cluster_size=512,refcount_bits=64", "cluster_size=16k,extended_l2=on",
            "cluster_size=512,compat=0.10", "cluster_size=4k,backing", "cluster_size=64k", "cluster_size=1k,refcount_bits=32"})
    @Tag("slow")
    @Timeout(600)
    void leavesAnImageThatQemuMendsAtManyMoments(String options) throws Exception {
        for (long seed = 10; seed < 12; seed++) {
            run(options, seed, 100);
        }
    }

    private void run(String options, long seed, int crashes) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        // Narrow blocks of wide refcounts: the disk fills what the refcount table counts, so that it has to grow.
        boolean grows = options.contains("refcount_bits=64");
        int length = grows ? 4 << 20 : 768 << 10;
        byte[] base = new byte[0];
        String created = options;
        if (options.endsWith(",backing")) {
            base = new byte[length - 50_000];
            new Random(seed).nextBytes(base);
            Files.write(dir.resolve("base.raw"), base);
            created = options.replace(",backing", ",backing_file=base.raw,backing_fmt=raw");
        }
        QemuImage image = QemuImage.create(dir, "image.qcow2", length, created);
        image.io("write -q -P 7 0 128k", "write -q -c -P 9 128k 64k", "write -q -P 3 300k 100k");
        Peers.run(dir, "qemu-img", "snapshot", "-c", "s", "image.qcow2");
        image.io("write -q -P 8 32k 64k");
        if (grows) {
            image.io("write -q -P 6 768k 1600k");
        }
        byte[] start = image.content();
        RecordingDisk disk = new RecordingDisk(image.fileBytes());
        List<Moment> moments = new ArrayList<>(List.of(new Moment(0, start, true)));
        try (InPlaceTarget target = InPlaceImages.open(disk)) {
            if (base.length > 0) {
                target.setBacking(new ArrayDisk("base", base));
            }
            byte[] model = start.clone();
            for (int step = 0; step < STEPS; step++) {
                int begun = disk.size();
                boolean flushed = step(target, model, random);
                // A flush counts from when it has come back, all else from when it begins.
                moments.add(new Moment(flushed ? disk.size() : begun, model.clone(), flushed));
            }
        }
        if (grows) {
            byte[] grown = disk.content();
            assertTrue(Qcow2Header.parse("grown", ByteBuffer.wrap(grown)).refcountTableClusters()
                    > Qcow2Header.parse("start", ByteBuffer.wrap(image.fileBytes())).refcountTableClusters(), "it has grown");
        }
        for (int i = 0; i < crashes; i++) {
            int cut = random.nextInt(disk.size() + 1);
            Files.write(image.path(), disk.crashAt(cut, random));
            try {
                requireSound(image, moments, cut);
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ", " + options + ", crash " + i + " ahead of " + cut + " of "
                        + disk.size() + ": " + e.getMessage(), e);
            }
        }
    }

    private static boolean step(InPlaceTarget target, byte[] model, SplittableRandom random) throws BlockException {
        int sectors = model.length / SECTOR;
        int length = SECTOR * (1 + random.nextInt(1 << 1 + random.nextInt(7)));
        int at = Math.min(random.nextInt(sectors) * SECTOR, model.length - length);
        int what = random.nextInt(10);
        if (what == 0) {
            target.flush();
            return true;
        }
        byte[] data = new byte[length];
        if (what == 1 && target.writeZeroes(new ByteRange(at, length), ZeroFlag.NONE)
                || what == 2 && target.writeZeroes(new ByteRange(at, length), ZeroFlag.UNMAP)) {
            System.arraycopy(data, 0, model, at, length);
        } else if (what == 3) {
            target.discard(new ByteRange(at, length));
            System.arraycopy(Disks.read(target, new ByteRange(at, length)), 0, model, at, length);
        } else if (what > 3) {
            new Random(random.nextLong()).nextBytes(data);
            target.write(at, ByteBuffer.wrap(data), WriteFlag.NONE);
            System.arraycopy(data, 0, model, at, length);
        }
        return false;
    }

    private void requireSound(QemuImage image, List<Moment> moments, int cut) throws IOException {
        Peers.Result mend = Peers.tryRun(dir, "qemu-img", "check", "-r", "leaks", "image.qcow2");
        assertEquals(0, mend.exitCode(), () -> "check -r leaks says " + mend);
        ImageUnderTest.check(image.path());
        byte[] found = image.content();
        int flushed = 0;
        int last = 0;
        for (int i = 0; i < moments.size(); i++) {
            if (moments.get(i).begun <= cut) {
                flushed = moments.get(i).flushed ? i : flushed;
                last = i;
            }
        }
        for (int at = 0; at < found.length; at += SECTOR) {
            boolean known = false;
            for (int i = flushed; i <= last && !known; i++) {
                known = Arrays.equals(found, at, at + SECTOR, moments.get(i).content, at, at + SECTOR);
            }
            int sector = at;
            assertTrue(known, () -> "sector at 0x" + Integer.toHexString(sector) + " holds what nobody wrote since the flush");
        }
    }
}
