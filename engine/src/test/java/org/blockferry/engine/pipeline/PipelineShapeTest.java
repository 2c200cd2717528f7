package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PipelineShapeTest {
    private static NodeInfo node(int readers, int writers, Trait... traits) {
        return new NodeInfo("node", "test", 1 << 30, BlockLimits.NONE, Set.of(traits), readers, writers, Optional.empty());
    }

    private static NodeInfo preferring(int transfer) {
        BlockLimits limits = BlockLimits.NONE.withTransfer(transfer, 1 << 25);
        return new NodeInfo("target", "test", 1 << 30, limits, Set.of(), 1, 4, Optional.empty());
    }

    static Stream<Arguments> rows() {
        PipelineOptions usual = PipelineOptions.DEFAULT;
        return Stream.of(
                arguments("local and parallel", node(16, 1), node(1, 16), usual, "fused: 2 workers, 16 slots of 256 KiB"),
                arguments("remote", node(16, 1, Trait.REMOTE), node(1, 16), usual, "fused: 8 workers, 64 slots of 256 KiB"),
                arguments("one writer only", node(16, 1), node(1, 1), usual,
                        "staged: 2 readers, 1 writer, 16 slots of 256 KiB"),
                arguments("one each", node(1, 1), node(1, 1), usual, "staged: 1 reader, 1 writer, 8 slots of 256 KiB"),
                arguments("pipe as target", node(16, 1), node(1, 1, Trait.APPEND_ONLY), usual,
                        "staged: 2 readers, 1 writer, 16 slots of 256 KiB"),
                arguments("pipe as target, fused asked", node(16, 1), node(1, 1, Trait.APPEND_ONLY),
                        usual.withKind(PipelineShape.Kind.FUSED), "staged: 2 readers, 1 writer, 16 slots of 256 KiB"),
                arguments("stream as source", node(1, 1, Trait.STREAM), node(1, 16), usual,
                        "staged: 2 writers, 8 slots of 256 KiB"),
                arguments("stream to pipe", node(1, 1, Trait.STREAM), node(1, 1, Trait.APPEND_ONLY), usual,
                        "staged: 1 writer, 8 slots of 256 KiB"),
                arguments("three threads asked", node(16, 1), node(1, 16), usual.withThreads(3),
                        "fused: 3 workers, 32 slots of 256 KiB"),
                arguments("past the page cache", node(16, 1, Trait.DIRECT), node(1, 16), usual,
                        "fused: 4 workers, 32 slots of 1 MiB"),
                arguments("staged asked", node(16, 1), node(1, 16), usual.withKind(PipelineShape.Kind.STAGED),
                        "staged: 2 readers, 2 writers, 16 slots of 256 KiB"),
                arguments("sizes asked", node(16, 1), node(1, 16), usual.withSlots(5, 65536),
                        "fused: 2 workers, 8 slots of 64 KiB"));
    }

    @Test
    void compressingTakesWholeUnitsAndStaysWithinTheMemory() {
        BlockLimits limits = BlockLimits.NONE.withClusterSize(64 << 10).withCompressionUnit(2 << 20);
        NodeInfo target = new NodeInfo("t", "test", 1 << 30, limits, Set.of(Trait.COMPRESS), 1, 16, Optional.empty());
        PipelineOptions options = PipelineOptions.DEFAULT.withThreads(64);

        PipelineShape plain = PipelineShape.choose(node(64, 1), target, options, 2);
        PipelineShape packed = PipelineShape.choose(node(64, 1), target, options.withCompress(true), 2);

        assertEquals(64 << 10, plain.unit());
        assertEquals(2 << 20, packed.unit());
        assertEquals(2 << 20, packed.slotBytes());
        assertEquals(PipelineShape.MEMORY / 2, packed.memory());
    }

    @ParameterizedTest(name = "{0}: {4}")
    @MethodSource("rows")
    void isChosenByTheTraitsOfBothEnds(
            String name, NodeInfo source, NodeInfo target, PipelineOptions options, String expected) {
        String explained = PipelineShape.choose(source, target, options, 2).explain();

        assertTrue(explained.startsWith(expected + "; "), explained);
    }

    @Test
    void buffersStayWithinTheBoundWhateverTheProcessors() {
        for (int processors = 1; processors <= 256; processors *= 2) {
            for (PipelineShape.Kind kind : PipelineShape.Kind.values()) {
                PipelineShape shape = PipelineShape.choose(node(1000, 1, Trait.REMOTE), node(1, 1000),
                        PipelineOptions.DEFAULT.withKind(kind), processors);
                assertTrue(shape.memory() <= PipelineShape.MEMORY, shape.explain());
            }
        }
    }

    @Test
    void slotHoldsWholeClustersOfTheTarget() {
        NodeInfo target = new NodeInfo("target", "test", 1 << 30, BlockLimits.NONE.withClusterSize(2 << 20), Set.of(), 1, 4,
                Optional.empty());
        PipelineShape shape = PipelineShape.choose(node(16, 1), target, PipelineOptions.DEFAULT, 2);

        assertEquals(2 << 20, shape.slotBytes());
        assertEquals(2 << 20, shape.unit());
    }

    @Test
    void slotsGrowWithThePreferenceOfAnEndAndWithDirectInput() {
        NodeInfo large = preferring(1 << 20);
        NodeInfo huge = preferring(1 << 25);

        assertEquals(1 << 20, PipelineShape.choose(node(16, 1), large, PipelineOptions.DEFAULT, 2).slotBytes());
        assertEquals(2 << 20, PipelineShape.choose(node(16, 1), huge, PipelineOptions.DEFAULT, 2).slotBytes());
        assertEquals(1 << 20,
                PipelineShape.choose(node(16, 1, Trait.DIRECT), node(1, 16), PipelineOptions.DEFAULT, 2).slotBytes());
        assertEquals(1 << 20, PipelineShape.choose(
                node(16, 1), node(1, 16), PipelineOptions.DEFAULT.withSparseSize(600_000), 2).slotBytes());
    }

    @Test
    void sizesThatAreNoPowersOfTwoAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> PipelineOptions.DEFAULT.withSlots(4, 100_000));
        assertThrows(IllegalArgumentException.class, () -> PipelineOptions.DEFAULT.withSlots(4, 2048));
        assertThrows(IllegalArgumentException.class, () -> PipelineOptions.DEFAULT.withSparseSize(-1));
    }
}
