package org.blockferry.engine.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.junit.jupiter.api.Test;

class ResizedSourceTest {
    /** A hundred bytes of 1, all of them data. */
    private static final class Ones implements BlockSource {
        private boolean closed;

        @Override
        public NodeInfo info() {
            return new NodeInfo("ones", "test", 100, BlockLimits.NONE, Set.of(), 1, 1, Optional.empty());
        }

        @Override
        public BlockStatus status(ByteRange range) {
            assertTrue(range.end() <= 100, range::toString);
            return BlockStatus.data(new ByteRange(range.offset(), 100 - range.offset()));
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            assertTrue(offset + into.remaining() <= 100);
            while (into.hasRemaining()) {
                into.put((byte) 1);
            }
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    @Test
    void aLongerDiskGoesOnWithZeroes() throws BlockException {
        Ones ones = new Ones();
        try (ResizedSource longer = new ResizedSource(ones, 512)) {
            byte[] bytes = new byte[30];
            Arrays.fill(bytes, (byte) 9);
            longer.read(90, ByteBuffer.wrap(bytes));
            for (int i = 0; i < bytes.length; i++) {
                assertEquals(i < 10 ? 1 : 0, bytes[i], "byte " + i);
            }
            assertEquals(512, longer.info().length());
            assertEquals(100, longer.status(new ByteRange(0, 512)).end());
            assertFalse(longer.status(new ByteRange(99, 2)).isZero());
            assertEquals(512, longer.status(new ByteRange(100, 1)).end());
            assertTrue(longer.status(new ByteRange(100, 1)).isZero());
        }
        assertTrue(ones.closed);
    }

    @Test
    void aShorterDiskEndsEarlier() throws BlockException {
        try (ResizedSource shorter = new ResizedSource(new Ones(), 40)) {
            assertEquals(40, shorter.status(new ByteRange(0, 40)).end());
            BlockException past = assertThrows(BlockException.class, () -> shorter.read(30, ByteBuffer.allocate(11)));
            assertEquals(BlockException.Kind.OUT_OF_BOUNDS, past.kind());
        }
    }
}
