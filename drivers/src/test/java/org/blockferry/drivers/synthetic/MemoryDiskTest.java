package org.blockferry.drivers.synthetic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockSourceContract;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockStorageContract;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class MemoryDiskTest {
    /** Disks in memory that hold {@code image}: zero runs are never written. */
    static MemoryDisk holding(TestImage image) throws BlockException {
        MemoryDisk disk = MemoryDisk.ofLength("memory:", image.length());
        for (TestImage.Run run : image.runs()) {
            if (run.kind() == TestImage.Kind.DATA) {
                Disks.write(disk, run.range().offset(), image.bytes(run.range()));
            }
        }
        return disk;
    }

    @Nested
    class AsSource extends BlockSourceContract {
        @Override
        protected BlockSource open(TestImage image) throws Exception {
            return holding(image);
        }
    }

    @Nested
    class AsStorage extends BlockStorageContract {
        private Kept last;

        @Override
        protected BlockStorage create(long length) {
            last = new Kept(MemoryDisk.ofLength("memory:", length));
            return last;
        }

        @Override
        protected BlockStorage createGrowing() {
            last = new Kept(MemoryDisk.growing("memory:"));
            return last;
        }

        @Override
        protected byte[] contentAfterClose() {
            return last.content();
        }

        @Override
        protected boolean looksFinished() {
            return last.isCompleted();
        }
    }

    @Test
    void takesMemoryForWhatIsWrittenOnly() throws Exception {
        MemoryDisk disk = MemoryDisk.ofLength("memory:", Long.MAX_VALUE);
        assertEquals(0, disk.used());
        Disks.write(disk, Long.MAX_VALUE - 10, new byte[] {1, 2, 3});
        Disks.write(disk, 1L << 50, new byte[] {4});
        assertEquals(2 << 16, disk.used());
        assertArrayEquals(new byte[] {0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0},
                Disks.read(disk, new ByteRange(Long.MAX_VALUE - 11, 11)));
        assertEquals(List.of("0x0+0x4000000000000 LZ--", "0x4000000000000+0x10000 L-M-",
                "0x4000000010000+0x7ffbfffffffe0000 LZ--", "0x7fffffffffff0000+0xffff L-M-"), Disks.map(disk, disk.info().range()));
    }

    @Test
    void givesMemoryBackForZeroesThatMayUnmapAndForDiscards() throws Exception {
        MemoryDisk disk = holding(TestImage.data(1 << 20, 1));
        assertEquals(1 << 20, disk.used());
        assertTrue(disk.writeZeroes(new ByteRange(100, 200_000), ZeroFlag.UNMAP));
        assertEquals((1 << 20) - (2 << 16), disk.used(), "pages that are covered whole");
        assertTrue(disk.writeZeroes(new ByteRange(0, 1 << 20), ZeroFlag.NONE));
        assertEquals(1 << 20, disk.used(), "without MAY_UNMAP all of it is allocated");
        assertTrue(disk.discard(new ByteRange(1, (1 << 20) - 1)));
        assertEquals(1 << 16, disk.used());
        disk.setLength(0);
        assertEquals(0, disk.used());
    }

    @Test
    void refusesAtOnceToAllocateZeroesFast() throws Exception {
        MemoryDisk disk = MemoryDisk.ofLength("memory:", 1 << 20);
        assertFalse(disk.writeZeroes(new ByteRange(0, 1 << 20), EnumSet.of(ZeroFlag.FAST)));
        assertTrue(disk.writeZeroes(new ByteRange(0, 1 << 20), EnumSet.of(ZeroFlag.FAST, ZeroFlag.MAY_UNMAP)));
    }

    @Test
    void isFullWhenItsBoundIsReached() throws Exception {
        BlockTarget disk = Opening.create("memory:?max=128K", 1L << 40);
        Disks.write(disk, 0, new byte[100]);
        Disks.write(disk, 1L << 30, new byte[100]);
        BlockException e = assertThrows(BlockException.class, () -> Disks.write(disk, 1 << 20, new byte[512]));
        assertEquals(Kind.NO_SPACE, e.kind());
        assertEquals("memory:?max=128K: write 512 bytes at 0x100000: its data takes all of the 128 KiB that it may", e.getMessage());
        Disks.write(disk, 1000, new byte[100]);
        assertTrue(disk.writeZeroes(new ByteRange(0, 1 << 16), ZeroFlag.UNMAP));
        Disks.write(disk, 1 << 20, new byte[512]);
    }

    @Test
    void isMadeNewForEveryUse() throws Exception {
        assertFalse(Opening.exists("memory:1M"));
        assertEquals(1 << 20, Opening.source("memory:1M").info().length());
        assertEquals(1 << 20, Opening.target("memory:1M").info().length());
        assertEquals(7, Opening.create("memory:", 7).info().length());
        assertEquals(0, Opening.create("memory:", NodeInfo.UNKNOWN_LENGTH).info().length());
    }

    @Test
    void shrinkingInsideTheLastPageForgetsAllOfTheRest() throws Exception {
        MemoryDisk disk = holding(TestImage.data((3 << 16) + 100, 2));
        disk.setLength(1);
        assertEquals(1 << 16, disk.used());
        disk.setLength(Long.MAX_VALUE);
        assertArrayEquals(new byte[300_000], Disks.read(disk, new ByteRange(1, 300_000)));
    }
}
