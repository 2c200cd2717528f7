package org.blockferry.drivers.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.BlockTargetContract;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.LoopDevice;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real block device: a loop device with sectors of 512 bytes over a file. */
class DeviceTargetTest extends BlockTargetContract {
    @TempDir
    private Path folder;
    private LoopDevice loop;

    /** The cache mode that the contract runs with. */
    CacheMode cache() {
        return CacheMode.WRITEBACK;
    }

    int sectorSize() {
        return 512;
    }

    @BeforeEach
    final void attach() throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("backing").toFile(), "rw")) {
            file.setLength(length());
        }
        loop = LoopDevice.attach(folder.resolve("backing"), sectorSize());
    }

    @AfterEach
    final void detach() throws Exception {
        closeWhatWasOpenedHere();
        if (loop != null) {
            loop.close();
        }
    }

    private BlockTarget target;

    private void closeWhatWasOpenedHere() throws BlockException {
        if (target != null) {
            target.close();
        }
    }

    private ImageLocation location() {
        return ImageLocation.file(loop.device().toString());
    }

    @Override
    protected BlockTarget create(long length) throws Exception {
        closeWhatWasOpenedHere();
        target = new FileDriver().create(location(), CreateOptions.ofLength(length).withCache(cache()));
        return target;
    }

    @Override
    protected byte[] contentAfterClose() throws Exception {
        return Files.readAllBytes(loop.device());
    }

    @Override
    protected boolean looksFinished() {
        return Files.exists(loop.device());
    }

    @Override
    protected boolean isWrittenInPlace() {
        return true;
    }

    @Test
    void isFixedAndHasTheLengthOfTheDevice() throws Exception {
        FileDriver driver = new FileDriver();
        assertTrue(driver.isFixed(location()));
        assertTrue(driver.exists(location()));
        try (BlockTarget shorter = driver.create(location(), CreateOptions.ofLength(5000))) {
            assertEquals(length(), shorter.info().length());
            assertFalse(shorter.info().has(Trait.READS_ZERO_WHEN_NEW));
            assertFalse(shorter.info().has(Trait.OFFLOAD));
        }
    }

    @Test
    void refusesAnImageThatIsLongerThanTheDevice() {
        BlockException e = assertThrows(BlockException.class,
                () -> new FileDriver().create(location(), CreateOptions.ofLength(length() + 1)));
        assertEquals(Kind.NO_SPACE, e.kind());
        assertEquals(loop.device() + ": the device has " + length() + " bytes, and the image " + (length() + 1),
                e.getMessage());
    }

    @Test
    void keepsItsLength() throws Exception {
        BlockStorage storage = (BlockStorage) create();
        storage.setLength(1000);
        assertEquals(length(), storage.info().length());
        BlockException e = assertThrows(BlockException.class, () -> storage.setLength(length() + 512));
        assertEquals(Kind.UNSUPPORTED, e.kind());
        assertFalse(storage.allocate(new ByteRange(0, 4096)));
    }

    @Test
    void isAllDataAsASourceAndReadsWhatIsThere() throws Exception {
        byte[] bytes = TestImage.data((int) length(), 5).bytes();
        Files.write(folder.resolve("backing"), bytes);
        try (BlockSource source = new FileDriver().openSource(location(), OpenOptions.DEFAULT.withCache(cache()))) {
            assertEquals(source.info().range() + " L-MO", String.join(";", Disks.map(source, source.info().range())));
            assertArrayEquals(bytes, Disks.readAll(source));
            assertTrue(source.info().identity().orElseThrow().startsWith("device "), source.info().toString());
        }
    }

    @Test
    void readsZeroThroughThePageCacheAfterEveryWayOfZeroing() throws Exception {
        byte[] bytes = TestImage.data((int) length(), 6).bytes();
        ByteRange range = new ByteRange(100_001, 1_000_000);
        byte[] wanted = bytes.clone();
        Arrays.fill(wanted, (int) range.offset(), (int) range.end(), (byte) 0);
        for (int refusals = 0; refusals < 3; refusals++) {
            TestNative access = new TestNative();
            access.refuse("fallocate", refusals > 0 ? mode -> mode != 0x10 : mode -> false);
            access.refuse("fallocate", refusals > 1 ? mode -> true : mode -> false);
            FileDriver driver = new FileDriver(access::get);
            try (BlockStorage storage = (BlockStorage) driver.openTarget(location(), OpenOptions.DEFAULT)) {
                Disks.write(storage, 0, bytes);
                assertArrayEquals(bytes, Disks.readAll(storage));
                assertTrue(storage.writeZeroes(range, ZeroFlag.UNMAP), "way " + refusals + ": " + access.calls());
                assertArrayEquals(wanted, Disks.readAll(storage), "way " + refusals);
                assertEquals(refusals == 2 ? 1 : 0, access.count("zeroOut"), access.calls().toString());
            }
            assertArrayEquals(wanted, Files.readAllBytes(loop.device()), "way " + refusals);
        }
    }

    @Test
    void writesNoZeroesInTheKernelWhenAskedToBeFast() throws Exception {
        TestNative access = new TestNative();
        access.refuse("fallocate", mode -> mode == 3);
        try (BlockTarget storage = new FileDriver(access::get).openTarget(location(), OpenOptions.DEFAULT)) {
            assertFalse(storage.writeZeroes(new ByteRange(0, 65536), EnumSet.of(ZeroFlag.FAST)));
            assertFalse(storage.writeZeroes(new ByteRange(0, 65536), EnumSet.of(ZeroFlag.FAST, ZeroFlag.MAY_UNMAP)));
            assertEquals(1, access.count("fallocate"));
            assertEquals(0, access.count("zeroOut"));
        }
    }

    @Test
    void givesSpaceBackToTheFileBelow() throws Exception {
        try (BlockTarget storage = create()) {
            Disks.write(storage, 0, TestImage.data((int) length(), 7).bytes());
            storage.flush();
            long before = blocks();
            assertTrue(storage.discard(new ByteRange(0, 1 << 20)));
            assertTrue(blocks() <= before - (900 << 10), before + " bytes before, " + blocks() + " after");
        }
    }

    private long blocks() throws Exception {
        return 512L * Long.parseLong(Peers.run(folder, "stat", "-c", "%b", "backing").out().strip());
    }

    @Test
    void refusesADeviceThatIsMounted() throws Exception {
        Peers.require("mkfs.ext2");
        Peers.run(folder, "mkfs.ext2", "-q", "-F", loop.device().toString());
        Path mountPoint = Files.createDirectory(folder.resolve("mounted"));
        try (ScratchMount mounted = ScratchMount.of(loop.device(), mountPoint)) {
            assertTrue(Files.exists(mounted.path().resolve("lost+found")));
            BlockException e = assertThrows(BlockException.class, () -> create());
            assertEquals(Kind.IN_USE, e.kind());
            assertTrue(e.getMessage().contains("mounted or held"), e.getMessage());
        }
    }

    @Test
    void refusesADeviceThatIsSetReadOnly() throws Exception {
        Peers.require("blockdev");
        Peers.run(folder, "blockdev", "--setro", loop.device().toString());
        try {
            BlockException e = assertThrows(BlockException.class, () -> create());
            assertTrue(e.kind() == Kind.READ_ONLY || e.kind() == Kind.ACCESS_DENIED, e.kind() + " " + e.getMessage());
        } finally {
            Peers.run(folder, "blockdev", "--setrw", loop.device().toString());
        }
    }
}
