package org.blockferry.engine.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.plan.CopyAction.Copy;
import org.blockferry.engine.plan.CopyAction.Skip;
import org.blockferry.engine.plan.CopyAction.Zero;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Sources are written as letters, one for each 512 bytes: D data, Z zero, '.' deferred to the base. */
class CopyPlannerTest {
    private static final int GRAIN = 512;

    private static ExtentSource source(String letters) {
        return range -> {
            int first = (int) (range.offset() / GRAIN);
            int last = first;
            while (last < letters.length() && letters.charAt(last) == letters.charAt(first)) {
                last++;
            }
            ByteRange run = ByteRange.between(range.offset(), (long) last * GRAIN);
            return switch (letters.charAt(first)) {
                case 'D' -> BlockStatus.data(run);
                case 'Z' -> BlockStatus.zero(run);
                default -> BlockStatus.deferred(run);
            };
        };
    }

    /** The plan in the same letters; x is an explicit zero, '|' the border of two actions of one kind. */
    private static String plan(String letters, CopyPolicy policy, PlanLimits limits) throws BlockException {
        CopyPlanner planner =
                new CopyPlanner(source(letters), new ByteRange(0, (long) letters.length() * GRAIN), policy, limits);
        StringBuilder out = new StringBuilder();
        char before = 0;
        for (Optional<CopyAction> next = planner.next(); next.isPresent(); next = planner.next()) {
            CopyAction action = next.get();
            char letter = action instanceof Copy ? 'C' : action instanceof Skip ? 'S'
                    : ((Zero) action).explicit() ? 'x' : 'z';
            out.append(letter == before ? "|" : "");
            out.append(String.valueOf(letter).repeat((int) action.range().length() / GRAIN));
            before = letter;
        }
        assertEquals(Optional.empty(), planner.next());
        return out.toString();
    }

    static Stream<Arguments> cases() {
        CopyPolicy fresh = CopyPolicy.whole(true);
        CopyPolicy garbage = CopyPolicy.whole(false);
        CopyPolicy kept = CopyPolicy.aboveBase(1 << 20, 1 << 20, true);
        CopyPolicy keptShort = CopyPolicy.aboveBase(6 * GRAIN, 6 * GRAIN, true);
        PlanLimits none = new PlanLimits(1, 1, false, 1 << 20);
        PlanLimits four = new PlanLimits(1, 4 * GRAIN, false, 1 << 20);
        PlanLimits aligned = new PlanLimits(2 * GRAIN, 4 * GRAIN, false, 1 << 20);
        PlanLimits whole = new PlanLimits(1, 4 * GRAIN, true, 1 << 20);
        PlanLimits step = new PlanLimits(1, 1, false, 3 * GRAIN);
        return Stream.of(
                arguments("nothing to align", "DDZZZDZ", fresh, none, "CCzzzCz"),
                arguments("parts of clusters without a base stay parts", "DZZZZZZD", fresh, four, "CzzzzzzC"),
                arguments("explicit zeroes are cut at the step", "DZZZZZZD", garbage, step, "Cxx|xxx|xC"),
                arguments("known zeroes are not cut", "DZZZZZZD", fresh, step, "CzzzzzzC"),
                arguments("copies are not cut", "DDDDDDDD", fresh, step, "CCCCCCCC"),
                arguments("the request alignment widens a copy", "DZZZZZZD", fresh, aligned, "CCzzzzCC"),
                arguments("the request alignment narrows an explicit zero", "DZZZZZZD", garbage, aligned, "CCxxxxCC"),
                arguments("a copy is widened to the cluster above a base", "D.......", kept, four, "CCCCSSSS"),
                arguments("a copy across two clusters takes both", "...DD...", kept, four, "CCCCCCCC"),
                arguments("an explicit zero is narrowed to whole clusters", ".ZZZZZZZZZ..", kept, four, "CCCCxxxxCCCC"),
                arguments("zero and data in one cluster are copied", "ZZDDZZZZ", kept, four, "CCCCxxxx"),
                arguments("a zero up to the end of the disk is whole", "....ZZ", kept, four, "SSSSxx"),
                arguments("a copy at the end of the disk is whole", "....D", kept, four, "SSSSC"),
                arguments("the last cluster is widened to the end of the disk", "....D.", kept, four, "SSSSCC"),
                arguments("the cluster in which the base ends is zeroed whole", "ZZZZZZZZZZ", keptShort, four, "xxxxxxxxzz"),
                arguments("behind the base clusters do not matter", "........D.ZD", keptShort, four, "SSSSSSSSCSzC"),
                arguments("compressed clusters are whole everywhere", "DZZZZZZZDZ", fresh, whole, "CCCCzzzzCC"));
    }

    @ParameterizedTest(name = "{0}: {1} is {4}")
    @MethodSource("cases")
    void planOf(String name, String letters, CopyPolicy policy, PlanLimits limits, String expected) throws Exception {
        assertEquals(expected, plan(letters, policy, limits));
    }

    @Test
    void runsAreAskedOnceAndMerged() throws Exception {
        List<ByteRange> asked = new ArrayList<>();
        ExtentSource halves = range -> {
            asked.add(range);
            return BlockStatus.data(range.first(100));
        };
        ExtentWalker walker = new ExtentWalker(halves, new ByteRange(50, 1000));

        assertEquals(Optional.of(BlockStatus.data(new ByteRange(50, 1000))), walker.next());
        assertEquals(Optional.empty(), walker.next());
        assertEquals(10, asked.size());
    }

    @Test
    void runsWhoseBytesStandElsewhereAreNotMerged() throws Exception {
        BlockSourceStub host = new BlockSourceStub();
        ExtentSource scattered = range -> BlockStatus.data(range.first(100), host, range.offset() / 100 * 1000);
        ExtentWalker walker = new ExtentWalker(scattered, new ByteRange(0, 200));

        assertEquals(new ByteRange(0, 100), walker.next().orElseThrow().range());
        assertEquals(new ByteRange(100, 100), walker.next().orElseThrow().range());
    }

    @Test
    void walkerLooksOneRunAheadAtMost() throws Exception {
        List<Long> asked = new ArrayList<>();
        ExtentSource huge = range -> {
            asked.add(range.offset());
            return range.offset() / (1L << 30) % 2 == 0 ? BlockStatus.data(range) : BlockStatus.zero(range);
        };
        ExtentWalker walker = new ExtentWalker(huge, new ByteRange(0, 1L << 40));

        walker.next();

        assertTrue(asked.size() <= 2, asked.toString());
    }

    @Test
    void runLongerThanTheQuestionIsTakenWhole() throws Exception {
        List<ByteRange> asked = new ArrayList<>();
        ExtentSource hole = range -> {
            asked.add(range);
            return BlockStatus.zero(ByteRange.between(range.offset(), Long.MAX_VALUE));
        };
        ExtentWalker walker = new ExtentWalker(hole, new ByteRange(0, 1L << 43));

        assertEquals(new ByteRange(0, 1L << 43), walker.next().orElseThrow().range());
        assertEquals(List.of(new ByteRange(0, 1L << 30)), asked);
    }

    @Test
    void explicitZeroesOfTheLargestDiskAreCutOneByOne() throws Exception {
        // In advance, these would be thirty-three million million pieces.
        ExtentSource hole = range -> BlockStatus.zero(ByteRange.between(range.offset(), Long.MAX_VALUE));
        CopyPlanner planner = new CopyPlanner(hole, ByteRange.between(512, Long.MAX_VALUE), CopyPolicy.whole(false),
                new PlanLimits(1, 1, false, 1 << 18));

        assertEquals(Optional.of(new Zero(ByteRange.between(512, 1 << 18), true)), planner.next());
        for (int piece = 1; piece < 100; piece++) {
            assertEquals(Optional.of(new Zero(new ByteRange((long) piece << 18, 1 << 18), true)), planner.next());
        }
    }

    @Test
    void answerForOtherBytesIsRefused() {
        ExtentWalker walker = new ExtentWalker(range -> BlockStatus.zero(new ByteRange(0, 10)), new ByteRange(5, 10));

        assertThrows(IllegalStateException.class, walker::next);
    }

    @Test
    void salvagingTakesForDataWhatHasNoStatus() throws Exception {
        ExtentSource broken = range -> {
            if (range.end() > 100_000) {
                throw BlockException.of(BlockException.Kind.IO, "source", "broken");
            }
            return BlockStatus.zero(range);
        };
        ExtentSource salvaging = ExtentSource.salvaging(broken);

        assertEquals(BlockStatus.zero(new ByteRange(0, 65536)), salvaging.status(new ByteRange(0, 1 << 20)));
        assertEquals(BlockStatus.data(new ByteRange(65536, 65536)), salvaging.status(new ByteRange(65536, 1 << 20)));
    }

    @Test
    void summaryAddsUpThePlan() throws Exception {
        CopyPlanner planner = new CopyPlanner(source("DDZ...D"), new ByteRange(0, 7 * GRAIN),
                CopyPolicy.aboveBase(1 << 20, 1 << 20, true), new PlanLimits(1, 1, false, 1 << 20));

        PlanSummary summary = PlanSummary.of(planner);

        assertEquals(new PlanSummary(3 * GRAIN, GRAIN, 3 * GRAIN, 4), summary);
        assertEquals(7 * GRAIN, summary.total());
    }

    static LongStream seeds() {
        return LongStream.range(0, 300);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void plansCoverTheRangeAndKeepUnitsWhole(long seed) throws Exception {
        Random random = new Random(seed);
        StringBuilder letters = new StringBuilder();
        while (letters.length() < 200) {
            letters.append(String.valueOf("DZ.".charAt(random.nextInt(3))).repeat(1 + random.nextInt(12)));
        }
        long length = (long) letters.length() * GRAIN;
        long shown = random.nextInt((int) length);
        int cluster = GRAIN << random.nextInt(5);
        int unit = GRAIN << random.nextInt(3);
        PlanLimits limits = new PlanLimits(unit, cluster, false, 1 << 20);
        CopyPlanner planner = new CopyPlanner(source(letters.toString()), new ByteRange(0, length),
                CopyPolicy.aboveBase(shown, shown, true), limits);
        long at = 0;
        for (Optional<CopyAction> next = planner.next(); next.isPresent(); next = planner.next()) {
            ByteRange range = next.get().range();
            assertEquals(at, range.offset(), "seed " + seed);
            at = range.end();
            boolean writes = next.get() instanceof Copy || next.get() instanceof Zero zero && zero.explicit();
            if (writes) {
                long start = range.offset() < shown ? Math.max(cluster, unit) : unit;
                long end = range.end() <= shown ? Math.max(cluster, unit) : unit;
                assertEquals(0, range.offset() % start, "seed " + seed + " " + next.get());
                assertTrue(range.end() % end == 0 || range.end() == length, "seed " + seed + " " + next.get());
            }
        }
        assertEquals(length, at, "seed " + seed);
    }
}
