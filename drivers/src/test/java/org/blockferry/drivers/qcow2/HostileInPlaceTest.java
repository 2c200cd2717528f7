package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An image with damaged metadata, written in place, gives one clear line or none; and it never grows without bound. */
class HostileInPlaceTest {
    private static final int LENGTH = 1 << 20;
    private static final int ROUNDS = 400;

    @TempDir
    Path dir;

    @BeforeAll
    static void peers() {
        Peers.require("qemu-img", "qemu-io");
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"cluster_size=512", "cluster_size=4k,compat=0.10", "cluster_size=16k,extended_l2=on",
            "cluster_size=4k,refcount_bits=1"})
    @Timeout(60)
    void failsWithOneLineOnDamagedMetadata(String options) throws Exception {
        QemuImage image = QemuImage.create(dir, "image.qcow2", LENGTH, options);
        image.io("write -q -P 7 0 128k", "write -q -c -P 9 128k 64k");
        if (!options.contains("refcount_bits=1")) {
            Peers.run(dir, "qemu-img", "snapshot", "-c", "s", "image.qcow2");
        }
        image.io("write -q -P 8 32k 64k", "write -q -z 300k 100k");
        byte[] sound = image.fileBytes();
        Qcow2Header header = Qcow2Header.parse("sound", ByteBuffer.wrap(sound));
        for (int round = 0; round < ROUNDS; round++) {
            SplittableRandom random = new SplittableRandom(round);
            byte[] damaged = damage(sound, header, random);
            RecordingDisk disk = new RecordingDisk(damaged);
            try (InPlaceTarget target = InPlaceImages.open(disk)) {
                for (int n = 0; n < 12; n++) {
                    request(target, random);
                }
                target.complete();
            } catch (BlockException e) {
                assertFalse(e.getMessage().contains("\n"), e.getMessage());
                assertTrue(e.getMessage().startsWith("recorded.qcow2: "), e.getMessage());
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(options + ", round " + round + ": " + e, e);
            }
            assertTrue(disk.info().length() < 64 << 20, "round " + round);
        }
    }

    /** Some bytes or whole entries of the header's fields, of a table, or of a block are something else. */
    private static byte[] damage(byte[] sound, Qcow2Header header, SplittableRandom random) {
        byte[] damaged = sound.clone();
        ByteBuffer bytes = ByteBuffer.wrap(damaged);
        int cluster = header.layout().clusterSize();
        long[] places = {0, header.l1Offset(), header.refcountTableOffset(), bytes.getLong((int) header.refcountTableOffset()),
            bytes.getLong((int) header.l1Offset()) & L2Entry.OFFSET_MASK, header.snapshotsOffset()};
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
            int place = (int) places[random.nextInt(places.length)];
            int at = place + random.nextInt(Math.min(cluster, place == 0 ? 112 : 256));
            switch (random.nextInt(4)) {
                case 0 -> damaged[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes.putLong(at & -8, random.nextLong());
                case 2 -> bytes.putLong(at & -8, L2Entry.COPIED | (long) cluster * random.nextInt(sound.length / cluster));
                default -> bytes.putLong(at & -8, random.nextBoolean() ? 0 : -1);
            }
        }
        return damaged;
    }

    private static void request(InPlaceTarget target, SplittableRandom random) throws BlockException {
        long disk = Math.min(target.info().length(), LENGTH);
        int length = (int) Math.min(disk, 1 + random.nextInt(60_000));
        long at = disk == length ? 0 : random.nextLong(disk - length);
        switch (random.nextInt(6)) {
            case 0 -> target.writeZeroes(new ByteRange(at, length), random.nextBoolean() ? ZeroFlag.UNMAP : ZeroFlag.NONE);
            case 1 -> target.discard(new ByteRange(at, length));
            case 2 -> target.read(at, ByteBuffer.allocate(length));
            case 3 -> target.flush();
            default -> target.write(at, ByteBuffer.allocate(length), WriteFlag.NONE);
        }
    }
}
