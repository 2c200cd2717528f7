package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.StreamSource;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.plan.CopyPlan;
import org.blockferry.engine.plan.CopyPlanner;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.plan.PlanLimits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StreamCopyTest {
    private static final PipelineOptions OPTIONS = PipelineOptions.DEFAULT.withSlots(4, 8192);

    /** Gives what it has in pieces of random sizes. */
    private static final class Pipe implements StreamSource {
        private final byte[] bytes;
        private final Random random;
        private Fault fault = Fault.NONE;
        private Runnable atEnd = () -> { };
        private int at;

        Pipe(byte[] bytes, Random random) {
            this.bytes = bytes;
            this.random = random;
        }

        @Override
        public int readNext(ByteBuffer into) throws BlockException {
            if (at == bytes.length) {
                atEnd.run();
                return -1;
            }
            int piece = Math.min(Math.min(into.remaining(), bytes.length - at), 1 + random.nextInt(5000));
            fault.before("read", new ByteRange(at, piece));
            into.put(bytes, at, piece);
            at += piece;
            return piece;
        }

        @Override
        public NodeInfo info() {
            return new NodeInfo("-", "test", NodeInfo.UNKNOWN_LENGTH, BlockLimits.NONE, Set.of(Trait.STREAM), 1, 1,
                    Optional.empty());
        }

        @Override
        public BlockStatus status(ByteRange range) {
            throw new AssertionError("nobody asks a stream for its status");
        }

        @Override
        public void read(long offset, ByteBuffer into) {
            throw new AssertionError("nobody reads a stream at an offset");
        }

        @Override
        public void close() {
            // nothing is held
        }
    }

    static IntStream lengths() {
        return IntStream.of(0, 1, 8191, 8192, 8193, 16_384, 100_000, 1_000_003);
    }

    private static byte[] content(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        if (length > 40_000) {
            Arrays.fill(bytes, 10_000, 30_000, (byte) 0);
        }
        return bytes;
    }

    @ParameterizedTest(name = "{0} bytes")
    @MethodSource("lengths")
    void streamIsCopiedToItsEndAndItsLengthIsTold(int length) throws Exception {
        for (boolean append : new boolean[] {false, true}) {
            byte[] bytes = content(length);
            TestTarget target = append ? TestTarget.zeroed(length, Trait.APPEND_ONLY) : TestTarget.zeroed(length);
            CopyPipeline pipeline = new CopyPipeline(CopyPlan.ofStream(CopyPolicy.whole(true)), new Pipe(bytes, new Random(1)),
                    target, OPTIONS, new CopyControl());

            CopyCounters counters = pipeline.run();

            assertTrue(pipeline.isComplete());
            assertEquals(length, counters.length());
            assertEquals(length, counters.done());
            assertArrayEquals(bytes, target.bytes);
            assertEquals(append || length < 40_000, counters.zeroDetected() == 0);
        }
    }

    @ParameterizedTest(name = "{0} bytes")
    @MethodSource("lengths")
    void directCopierCopiesStreamsAsWell(int length) throws Exception {
        byte[] bytes = content(length);
        TestTarget target = TestTarget.zeroed(length);
        DirectCopier copier = new DirectCopier(CopyPlan.ofStream(CopyPolicy.whole(true)), new Pipe(bytes, new Random(1)),
                target, OPTIONS, new CopyControl());

        assertEquals(length, copier.run().length());
        assertTrue(copier.isComplete());
        assertArrayEquals(bytes, target.bytes);
    }

    @ParameterizedTest(name = "{0} bytes")
    @MethodSource("lengths")
    void streamThatEndsWhenSomebodyCancelsIsNotComplete(int length) throws Exception {
        // In a shell's pipe a Ctrl-C goes to both programs, and the one before us may just have been cut off.
        for (boolean direct : new boolean[] {false, true}) {
            CopyControl control = new CopyControl();
            Pipe pipe = new Pipe(content(length), new Random(1));
            pipe.atEnd = () -> control.cancel(CancelMode.FINISH_IN_FLIGHT);
            CopyPlan plan = CopyPlan.ofStream(CopyPolicy.whole(true));
            TestTarget target = TestTarget.zeroed(length);
            Copier copier = direct ? new DirectCopier(plan, pipe, target, OPTIONS, control)
                    : new CopyPipeline(plan, pipe, target, OPTIONS, control);

            copier.run();

            assertFalse(copier.isComplete());
        }
    }

    @Test
    void streamThatBreaksIsTheFailureAndNothingBehindItIsCounted() {
        byte[] bytes = content(100_000);
        Pipe pipe = new Pipe(bytes, new Random(1));
        BlockException broken = Fault.broken("read", new ByteRange(0, 1));
        pipe.fault = (what, range) -> {
            if (range.offset() > 50_000) {
                throw broken;
            }
        };
        CopyPipeline pipeline = new CopyPipeline(CopyPlan.ofStream(CopyPolicy.whole(true)), pipe,
                TestTarget.zeroed(100_000), OPTIONS, new CopyControl());

        assertSame(broken, assertThrows(BlockException.class, pipeline::run));
        assertFalse(pipeline.isComplete());
        assertTrue(pipeline.counters().done() <= 50_000 + 5000);
    }

    @Test
    void cancelledStreamLeavesAPrefixInTheTarget() throws Exception {
        byte[] bytes = content(1_000_000);
        Pipe pipe = new Pipe(bytes, new Random(1));
        CopyControl control = new CopyControl();
        pipe.fault = (what, range) -> {
            if (range.offset() > 500_000) {
                control.cancel(CancelMode.FINISH_IN_FLIGHT);
            }
        };
        TestTarget target = TestTarget.zeroed(bytes.length, Trait.APPEND_ONLY);
        CopyPipeline pipeline =
                new CopyPipeline(CopyPlan.ofStream(CopyPolicy.whole(true)), pipe, target, OPTIONS, control);

        CopyCounters counters = pipeline.run();

        assertFalse(pipeline.isComplete());
        assertEquals(counters.length(), target.appended(), "all that was read was written");
        assertTrue(target.appended() > 500_000 && target.appended() < bytes.length);
        assertEquals(-1, Arrays.mismatch(bytes, 0, (int) target.appended(), target.bytes, 0, (int) target.appended()));
    }

    @Test
    void targetThatTakesBytesInOrderGetsHolesAsZeroBytes() throws Exception {
        TestDisk disk = TestDisk.empty(300_000)
                .add(new ByteRange(0, 100_000), TestDisk.Content.ZERO, new Random(1))
                .add(new ByteRange(100_000, 1000), TestDisk.Content.DATA, new Random(2))
                .add(new ByteRange(101_000, 199_000), TestDisk.Content.ZERO, new Random(3));
        TestTarget target = TestTarget.zeroed(300_000, Trait.APPEND_ONLY);
        CopyPlan plan = new CopyPlanner(disk::status, disk.info().range(), CopyPolicy.whole(true),
                PlanLimits.of(target.info(), false));

        CopyCounters counters = new CopyPipeline(plan, disk, target, OPTIONS, new CopyControl()).run();

        assertEquals(300_000, target.appended());
        assertArrayEquals(disk.bytes, target.bytes);
        assertEquals(299_000, counters.zeroed());
    }

    @Test
    void failedWriteIsNeverFollowedByALaterOneInOrder() {
        TestDisk disk = TestDisk.empty(1_000_000)
                .add(new ByteRange(0, 1_000_000), TestDisk.Content.DATA, new Random(2));
        TestTarget target = TestTarget.zeroed(1_000_000, Trait.APPEND_ONLY);
        disk.faulty((what, range) -> {
            if (what.equals("read") && range.contains(500_000)) {
                throw Fault.broken(what, range);
            }
        });
        CopyPlan plan = new CopyPlanner(disk::status, disk.info().range(), CopyPolicy.whole(true),
                PlanLimits.of(target.info(), false));

        assertThrows(BlockException.class, () -> new CopyPipeline(plan, disk, target, OPTIONS, new CopyControl()).run());
        assertTrue(target.appended() <= 500_000, "wrote up to " + target.appended());
    }

    @Test
    void nodeThatSaysStreamButIsNoneIsRefused() {
        TestDisk disk = TestDisk.empty(1).withTraits(Trait.STREAM);

        assertThrows(IllegalArgumentException.class, () -> new CopyPipeline(CopyPlan.ofStream(CopyPolicy.whole(true)), disk,
                TestTarget.zeroed(1), OPTIONS, new CopyControl()));
    }
}
