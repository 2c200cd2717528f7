package org.blockferry.drivers.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OffloadLadderTest {
    private static final int LENGTH = (1 << 20) + 1000;
    private final TestImage image = TestImage.data(LENGTH, 4);

    @TempDir
    private Path folder;
    private final TestNative access = new TestNative();
    private final FileDriver driver = new FileDriver(access::get);

    private BlockSource source(Path folder) throws Exception {
        return driver.openSource(ImageLocation.file(Sparse.write(folder.resolve("source"), image).toString()),
                OpenOptions.DEFAULT);
    }

    private BlockStorage target(Path folder, long length, CacheMode cache) throws Exception {
        return (BlockStorage) driver.create(ImageLocation.file(folder.resolve("target").toString()),
                CreateOptions.ofLength(length).withCache(cache));
    }

    private static BlockStatus run(BlockSource source, long offset, long length) {
        return BlockStatus.data(new ByteRange(offset, length), source, offset);
    }

    @ParameterizedTest(name = "on {0} blocks are shared, and an odd end copied in the kernel")
    @ValueSource(strings = {"xfs", "btrfs"})
    void sharesBlocksWhereTheFileSystemCan(String type) throws Exception {
        try (ScratchMount mount = ScratchMount.make(folder, type, 400 << 20);
                BlockSource source = source(mount.path());
                BlockStorage target = target(mount.path(), LENGTH, CacheMode.WRITEBACK)) {
            assertEquals(LENGTH, target.offload(run(source, 0, LENGTH), 0, LENGTH));
            assertEquals(1, access.count("cloneRange"));
            assertEquals(1, access.count("copyFileRange"), "the last 1000 bytes");
            target.complete();
            assertArrayEquals(image.bytes(), Files.readAllBytes(mount.path().resolve("target")));
        }
    }

    @ParameterizedTest(name = "on {0} a whole file is shared, odd end and all")
    @ValueSource(strings = {"xfs", "btrfs"})
    void sharesAWholeFileWhereTheFileSystemCan(String type) throws Exception {
        try (ScratchMount mount = ScratchMount.make(folder, type, 400 << 20);
                BlockSource source = source(mount.path());
                BlockStorage target = target(mount.path(), LENGTH, CacheMode.WRITEBACK)) {
            assertTrue(target.share(source));
            assertEquals(1, access.count("cloneRange"));
            assertEquals(0, access.count("copyFileRange"));
            assertArrayEquals(image.bytes(), Disks.readAll(target));
            target.complete();
            assertArrayEquals(image.bytes(), Files.readAllBytes(mount.path().resolve("target")));
        }
    }

    @Test
    void refusesToShareWithAFileOfAnotherLengthOrWhereTheFileSystemCannot() throws Exception {
        try (BlockSource source = source(folder); BlockStorage longer = target(folder, LENGTH + 1, CacheMode.WRITEBACK)) {
            assertFalse(longer.share(source));
            assertEquals(0, access.count("cloneRange"));
        }
        access.refuse("cloneRange");
        try (BlockSource source = source(folder); BlockStorage target = target(folder, LENGTH, CacheMode.WRITEBACK)) {
            assertFalse(target.share(source));
            assertArrayEquals(new byte[LENGTH], Disks.readAll(target));
        }
    }

    @Test
    void copiesInTheKernelWhereSharingIsRefusedAndRemembersThat() throws Exception {
        access.refuse("cloneRange");
        try (BlockSource source = source(folder); BlockStorage target = target(folder, LENGTH, CacheMode.WRITEBACK)) {
            for (int part = 0; part < 4; part++) {
                assertEquals(65536, target.offload(run(source, part * 65536L, 65536), part * 65536L, 65536));
            }
            assertEquals(1, access.count("cloneRange"));
            assertEquals(4, access.count("copyFileRange"));
            assertArrayEquals(image.bytes(new ByteRange(0, 4 * 65536)), Disks.read(target, new ByteRange(0, 4 * 65536)));
        }
    }

    @Test
    void doesNothingOnceEveryWayIsRefused() throws Exception {
        access.refuse("cloneRange");
        access.fail("copyFileRange", second -> true, Errno.EXDEV);
        try (BlockSource source = source(folder); BlockStorage target = target(folder, LENGTH, CacheMode.WRITEBACK)) {
            assertEquals(0, target.offload(run(source, 0, 65536), 0, 65536));
            assertEquals(0, target.offload(run(source, 0, 65536), 0, 65536));
            assertEquals(2, access.count("cloneRange", "copyFileRange"));
            assertArrayEquals(new byte[LENGTH], Disks.readAll(target));
        }
    }

    @Test
    void aFailureThatIsNoRefusalLeavesTheRestToTheCallerAndIsNotRemembered() throws Exception {
        access.refuse("cloneRange");
        access.fail("copyFileRange", second -> second == 65536, Errno.EIO);
        try (BlockSource source = source(folder); BlockStorage target = target(folder, LENGTH, CacheMode.WRITEBACK)) {
            assertEquals(0, target.offload(run(source, 65536, 4096), 0, 4096));
            assertEquals(4096, target.offload(run(source, 0, 4096), 0, 4096));
        }
    }

    @Test
    void goesFromOddOffsetsToOddOffsets() throws Exception {
        try (BlockSource source = source(folder); BlockStorage target = target(folder, LENGTH, CacheMode.WRITEBACK)) {
            assertEquals(100_001, target.offload(run(source, 777, 500_000), 3, 100_001));
            byte[] wanted = new byte[LENGTH];
            System.arraycopy(image.bytes(), 777, wanted, 3, 100_001);
            assertArrayEquals(wanted, Disks.readAll(target));
        }
    }

    @Test
    void stopsWhereTheSourceHasBecomeShorter() throws Exception {
        access.refuse("cloneRange");
        try (BlockSource source = source(folder); BlockStorage target = target(folder, LENGTH, CacheMode.WRITEBACK)) {
            Files.write(folder.resolve("source"), Arrays.copyOf(image.bytes(), 5000));
            assertEquals(5000, target.offload(run(source, 0, LENGTH), 0, LENGTH));
        }
    }

    @Test
    void growsATargetOfUnknownLengthAndIsSeenByStatusAndReads() throws Exception {
        try (BlockSource source = source(folder);
                BlockStorage target = target(folder, NodeInfo.UNKNOWN_LENGTH, CacheMode.WRITEBACK)) {
            assertEquals(8192, target.offload(run(source, 0, 8192), 4096, 8192));
            assertEquals(12288, target.info().length());
            assertTrue(target.status(new ByteRange(0, 12288)).isZero());
            assertTrue(target.status(new ByteRange(4096, 8192)).isMapped());
            assertArrayEquals(image.bytes(new ByteRange(0, 8192)), Disks.read(target, new ByteRange(4096, 8192)));
        }
    }

    @Test
    void nothingIsCopiedThroughThePageCacheThatIsToBypassIt() throws Exception {
        access.refuse("cloneRange");
        try (BlockSource source = source(folder); BlockStorage target = target(folder, LENGTH, CacheMode.NONE)) {
            assertEquals(0, target.offload(run(source, 0, 65536), 0, 65536));
            assertEquals(0, access.count("copyFileRange"));
        }
    }

    @Test
    void betweenFileSystemsItCopiesOrRefuses() throws Exception {
        try (ScratchMount mount = ScratchMount.tmpfs(folder, 16 << 20);
                BlockSource source = source(mount.path());
                BlockStorage target = target(folder, LENGTH, CacheMode.WRITEBACK)) {
            long copied = target.offload(run(source, 0, LENGTH), 0, LENGTH);
            assertTrue(copied >= 0 && copied <= LENGTH, "copied " + copied);
            assertArrayEquals(Arrays.copyOf(image.bytes(), (int) copied),
                    Disks.read(target, new ByteRange(0, copied)));
        }
    }
}
