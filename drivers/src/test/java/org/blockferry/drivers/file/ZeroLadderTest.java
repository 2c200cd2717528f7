package org.blockferry.drivers.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ways to zero in a regular file; those of a device are in {@link DeviceTargetTest}. */
class ZeroLadderTest {
    private static final int PUNCH = 3;
    private static final int ZERO_RANGE = 0x10;
    private static final int LENGTH = 1 << 20;
    private static final ByteRange RANGE = new ByteRange(100_001, 300_000);

    @TempDir
    private Path folder;
    private final TestNative access = new TestNative();
    private BlockStorage storage;
    private final byte[] bytes = TestImage.data(LENGTH, 1).bytes();

    private BlockStorage full() throws Exception {
        storage = create(LENGTH);
        Disks.write(storage, 0, bytes);
        access.forget();
        return storage;
    }

    private BlockStorage create(long length) throws Exception {
        storage = (BlockStorage) new FileDriver(access::get).create(ImageLocation.file(folder.resolve("disk").toString()),
                CreateOptions.ofLength(length));
        return storage;
    }

    @AfterEach
    void close() throws Exception {
        storage.close();
    }

    private void assertZeroed() throws Exception {
        Arrays.fill(bytes, (int) RANGE.offset(), (int) RANGE.end(), (byte) 0);
        assertArrayEquals(bytes, Disks.readAll(storage));
        assertEquals(LENGTH, storage.info().length());
    }

    @Test
    void punchesAHoleWhereItMay() throws Exception {
        assertTrue(full().writeZeroes(RANGE, ZeroFlag.UNMAP));
        assertZeroed();
        assertEquals(List.of("fallocate"), access.calls());
        assertTrue(storage.status(new ByteRange(200_000, 1)).isZero());
    }

    @Test
    void keepsTheSpaceWhereItMust() throws Exception {
        full().flush();
        long before = blocks();
        assertTrue(storage.writeZeroes(RANGE, ZeroFlag.NONE));
        assertZeroed();
        storage.flush();
        assertTrue(blocks() >= before - 8, before + " blocks before, " + blocks() + " after");
    }

    private long blocks() {
        return Long.parseLong(Peers.run(folder, "sh", "-c", "stat -c %b .disk.*").out().strip());
    }

    @Test
    void eachWayIsTriedOnceAfterItWasRefused() throws Exception {
        access.refuse("fallocate", mode -> mode == ZERO_RANGE);
        full();
        assertTrue(storage.writeZeroes(RANGE, ZeroFlag.NONE));
        assertEquals(3, access.count("fallocate"), "refused, punched, allocated");
        assertTrue(storage.writeZeroes(RANGE, ZeroFlag.NONE));
        assertEquals(5, access.count("fallocate"), "punched, allocated");
        assertZeroed();
    }

    @Test
    void fallsFromHolesToZeroRange() throws Exception {
        access.refuse("fallocate", mode -> mode == PUNCH);
        full();
        assertTrue(storage.writeZeroes(RANGE, ZeroFlag.UNMAP));
        assertTrue(storage.writeZeroes(RANGE, ZeroFlag.UNMAP));
        assertEquals(3, access.count("fallocate"));
        assertZeroed();
    }

    @Test
    void returnsFalseAndChangesNothingWhenEveryWayIsRefused() throws Exception {
        access.refuse("fallocate");
        full();
        assertFalse(storage.writeZeroes(RANGE, ZeroFlag.UNMAP));
        assertFalse(storage.writeZeroes(RANGE, ZeroFlag.NONE));
        assertEquals(2, access.count("fallocate"));
        assertArrayEquals(bytes, Disks.readAll(storage));
        assertFalse(storage.discard(RANGE));
    }

    @Test
    void everyRefusalThatIsKnownIsOne() throws Exception {
        for (int errno : new int[] {Errno.EOPNOTSUPP, Errno.ENOSYS, Errno.EINVAL, Errno.ENODEV, Errno.ENOTTY, Errno.EXDEV,
                Errno.EBADF, Errno.ETXTBSY, Errno.EPERM}) {
            TestNative refusing = new TestNative();
            refusing.fail("fallocate", mode -> true, errno);
            try (BlockStorage target = (BlockStorage) new FileDriver(refusing::get).create(
                    ImageLocation.file(folder.resolve("errno" + errno).toString()), CreateOptions.ofLength(LENGTH))) {
                storage = target;
                Disks.write(target, 0, bytes);
                assertFalse(target.writeZeroes(RANGE, ZeroFlag.UNMAP), "errno " + errno);
            }
        }
    }

    @Test
    void whatIsNoRefusalIsAFailureWithItsOffset() throws Exception {
        access.fail("fallocate", mode -> true, Errno.EIO);
        BlockException e = assertThrows(BlockException.class, () -> full().writeZeroes(RANGE, ZeroFlag.UNMAP));
        assertEquals(BlockException.Kind.IO, e.kind());
        assertTrue(e.getMessage().endsWith("disk: zero 300000 bytes at 0x186a1: Input/output error"), e.getMessage());
    }

    @Test
    void whatANewFileHasNotUsedCostsNothing() throws Exception {
        create(LENGTH);
        Disks.write(storage, 0, new byte[65536]);
        access.forget();
        assertTrue(storage.writeZeroes(new ByteRange(65536, 500_000), ZeroFlag.UNMAP));
        assertEquals(List.of(), access.calls());
    }

    @Test
    void zeroesBehindTheEndMakeAGrowingFileLonger() throws Exception {
        create(NodeInfo.UNKNOWN_LENGTH);
        Disks.write(storage, 0, TestImage.data(1000, 3).bytes());
        assertTrue(storage.writeZeroes(new ByteRange(500, 10_000), ZeroFlag.UNMAP));
        assertEquals(10_500, storage.info().length());
        assertTrue(storage.writeZeroes(new ByteRange(10_000, 10_000), ZeroFlag.NONE));
        assertEquals(20_000, storage.info().length());
        assertTrue(storage.writeZeroes(new ByteRange(100_000, 1), ZeroFlag.UNMAP));
        assertEquals(100_001, storage.info().length());
        byte[] wanted = Arrays.copyOf(Arrays.copyOf(TestImage.data(1000, 3).bytes(), 500), 100_001);
        assertArrayEquals(wanted, Disks.readAll(storage));
    }
}
