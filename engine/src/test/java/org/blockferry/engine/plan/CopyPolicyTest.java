package org.blockferry.engine.plan;

import static org.blockferry.engine.block.BlockStatus.LOCAL;
import static org.blockferry.engine.block.BlockStatus.MAPPED;
import static org.blockferry.engine.block.BlockStatus.ZERO;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.stream.Stream;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.plan.CopyAction.Copy;
import org.blockferry.engine.plan.CopyAction.Skip;
import org.blockferry.engine.plan.CopyAction.Zero;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The case table of the design, row by row. The base is 1000 bytes; rows 1 to 4 lie inside it, row 5 behind it. */
class CopyPolicyTest {
    private static final ByteRange INSIDE = new ByteRange(100, 50);
    private static final ByteRange BEHIND = new ByteRange(1000, 50);
    private static final int COMPRESSED = LOCAL | MAPPED | BlockStatus.COMPRESSED;

    /** case; where; bits of the whole chain; bits above the base; whole copy; copy above a kept base. */
    static Stream<Arguments> rows() {
        return Stream.of(
                arguments("1 data in overlay", INSIDE, LOCAL | MAPPED, LOCAL | MAPPED, "C", "C"),
                arguments("2 zero cluster in overlay", INSIDE, LOCAL | ZERO, LOCAL | ZERO, "Z", "Zx"),
                arguments("3 preallocated zero in overlay", INSIDE, LOCAL | ZERO | MAPPED, LOCAL | ZERO | MAPPED, "Z", "Zx"),
                arguments("4a 4b unallocated, data in base", INSIDE, LOCAL | MAPPED, 0, "C", "S"),
                arguments("4c unallocated, zero cluster in base", INSIDE, LOCAL | ZERO, 0, "Z", "S"),
                arguments("4d unallocated, preallocated zero in base", INSIDE, LOCAL | ZERO | MAPPED, 0, "Z", "S"),
                arguments("4e unallocated everywhere", INSIDE, ZERO, 0, "Z", "S"),
                arguments("5 past the end of base", BEHIND, ZERO, 0, "Z", "S"),
                arguments("5 past the end of base, told as zero", BEHIND, ZERO, ZERO, "Z", "S"),
                arguments("6 compressed in overlay", INSIDE, COMPRESSED, COMPRESSED, "C", "C"),
                arguments("past the end of a layer between", INSIDE, ZERO, ZERO, "Z", "Zx"),
                arguments("unspecified content", INSIDE, LOCAL, LOCAL, "C", "C"),
                arguments("preallocated but deferred", INSIDE, LOCAL | MAPPED, MAPPED, "C", "S"));
    }

    @ParameterizedTest(name = "{0}: copy {4}")
    @MethodSource("rows")
    void wholeCopyToATargetThatReadsZero(String row, ByteRange range, int chain, int above, String whole, String kept) {
        assertEquals(whole, word(CopyPolicy.whole(true).first(BlockStatus.of(range, chain)), range));
    }

    @ParameterizedTest(name = "{0}: copy -B {5}")
    @MethodSource("rows")
    void copyAboveAKeptBase(String row, ByteRange range, int chain, int above, String whole, String kept) {
        assertEquals(kept, word(CopyPolicy.aboveBase(1000, 1000, true).first(BlockStatus.of(range, above)), range));
    }

    @ParameterizedTest(name = "{0}: copy to garbage")
    @MethodSource("rows")
    void wholeCopyToATargetNotKnownToReadZero(
            String row, ByteRange range, int chain, int above, String whole, String kept) {
        String expected = whole.equals("Z") ? "Zx" : whole;
        assertEquals(expected, word(CopyPolicy.whole(false).first(BlockStatus.of(range, chain)), range));
        assertEquals(expected,
                word(CopyPolicy.whole(true).withAllocateAll(true).first(BlockStatus.of(range, chain)), range));
    }

    @ParameterizedTest(name = "{0}: copy over a foreign base")
    @MethodSource("rows")
    void wholeCopyOverAForeignBaseWritesZeroesInsideIt(
            String row, ByteRange range, int chain, int above, String whole, String kept) {
        String expected = whole.equals("Z") && range.equals(INSIDE) ? "Zx" : whole;
        assertEquals(expected, word(CopyPolicy.wholeOver(1000, true).first(BlockStatus.of(range, chain)), range));
    }

    @Test
    void keptBaseThatIsLongerIsHiddenBehindTheEndOfTheSourcesBase() {
        CopyPolicy policy = CopyPolicy.aboveBase(1000, 1020, true);
        BlockStatus deferred = BlockStatus.deferred(new ByteRange(900, 200));

        assertEquals(new Skip(new ByteRange(900, 100)), policy.first(deferred));
        assertEquals(new Zero(new ByteRange(1000, 20), true), policy.first(deferred.clip(new ByteRange(1000, 100))));
        assertEquals(new Skip(new ByteRange(1020, 80)), policy.first(deferred.clip(new ByteRange(1020, 80))));
    }

    @Test
    void keptBaseThatIsShorterLosesNothing() {
        CopyPolicy policy = CopyPolicy.aboveBase(1000, 950, true);
        BlockStatus deferred = BlockStatus.deferred(new ByteRange(900, 200));

        assertEquals(new Skip(new ByteRange(900, 50)), policy.first(deferred));
        assertEquals(new ByteRange(950, 50), policy.first(deferred.clip(new ByteRange(950, 150))).range());
        assertEquals("C", word(policy.first(deferred.clip(new ByteRange(950, 50))), new ByteRange(950, 50)));
        assertEquals(new Skip(new ByteRange(1000, 100)), policy.first(deferred.clip(new ByteRange(1000, 100))));
    }

    @Test
    void zeroRunIsCutWhereTheShownBaseEnds() {
        CopyPolicy policy = CopyPolicy.aboveBase(1000, 1000, true);

        assertEquals(new Zero(new ByteRange(900, 100), true), policy.first(BlockStatus.zero(new ByteRange(900, 200))));
        assertEquals(new Zero(new ByteRange(1000, 100), false), policy.first(BlockStatus.zero(new ByteRange(1000, 100))));
    }

    @Test
    void existingTargetGetsItsZeroesWrittenBehindTheKeptBase() {
        CopyPolicy policy = CopyPolicy.aboveBase(1000, 1000, false);

        assertEquals(new Zero(BEHIND, true), policy.first(BlockStatus.deferred(BEHIND)));
    }

    @Test
    void negativeLengthsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> CopyPolicy.aboveBase(-1, 0, true));
        assertThrows(IllegalArgumentException.class, () -> CopyPolicy.wholeOver(-1, true));
    }

    private static String word(CopyAction action, ByteRange range) {
        assertEquals(range, action.range());
        return action instanceof Copy ? "C" : action instanceof Skip ? "S" : ((Zero) action).explicit() ? "Zx" : "Z";
    }
}
