package org.blockferry.engine.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.stream.IntStream;
import org.blockferry.engine.testing.ArrayDisk;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

public class BlockStatusTest {
    /** The design's two tables, format drivers and the graph; a compressed run is L-M- with its own bit. */
    private static final Set<String> ALLOWED = Set.of("LZMO", "L-MO", "LZM-", "L-M-", "LZ--", "L---", "--MO", "--M-", "----",
            "-ZMO", "-ZM-", "-Z--", "L-M-C");
    private static final ByteRange RANGE = new ByteRange(0x1000, 0x2000);
    private static final BlockSource HOST = ArrayDisk.blank("host", 0x10000);

    static IntStream everyCombination() {
        return IntStream.range(0, 32);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("everyCombination")
    void saysWhatTheTablesAllowAndNothingElse(int bits) {
        String letters = ((bits & 1) != 0 ? "L" : "-") + ((bits & 2) != 0 ? "Z" : "-") + ((bits & 4) != 0 ? "M" : "-")
                + ((bits & 8) != 0 ? "O" : "-") + ((bits & 16) != 0 ? "C" : "");
        boolean offset = (bits & BlockStatus.OFFSET_VALID) != 0;
        if (ALLOWED.contains(letters)) {
            BlockStatus status = offset ? BlockStatus.at(RANGE, bits, HOST, 77) : BlockStatus.of(RANGE, bits);
            assertEquals(letters, status.letters());
            assertEquals(bits, status.bits());
            assertEquals((bits & 1) != 0, status.isLocal());
            assertEquals((bits & 2) != 0, status.isZero());
            assertEquals((bits & 4) != 0, status.isMapped());
            assertEquals(offset, status.isOffsetValid());
            assertEquals((bits & 16) != 0, status.isCompressed());
        } else {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> {
                if (offset) {
                    BlockStatus.at(RANGE, bits, HOST, 77);
                } else {
                    BlockStatus.of(RANGE, bits);
                }
            });
            assertTrue(e.getMessage().contains(letters), e.getMessage());
        }
    }

    @Test
    void refusesUnknownBits() {
        assertThrows(IllegalArgumentException.class, () -> BlockStatus.of(RANGE, 32));
        assertThrows(IllegalArgumentException.class, () -> BlockStatus.of(RANGE, -1));
    }

    @Test
    void anOffsetNeedsAHostAndAHostAnOffset() {
        assertThrows(IllegalArgumentException.class, () -> BlockStatus.of(RANGE, BlockStatus.MAPPED | BlockStatus.OFFSET_VALID));
        assertThrows(IllegalArgumentException.class, () -> BlockStatus.at(RANGE, BlockStatus.MAPPED, HOST, -1));
        assertThrows(IllegalStateException.class, () -> BlockStatus.data(RANGE).hostOffset());
        assertThrows(IllegalStateException.class, () -> BlockStatus.data(RANGE).host());
    }

    @Test
    void speaksOfAtLeastOneByte() {
        assertThrows(IllegalArgumentException.class, () -> BlockStatus.zero(new ByteRange(5, 0)));
    }

    @Test
    void clippingMovesTheHostOffset() {
        BlockStatus part = BlockStatus.data(RANGE, HOST, 0x5000).clip(new ByteRange(0x1800, 0x100));
        assertEquals(BlockStatus.data(new ByteRange(0x1800, 0x100), HOST, 0x5800), part);
        BlockStatus whole = BlockStatus.zero(RANGE);
        assertSame(whole, whole.clip(new ByteRange(0, Long.MAX_VALUE)));
        assertThrows(IllegalArgumentException.class, () -> whole.clip(new ByteRange(0, 0x1000)));
    }

    @Test
    void continuesOnlyIntoTheSameThingAdjoiningInTheNodeAndInTheHost() {
        BlockStatus run = BlockStatus.data(RANGE, HOST, 0x5000);
        ByteRange next = new ByteRange(0x3000, 0x1000);
        assertTrue(run.continuesInto(BlockStatus.data(next, HOST, 0x7000)));
        assertFalse(run.continuesInto(BlockStatus.data(next, HOST, 0x7001)), "a gap in the host");
        assertFalse(run.continuesInto(BlockStatus.data(next, ArrayDisk.blank("other", 1), 0x7000)), "another host");
        assertFalse(run.continuesInto(BlockStatus.data(next)), "other bits");
        assertFalse(run.continuesInto(BlockStatus.data(new ByteRange(0x3001, 1), HOST, 0x7001)), "a gap in the node");
        assertTrue(BlockStatus.zero(RANGE).continuesInto(BlockStatus.zero(next)));
    }

    @Test
    void mergesWhatContinuesAndNothingElse() {
        BlockStatus run = BlockStatus.data(RANGE, HOST, 0x5000);
        BlockStatus next = BlockStatus.data(new ByteRange(0x3000, 0x1000), HOST, 0x7000);
        assertEquals(BlockStatus.data(new ByteRange(0x1000, 0x3000), HOST, 0x5000), run.merge(next));
        assertThrows(IllegalArgumentException.class, () -> next.merge(run));
    }

    @Test
    void otherBitsKeepTheHostOnlyWithTheOffset() {
        BlockStatus run = BlockStatus.data(RANGE, HOST, 0x5000);
        assertEquals("L-M-", run.withBits(BlockStatus.LOCAL | BlockStatus.MAPPED).letters());
        assertSame(HOST, run.withBits(BlockStatus.MAPPED | BlockStatus.OFFSET_VALID).host());
        assertThrows(IllegalArgumentException.class,
                () -> BlockStatus.data(RANGE).withBits(BlockStatus.MAPPED | BlockStatus.OFFSET_VALID));
    }

    @Test
    void isEqualToTheSameSaidAgain() {
        assertEquals(BlockStatus.data(RANGE, HOST, 1), BlockStatus.data(RANGE, HOST, 1));
        assertEquals(BlockStatus.data(RANGE, HOST, 1).hashCode(), BlockStatus.data(RANGE, HOST, 1).hashCode());
        assertNotEquals(BlockStatus.data(RANGE, HOST, 1), BlockStatus.data(RANGE, HOST, 2));
        assertNotEquals(BlockStatus.data(RANGE), BlockStatus.zero(RANGE));
        assertEquals("0x1000+0x2000 L-MO @0x1", BlockStatus.data(RANGE, HOST, 1).toString());
    }
}
