package org.blockferry.engine.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.blockferry.engine.testing.TestImage.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/**
 * What every {@link BlockSource} keeps. A driver subclasses it, once for each way in which it can hold an image (plain,
 * compressed, other cluster sizes), and says how such a node is opened and what its status is.
 *
 * <p>Overriding: {@link #open} always; {@link #image} where the node does not take any content; {@link #dataLetters},
 * {@link #zeroLetters} or the whole of {@link #expectedMap} for the status; {@link #mergesRuns} where a run is never longer than
 * a unit.
 */
@Timeout(120)
public abstract class BlockSourceContract {
    private final List<BlockSource> opened = new ArrayList<>();

    /** Opens a new node that holds {@code image}; the contract closes it. */
    protected abstract BlockSource open(TestImage image) throws Exception;

    /** What the node holds. Must be what {@link #open} makes of it, byte for byte. */
    protected TestImage image() {
        return TestImage.standard();
    }

    /** The status of data in the design's notation. */
    protected String dataLetters() {
        return "L-M-";
    }

    /** The status of zeroes that are known to be zeroes. */
    protected String zeroLetters() {
        return "LZ--";
    }

    /** The runs that a walk over the node finds, those of the same bits joined: {@code 0x10000+0x2000 L-MO}. */
    protected List<String> expectedMap(TestImage image) {
        return image.runs().stream().map(run -> run.range() + " " + letters(run.kind())).toList();
    }

    private String letters(Kind kind) {
        return switch (kind) {
            case DATA -> dataLetters();
            case ZERO -> zeroLetters();
            case DEFERRED -> "----";
        };
    }

    /** Whether adjoining units of the same kind are answered as one run, as all but compressed ones are. */
    protected boolean mergesRuns() {
        return true;
    }

    /** How many threads the test of concurrent readers uses when the node has no smaller limit. */
    protected int readers() {
        return 8;
    }

    /** Opens {@link #image}; closed after the test. */
    protected final BlockSource open() throws Exception {
        BlockSource source = open(image());
        opened.add(source);
        return source;
    }

    @AfterEach
    final void closeWhatWasOpened() throws BlockException {
        for (BlockSource source : opened) {
            source.close();
        }
    }

    @Test
    void infoIsTheSameAtEveryCallAndTellsNameDriverAndLength() throws Exception {
        BlockSource source = open();
        NodeInfo info = source.info();
        assertSame(info, source.info());
        assertFalse(info.name().isEmpty(), "a node has a name");
        assertFalse(info.driver().isEmpty(), "a node has a driver");
        assertEquals(image().length(), info.length());
        assertNotNull(info.limits());
    }

    @Test
    void readsTheEntireImage() throws Exception {
        BlockSource source = open();
        assertSameBytes(image().bytes(), Disks.read(source, image().range()), 0);
        assertSameBytes(image().bytes(), Disks.readAll(source), 0);
    }

    @Test
    void readsEverySegmentByItself() throws Exception {
        BlockSource source = open();
        for (TestImage.Run run : image().runs()) {
            assertReads(source, run.range());
        }
    }

    @Test
    void readsAcrossEveryBorderBetweenSegments() throws Exception {
        BlockSource source = open();
        for (TestImage.Run run : image().runs()) {
            for (int reach : new int[] {1, 511, 512, 4097}) {
                long start = Math.max(0, run.range().end() - reach);
                assertReads(source, ByteRange.between(start, Math.min(image().length(), run.range().end() + reach)));
            }
        }
    }

    @Test
    void readsFromUnalignedStarts() throws Exception {
        BlockSource source = open();
        for (long start : new long[] {1, 3, 511, 513, 4095, 4097, 65535, 65537, 100_000}) {
            assertReads(source, ByteRange.between(start, image().length()));
            assertReads(source, new ByteRange(start, 4096));
        }
    }

    @Test
    void readsUnalignedLengths() throws Exception {
        BlockSource source = open();
        for (int length : new int[] {1, 2, 511, 513, 4095, 4097, 65535, 65537, 200_001}) {
            assertReads(source, new ByteRange(0, length));
            assertReads(source, new ByteRange(65536, length));
            assertReads(source, new ByteRange(image().length() - length, length));
        }
    }

    @Test
    void readsOfNoBytesChangeNothing() throws Exception {
        BlockSource source = open();
        for (long at : new long[] {0, 1, image().length() / 2, image().length()}) {
            ByteBuffer into = ByteBuffer.allocateDirect(16).position(5).limit(5);
            source.read(at, into);
            assertEquals(5, into.position());
            assertEquals(5, into.limit());
        }
    }

    @Test
    void readsOnlyBetweenPositionAndLimitOfAnyBuffer() throws Exception {
        BlockSource source = open();
        ByteBuffer heapSlice = ByteBuffer.allocate(9000).position(77).slice();
        for (ByteBuffer into : List.of(ByteBuffer.allocate(8192), ByteBuffer.allocateDirect(8192), heapSlice,
                ByteBuffer.allocateDirect(9000).position(13).slice(), ByteBuffer.allocateDirect(8192).alignedSlice(1))) {
            for (int i = 0; i < into.capacity(); i++) {
                into.put(i, (byte) 0x5a);
            }
            into.position(100).limit(5101);
            source.read(60_001, into);
            assertEquals(5101, into.position(), "the position is the limit after a read");
            assertEquals(5101, into.limit());
            byte[] around = new byte[into.capacity()];
            into.clear().get(around);
            for (int i = 0; i < around.length; i++) {
                byte wanted = i < 100 || i >= 5101 ? 0x5a : image().bytes(new ByteRange(60_001 + i - 100, 1))[0];
                assertEquals(wanted, around[i], "byte " + i + " of a buffer of " + around.length + ", direct " + into.isDirect());
                i += i > 110 && i < 5090 ? 96 : 0;
            }
        }
    }

    @Test
    void refusesToReadPastTheEnd() throws Exception {
        BlockSource source = open();
        long end = image().length();
        assertOutOfBounds(() -> Disks.read(source, new ByteRange(end, 1)));
        assertOutOfBounds(() -> Disks.read(source, new ByteRange(end - 1, 2)));
        assertOutOfBounds(() -> Disks.read(source, new ByteRange(0, (int) end + 1)));
        assertOutOfBounds(() -> Disks.read(source, new ByteRange(Long.MAX_VALUE - 4096, 4096)));
        assertOutOfBounds(() -> Disks.read(source, new ByteRange(end + (1L << 32), 512)));
        assertReads(source, ByteRange.between(end - 512, end));
    }

    @Test
    void refusesToTellTheStatusPastTheEnd() throws Exception {
        BlockSource source = open();
        long end = image().length();
        assertOutOfBounds(() -> source.status(new ByteRange(end, 1)));
        assertOutOfBounds(() -> source.status(new ByteRange(end - 1, 2)));
        assertOutOfBounds(() -> source.status(new ByteRange(0, end + 1)));
        assertOutOfBounds(() -> source.status(new ByteRange(Long.MAX_VALUE - 4096, 4096)));
    }

    @Test
    void tellsTheStatusOfTheEntireImage() throws Exception {
        assertEquals(expectedMap(image()), Disks.map(open(), image().range()));
    }

    @Test
    void tellsTheSameStatusOfEverySegmentAskedByItself() throws Exception {
        BlockSource source = open();
        for (TestImage.Run run : image().runs()) {
            assertEquals(clip(expectedMap(image()), run.range()), Disks.map(source, run.range()));
        }
    }

    @Test
    void tellsTheStatusFromUnalignedStarts() throws Exception {
        BlockSource source = open();
        for (long start : new long[] {1, 511, 4097, 65535, 65537, 131073, 400_001}) {
            ByteRange window = ByteRange.between(start, image().length());
            assertEquals(clip(expectedMap(image()), window), Disks.map(source, window));
        }
    }

    @Test
    void tellsTheStatusOfUnalignedLengthsAndPartialRanges() throws Exception {
        BlockSource source = open();
        for (long start : new long[] {0, 3, 65535, 200_000}) {
            for (long length : new long[] {1, 513, 65537, 300_001}) {
                ByteRange window = new ByteRange(start, length);
                assertEquals(clip(expectedMap(image()), window), Disks.map(source, window));
            }
        }
    }

    @Test
    void answersAdjoiningUnitsOfTheSameKindAsOneRun() throws Exception {
        BlockSource source = open();
        if (!mergesRuns()) {
            assertTrue(Disks.walk(source, image().range()).size() > expectedMap(image()).size(),
                    "a node that merges what it can should say so");
            return;
        }
        List<BlockStatus> runs = Disks.walk(source, image().range());
        for (int i = 1; i < runs.size(); i++) {
            assertFalse(runs.get(i - 1).continuesInto(runs.get(i)), "could be one: " + runs.get(i - 1) + ", " + runs.get(i));
        }
    }

    @Test
    void statusStaysInsideTheNode() throws Exception {
        BlockSource source = open();
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 200; i++) {
            long start = random.nextLong(image().length());
            BlockStatus run = source.status(new ByteRange(start, 1 + random.nextLong(image().length() - start)));
            assertEquals(start, run.offset(), "a run starts where it was asked");
            assertTrue(run.end() <= image().length(), "past the end of the node: " + run);
        }
    }

    @Test
    void aWalkInRandomStepsCoversEveryByteOnceAndAgreesWithTheReads() throws Exception {
        BlockSource source = open();
        for (long seed = 1; seed <= 5; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            long at = 0;
            while (at < image().length()) {
                long most = Math.min(image().length() - at, 1 + random.nextLong(1L << random.nextInt(21)));
                BlockStatus run = source.status(new ByteRange(at, most)).clip(new ByteRange(at, most));
                assertEquals(at, run.offset(), "seed " + seed);
                assertAgreesWithReads(source, run, "seed " + seed);
                at = run.end();
            }
            assertEquals(image().length(), at, "seed " + seed);
        }
    }

    private void assertAgreesWithReads(BlockSource source, BlockStatus run, String context) throws Exception {
        byte[] read = Disks.read(source, run.range());
        assertSameBytes(image().bytes(run.range()), read, run.offset());
        if (run.isZero() || !run.isLocal()) {
            assertArrayEquals(new byte[read.length], read, () -> context + ": says " + run + " and reads otherwise");
        }
        if (run.isOffsetValid() && !run.isZero()) {
            ByteRange hostRange = new ByteRange(run.hostOffset(), run.length());
            assertArrayEquals(read, Disks.read(run.host(), hostRange), () -> context + ": the host holds other bytes: " + run);
        }
    }

    @Test
    void concurrentReadersReadTheRightBytesBesideOneThatAsksForStatus() throws Exception {
        BlockSource source = open();
        int readers = Math.min(readers(), source.info().maxReaders());
        assumeTrue(readers > 1, source.info().driver() + " has one reader");
        List<String> expected = expectedMap(image());
        CountDownLatch start = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(readers + 1);
        try {
            List<Future<?>> results = new ArrayList<>();
            for (int i = 0; i < readers; i++) {
                SplittableRandom random = new SplittableRandom(100 + i);
                results.add(pool.submit((Callable<Void>) () -> {
                    start.await();
                    for (int n = 0; n < 60; n++) {
                        int length = 1 + random.nextInt(100_000);
                        assertReads(source, new ByteRange(random.nextLong(image().length() - length), length));
                    }
                    return null;
                }));
            }
            results.add(pool.submit((Callable<Void>) () -> {
                start.await();
                for (int n = 0; n < 20; n++) {
                    assertEquals(expected, Disks.map(source, image().range()));
                }
                return null;
            }));
            start.countDown();
            for (Future<?> result : results) {
                result.get(60, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aSecondCloseDoesNothing() throws Exception {
        BlockSource source = open(image());
        source.close();
        source.close();
    }

    @Test
    void closesWithoutHavingBeenRead() throws Exception {
        open(image()).close();
    }

    private void assertReads(BlockSource source, ByteRange range) throws BlockException {
        assertSameBytes(image().bytes(range), Disks.read(source, range), range.offset());
    }

    private static void assertSameBytes(byte[] wanted, byte[] got, long offset) {
        int at = Arrays.mismatch(wanted, got);
        if (at >= 0) {
            throw new AssertionError("bytes differ at 0x" + Long.toHexString(offset + at) + " of a read of "
                    + new ByteRange(offset, wanted.length));
        }
    }

    private static void assertOutOfBounds(Executable request) {
        BlockException e = assertThrows(BlockException.class, request);
        assertEquals(BlockException.Kind.OUT_OF_BOUNDS, e.kind(), e.getMessage());
    }

    /** The lines of a map, cut to a window. */
    private static List<String> clip(List<String> map, ByteRange window) {
        List<String> lines = new ArrayList<>();
        for (String line : map) {
            String[] part = line.split("[+ ]");
            ByteRange range = new ByteRange(Long.decode(part[0]), Long.decode(part[1]));
            ByteRange shared = range.intersect(window);
            if (!shared.isEmpty()) {
                lines.add(shared + " " + part[2]);
            }
        }
        return lines;
    }
}
