package org.blockferry.drivers.synthetic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockSourceContract;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class NullDiskTest {
    @Nested
    class PromisingNothing extends BlockSourceContract {
        @Override
        protected BlockSource open(TestImage image) throws Exception {
            return Opening.source("null:" + image.length());
        }

        @Override
        protected TestImage image() {
            return TestImage.zeroes((1 << 20) + 1536);
        }

        @Override
        protected String zeroLetters() {
            return "L---";
        }
    }

    @Nested
    class PromisingZeroes extends BlockSourceContract {
        @Override
        protected BlockSource open(TestImage image) throws Exception {
            return Opening.source("null:" + image.length() + "?read-zeroes=on");
        }

        @Override
        protected TestImage image() {
            return TestImage.zeroes((1 << 20) + 1536);
        }
    }

    @Test
    void hasOneGibibyteAsASourceWithoutASize() throws Exception {
        assertEquals(1L << 30, Opening.source("null:").info().length());
        assertEquals(1L << 30, Opening.source("null:?read-zeroes=on").info().length());
    }

    @Test
    void takesAnyLengthAsATarget() throws Exception {
        for (long length : new long[] {0, 1, 1L << 40, Long.MAX_VALUE}) {
            assertEquals(length, Opening.create("null:", length).info().length());
        }
        assertEquals(Long.MAX_VALUE, Opening.target("null:").info().length());
        assertEquals(65536, Opening.target("null:64K").info().length());
        assertTrue(Opening.exists("null:"));
    }

    @Test
    void growsAsItIsWrittenWhenItsLengthIsUnknown() throws Exception {
        BlockTarget target = Opening.create("null:", NodeInfo.UNKNOWN_LENGTH);
        assertEquals(0, target.info().length());
        Disks.write(target, 5000, new byte[100]);
        assertEquals(5100, target.info().length());
        assertTrue(target.writeZeroes(new ByteRange(1L << 40, 1), ZeroFlag.UNMAP));
        assertEquals((1L << 40) + 1, target.info().length());
    }

    @Test
    void takesEveryByteAndForgetsIt() throws Exception {
        BlockTarget target = Opening.create("null:", 1L << 40);
        ByteBuffer from = ByteBuffer.allocateDirect(1000).position(10);
        target.write((1L << 40) - 990, from, WriteFlag.NONE);
        assertFalse(from.hasRemaining());
        assertTrue(target.writeZeroes(new ByteRange(0, 1L << 40), ZeroFlag.NONE));
        assertTrue(target.discard(new ByteRange(0, 1L << 40)));
        target.flush();
        target.complete();
        target.close();
    }

    @Test
    void refusesWhatLeavesTheDisk() throws Exception {
        BlockTarget target = Opening.create("null:", 1000);
        for (Executable request : List.<Executable>of(
                () -> Disks.write(target, 999, new byte[2]), () -> target.discard(new ByteRange(0, 1001)),
                () -> target.writeZeroes(new ByteRange(Long.MAX_VALUE, 0), ZeroFlag.NONE))) {
            assertEquals(BlockException.Kind.OUT_OF_BOUNDS, assertThrows(BlockException.class, request).kind());
        }
    }

    @Test
    void leavesNoOldBytesInTheReadersBuffer() throws Exception {
        ByteBuffer into = ByteBuffer.wrap(TestImage.data(100_000, 1).bytes());
        Opening.source("null:1M").read(0, into);
        assertArrayEquals(new byte[100_000], into.array());
    }

    @Test
    void readsZeroWhenNewOnlyWhereItPromisesSo() throws Exception {
        assertFalse(Opening.create("null:", 5).info().has(Trait.READS_ZERO_WHEN_NEW));
        assertTrue(Opening.create("null:?read-zeroes=on", 5).info().has(Trait.READS_ZERO_WHEN_NEW));
    }

    @Test
    void leavesTheReadingToWhoMeasuresIt() throws Exception {
        BlockSource source = Opening.source("memory:1M");
        BlockStatus run = BlockStatus.data(new ByteRange(0, 1 << 20), source, 0);
        assertEquals(0, Opening.create("null:", 1 << 20).offload(run, 0, 1 << 20));
    }
}
