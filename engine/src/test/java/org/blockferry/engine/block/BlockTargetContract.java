package org.blockferry.engine.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/**
 * What every {@link BlockTarget} that takes writes at any offset keeps. A driver subclasses it and says how a new target is
 * made, how what it left behind is read, and whether something there looks finished. A target of a length that cannot be
 * chosen overrides {@link #length}.
 *
 * <p>Each test keeps a model beside the target: the bytes that must be there, and which of them are specified at all (those of
 * a discarded range are not, nor those never written unless the target reads zero when new).
 */
@Timeout(120)
public abstract class BlockTargetContract {
    private final List<BlockTarget> made = new ArrayList<>();

    /** Makes a new target of {@code length} bytes; the contract completes and closes it. One at a time. */
    protected abstract BlockTarget create(long length) throws Exception;

    /** The bytes that the last completed and closed target left behind, read by somebody else where there is somebody. */
    protected abstract byte[] contentAfterClose() throws Exception;

    /** After a close: whether something stands there that a user would take for the finished target. */
    protected abstract boolean looksFinished() throws Exception;

    /** Bytes of the targets that are made: 64 KiB clusters and a ragged end of three sectors. */
    protected long length() {
        return (2 << 20) + 1536;
    }

    /** A device or server: it is written in place, and there is nothing to take back. */
    protected boolean isWrittenInPlace() {
        return false;
    }

    /** How many threads the test of concurrent writers uses when the node has no smaller limit. */
    protected int writers() {
        return 8;
    }

    /** {@link #create}, with the target closed after the test. */
    protected final BlockTarget create() throws Exception {
        BlockTarget target = create(length());
        made.add(target);
        return target;
    }

    @AfterEach
    final void closeWhatWasMade() throws BlockException {
        for (BlockTarget target : made) {
            target.close();
        }
    }

    @Test
    void infoIsTheSameAtEveryCallAndTellsTheLength() throws Exception {
        BlockTarget target = create();
        assertSame(target.info(), target.info());
        assertEquals(length(), target.info().length());
    }

    @Test
    void holdsTheWholeDiskWrittenInOneRequest() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        model.write(target, 0, TestImage.data((int) length(), 1).bytes());
        finishAndCompare(target, model);
    }

    @Test
    void holdsWhatWasWrittenAtOddOffsetsAndLengths() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        SplittableRandom random = new SplittableRandom(11);
        for (int length : new int[] {1, 2, 511, 512, 513, 4095, 4096, 4097, 65535, 65536, 65537, 200_003}) {
            model.write(target, random.nextInt((int) length() - length), TestImage.data(length, length).bytes());
        }
        model.write(target, length() - 1, new byte[] {77});
        model.write(target, 0, new byte[] {78});
        finishAndCompare(target, model);
    }

    @Test
    void writesFromAnyBufferAndMovesItsPositionToTheLimit() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        byte[] bytes = TestImage.data(5000, 3).bytes();
        long at = 1001;
        for (ByteBuffer buffer : List.of(ByteBuffer.allocate(9000), ByteBuffer.allocateDirect(9000),
                ByteBuffer.allocate(9100).position(100).slice(), ByteBuffer.allocateDirect(9100).position(100).slice())) {
            buffer.position(33).put(bytes).flip().position(33);
            target.write(at, buffer, WriteFlag.NONE);
            assertEquals(5033, buffer.position());
            assertEquals(5033, buffer.limit());
            model.set(at, bytes);
            at += 70_001;
        }
        ByteBuffer readOnly = ByteBuffer.wrap(bytes).asReadOnlyBuffer();
        target.write(at, readOnly, WriteFlag.NONE);
        model.set(at, bytes);
        finishAndCompare(target, model);
    }

    @Test
    void writesOfNoBytesChangeNothing() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        model.write(target, 5, new byte[] {1, 2, 3});
        for (long at : new long[] {0, 6, length()}) {
            target.write(at, ByteBuffer.allocateDirect(0), WriteFlag.NONE);
        }
        finishAndCompare(target, model);
    }

    @Test
    void takesAWriteThatMustBeDurable() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        byte[] bytes = TestImage.data(8192, 4).bytes();
        target.write(4096, ByteBuffer.wrap(bytes), EnumSet.of(WriteFlag.FUA));
        model.set(4096, bytes);
        finishAndCompare(target, model);
    }

    @Test
    void holdsTheLaterOfTwoWrites() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        model.write(target, 10_000, TestImage.data(100_000, 5).bytes());
        model.write(target, 50_000, TestImage.data(30_001, 6).bytes());
        finishAndCompare(target, model);
    }

    @Test
    void zeroesOddRangesOrChangesNothing() throws Exception {
        for (Set<ZeroFlag> flags : List.of(ZeroFlag.NONE, ZeroFlag.UNMAP, EnumSet.of(ZeroFlag.FAST),
                EnumSet.of(ZeroFlag.MAY_UNMAP, ZeroFlag.FAST), EnumSet.of(ZeroFlag.FUA))) {
            BlockTarget target = create();
            Model model = new Model(target);
            model.write(target, 0, TestImage.data((int) length(), 8).bytes());
            for (ByteRange range : oddRanges()) {
                if (target.writeZeroes(range, flags)) {
                    model.zero(range);
                }
            }
            finishAndCompare(target, model);
        }
    }

    @Test
    void zeroesTheWholeDiskOrChangesNothing() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        model.write(target, 0, TestImage.data((int) length(), 9).bytes());
        if (target.writeZeroes(new ByteRange(0, length()), ZeroFlag.UNMAP)) {
            model.zero(new ByteRange(0, length()));
        }
        model.write(target, 77_777, TestImage.data(1000, 9).bytes());
        finishAndCompare(target, model);
    }

    @Test
    void zeroesWhatWasNeverWritten() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        for (ByteRange range : oddRanges()) {
            if (target.writeZeroes(range, ZeroFlag.UNMAP)) {
                model.zero(range);
            }
        }
        finishAndCompare(target, model);
    }

    @Test
    void holdsWhatIsWrittenOverZeroes() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        ByteRange range = new ByteRange(65536, 1 << 20);
        if (target.writeZeroes(range, ZeroFlag.UNMAP)) {
            model.zero(range);
        }
        model.write(target, 65536 + 100, TestImage.data(200_000, 10).bytes());
        finishAndCompare(target, model);
    }

    @Test
    void discardsNothingOutsideTheRange() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        model.write(target, 0, TestImage.data((int) length(), 12).bytes());
        for (ByteRange range : oddRanges()) {
            if (target.discard(range)) {
                model.forget(range);
            }
        }
        finishAndCompare(target, model);
    }

    @Test
    void flushesAtAnyTime() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        target.flush();
        model.write(target, 123, TestImage.data(70_000, 13).bytes());
        target.flush();
        target.flush();
        finishAndCompare(target, model);
    }

    @Test
    void completesWithoutAWrite() throws Exception {
        BlockTarget target = create();
        finishAndCompare(target, new Model(target));
    }

    @Test
    void looksFinishedOnceCompletedAndClosed() throws Exception {
        BlockTarget target = create();
        target.complete();
        target.close();
        assertTrue(looksFinished(), "nothing stands there after complete and close");
    }

    @Test
    void doesNotLookFinishedWhenClosedWithoutComplete() throws Exception {
        BlockTarget target = create();
        assumeFalse(isWrittenInPlace(), target.info().driver() + " is written in place");
        new Model(target).write(target, 0, TestImage.data((int) length(), 14).bytes());
        target.flush();
        target.close();
        assertFalse(looksFinished(), "what was never completed looks finished");
    }

    @Test
    void aSecondCloseDoesNothing() throws Exception {
        BlockTarget target = create();
        target.complete();
        target.close();
        target.close();
        assertTrue(looksFinished());
    }

    @Test
    void refusesToWritePastTheEnd() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        model.write(target, length() - 512, TestImage.data(512, 15).bytes());
        assertOutOfBounds(() -> target.write(length(), ByteBuffer.allocateDirect(1), WriteFlag.NONE));
        assertOutOfBounds(() -> target.write(length() - 1, ByteBuffer.allocateDirect(2), WriteFlag.NONE));
        assertOutOfBounds(() -> target.write(Long.MAX_VALUE - 511, ByteBuffer.allocateDirect(512), WriteFlag.NONE));
        assertRefused(() -> target.writeZeroes(new ByteRange(length() - 1, 2), ZeroFlag.UNMAP));
        assertRefused(() -> target.writeZeroes(new ByteRange(length(), 1 << 20), ZeroFlag.NONE));
        assertRefused(() -> target.discard(new ByteRange(length() - 512, 513)));
        finishAndCompare(target, model);
    }

    @Test
    void offloadsARunOfItsOwnKindOrNothing() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        byte[] bytes = TestImage.data(256 * 1024, 16).bytes();
        try (BlockSource foreign = new ArrayDisk("foreign", bytes)) {
            BlockStatus run = BlockStatus.data(new ByteRange(0, bytes.length), foreign, 0);
            long moved = target.offload(run, 65536, bytes.length);
            assertTrue(moved >= 0 && moved <= bytes.length, "moved " + moved);
            model.set(65536, Arrays.copyOf(bytes, (int) moved));
        }
        finishAndCompare(target, model);
    }

    @Test
    void randomRequestsLeaveWhatTheModelHolds() throws Exception {
        for (long seed = 1; seed <= 3; seed++) {
            BlockTarget target = create();
            Model model = new Model(target);
            SplittableRandom random = new SplittableRandom(seed);
            for (int n = 0; n < 120; n++) {
                int length = 1 + random.nextInt(1 << 1 + random.nextInt(17));
                ByteRange range = new ByteRange(random.nextInt((int) length() - length), length);
                switch (random.nextInt(6)) {
                    case 0 -> {
                        if (target.writeZeroes(range, random.nextBoolean() ? ZeroFlag.UNMAP : ZeroFlag.NONE)) {
                            model.zero(range);
                        }
                    }
                    case 1 -> {
                        if (target.discard(range)) {
                            model.forget(range);
                        }
                    }
                    case 2 -> model.write(target, range.offset(), new byte[length]);
                    default -> model.write(target, range.offset(), TestImage.data(length, random.nextLong()).bytes());
                }
            }
            finishAndCompare(target, model, "seed " + seed);
        }
    }

    @Test
    void concurrentWritersInDisjointClustersLeaveTheirBytes() throws Exception {
        BlockTarget target = create();
        Model model = new Model(target);
        int writers = Math.min(writers(), target.info().maxWriters());
        assumeTrue(writers > 1, target.info().driver() + " has one writer");
        int unit = Math.max(65536, target.info().limits().clusterSize());
        int units = (int) ((length() + unit - 1) / unit);
        CountDownLatch start = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(writers);
        try {
            List<Future<?>> results = new ArrayList<>();
            for (int i = 0; i < writers; i++) {
                int mine = i;
                results.add(pool.submit((Callable<Void>) () -> {
                    start.await();
                    for (int n = mine; n < units; n += writers) {
                        writeUnit(target, model, new ByteRange((long) n * unit, unit).intersect(target.info().range()), n);
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> result : results) {
                result.get(60, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
        finishAndCompare(target, model);
    }

    private static void writeUnit(BlockTarget target, Model model, ByteRange range, int n) throws BlockException {
        int half = (int) range.length() / 2 + 1;
        model.write(target, range.offset(), TestImage.data(half, n).bytes());
        if (n % 3 == 1 && target.writeZeroes(range, ZeroFlag.UNMAP)) {
            model.zero(range);
        }
        if (n % 3 != 2) {
            model.write(target, range.offset() + half, TestImage.data((int) range.length() - half, -n).bytes());
        }
    }

    /** Ranges of every awkward kind, disjoint. */
    private List<ByteRange> oddRanges() {
        return List.of(new ByteRange(0, 1), new ByteRange(4095, 2), new ByteRange(8192, 4096), new ByteRange(20_001, 30_000),
                new ByteRange(65_536, 65_536), new ByteRange(131_072 + 512, 131_072), new ByteRange(400_001, 700_000),
                new ByteRange(length() - 1537, 1537));
    }

    /** Completes and closes the target, and compares what it left with the model. */
    protected final void finishAndCompare(BlockTarget target, Model model) throws Exception {
        finishAndCompare(target, model, "");
    }

    private void finishAndCompare(BlockTarget target, Model model, String context) throws Exception {
        target.complete();
        target.close();
        model.compare(contentAfterClose(), context);
    }

    /** A node that never zeroes or discards may say so before it looks at the range. */
    private static void assertRefused(Callable<Boolean> request) throws Exception {
        try {
            assertFalse(request.call(), "took a range past the end");
        } catch (BlockException e) {
            assertEquals(BlockException.Kind.OUT_OF_BOUNDS, e.kind(), e.getMessage());
        }
    }

    static void assertOutOfBounds(Executable request) {
        BlockException e = assertThrows(BlockException.class, request);
        assertEquals(BlockException.Kind.OUT_OF_BOUNDS, e.kind(), e.getMessage());
    }

    /** The bytes that a target must hold. */
    protected static final class Model {
        private final byte[] bytes;
        private final BitSet unspecified = new BitSet();

        /** What {@code target} holds while nothing was written. */
        public Model(BlockTarget target) {
            bytes = new byte[Math.toIntExact(target.info().length())];
            if (!target.info().has(Trait.READS_ZERO_WHEN_NEW)) {
                unspecified.set(0, bytes.length);
            }
        }

        /** Writes to the target and remembers. */
        public void write(BlockTarget target, long offset, byte[] data) throws BlockException {
            Disks.write(target, offset, data);
            set(offset, data);
        }

        public synchronized void set(long offset, byte[] data) {
            System.arraycopy(data, 0, bytes, (int) offset, data.length);
            unspecified.clear((int) offset, (int) offset + data.length);
        }

        public void zero(ByteRange range) {
            set(range.offset(), new byte[(int) range.length()]);
        }

        public synchronized void forget(ByteRange range) {
            unspecified.set((int) range.offset(), (int) range.end());
        }

        public void compare(byte[] found, String context) {
            assertEquals(bytes.length, found.length, "length of what is left " + context);
            for (int i = unspecified.nextClearBit(0); i < bytes.length; i = unspecified.nextClearBit(i + 1)) {
                if (bytes[i] != found[i]) {
                    throw new AssertionError("byte at 0x" + Integer.toHexString(i) + " is " + (found[i] & 0xff) + ", must be "
                            + (bytes[i] & 0xff) + " " + context);
                }
            }
        }
    }
}
