package org.blockferry.engine.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteRangeTest {
    private static final long MAX = Long.MAX_VALUE;

    private static ByteRange range(long offset, long length) {
        return new ByteRange(offset, length);
    }

    @ParameterizedTest(name = "offset {0}, length {1}")
    @CsvSource({"-1, 1", "0, -1", "1, 9223372036854775807", "9223372036854775807, 1", "-9223372036854775808, 0",
        "4611686018427387904, 4611686018427387904"})
    void refusesWhatIsNoRange(long offset, long length) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> range(offset, length));
        assertTrue(e.getMessage().contains(Long.toString(offset)) && e.getMessage().contains(Long.toString(length)));
    }

    @Test
    void takesTheLargestRanges() {
        assertEquals(MAX, range(0, MAX).end());
        assertEquals(MAX, range(MAX, 0).end());
        assertEquals(MAX, range(MAX - 1, 1).end());
    }

    @Test
    void betweenRefusesAnEndBeforeTheStartAndAnOverflow() {
        assertEquals(range(5, 3), ByteRange.between(5, 8));
        assertThrows(IllegalArgumentException.class, () -> ByteRange.between(8, 5));
        assertThrows(IllegalArgumentException.class, () -> ByteRange.between(-1, 5));
        assertThrows(IllegalArgumentException.class, () -> ByteRange.between(Long.MIN_VALUE, MAX));
    }

    @Test
    void containsItsFirstByteAndNotItsEnd() {
        ByteRange range = range(10, 5);
        assertTrue(range.contains(10) && range.contains(14));
        assertFalse(range.contains(9) || range.contains(15));
        assertTrue(range(0, MAX).contains(MAX - 1));
        assertFalse(range(0, MAX).contains(MAX));
        assertFalse(range(10, 0).contains(10));
        assertTrue(range.contains(range(10, 5)) && range.contains(range(15, 0)));
        assertFalse(range.contains(range(10, 6)) || range.contains(range(9, 2)));
    }

    @Test
    void rangesThatOnlyTouchDoNotOverlap() {
        assertFalse(range(0, 5).overlaps(range(5, 5)));
        assertTrue(range(0, 6).overlaps(range(5, 5)));
        assertTrue(range(0, MAX).overlaps(range(MAX - 1, 1)));
        assertFalse(range(0, 10).overlaps(range(5, 0)), "an empty range shares no byte");
        assertFalse(range(5, 0).overlaps(range(0, 10)));
    }

    @Test
    void theIntersectionOfStrangersIsEmptyAtTheHigherOffset() {
        assertEquals(range(5, 2), range(0, 7).intersect(range(5, 9)));
        assertEquals(range(9, 0), range(0, 7).intersect(range(9, 9)));
        assertEquals(range(MAX - 1, 1), range(0, MAX).intersect(range(MAX - 1, 1)));
        assertEquals(range(MAX, 0), range(0, 1).intersect(range(MAX, 0)));
    }

    @Test
    void firstAndFromCutARange() {
        ByteRange range = range(10, 5);
        assertSame(range, range.first(5));
        assertSame(range, range.first(MAX));
        assertEquals(range(10, 2), range.first(2));
        assertEquals(range(10, 0), range.first(0));
        assertEquals(range(12, 3), range.from(12));
        assertEquals(range(15, 0), range.from(15));
        assertThrows(IllegalArgumentException.class, () -> range.from(16));
    }

    @ParameterizedTest(name = "[{0}, {1}) by {2}: [{3}, {4})")
    @CsvSource({
        "0, 8192, 4096, 0, 8192", "1, 8192, 4096, 4096, 8192", "0, 8191, 4096, 0, 4096", "1, 4095, 4096, 4095, 4095",
        "4096, 4096, 4096, 4096, 4096", "5, 9, 1, 5, 9", "4095, 4097, 4096, 4096, 4096",
        "9223372036854775800, 9223372036854775807, 4096, 9223372036854775800, 9223372036854775800",
        "1, 9223372036854775807, 4096, 4096, 9223372036854771712"})
    void alignsInward(long start, long end, long alignment, long wantedStart, long wantedEnd) {
        ByteRange inward = ByteRange.between(start, end).alignInward(alignment);
        assertEquals(wantedEnd - wantedStart, inward.length(), () -> "got " + inward);
        if (!inward.isEmpty()) {
            assertEquals(wantedStart, inward.offset());
        }
        assertTrue(ByteRange.between(start, end).contains(inward), () -> "got " + inward);
    }

    @ParameterizedTest(name = "[{0}, {1}) by {2} up to {3}: [{4}, {5})")
    @CsvSource({
        "1, 2, 4096, 8192, 0, 4096", "0, 4096, 4096, 8192, 0, 4096", "4095, 4097, 4096, 8192, 0, 8192",
        "1, 4097, 4096, 5000, 0, 5000", "1, 5000, 4096, 5000, 0, 5000", "7, 9, 1, 100, 7, 9",
        "9223372036854775800, 9223372036854775807, 4096, 9223372036854775807, 9223372036854771712, 9223372036854775807"})
    void alignsOutward(long start, long end, long alignment, long limit, long wantedStart, long wantedEnd) {
        assertEquals(ByteRange.between(wantedStart, wantedEnd), ByteRange.between(start, end).alignOutward(alignment, limit));
    }

    @Test
    void aligningAgreesWithArithmeticWithoutBounds() {
        BigInteger maximum = BigInteger.valueOf(MAX);
        for (long seed = 1; seed <= 4; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            for (int n = 0; n < 2000; n++) {
                long offset = random.nextLong(MAX) >>> random.nextInt(63);
                if (random.nextBoolean()) {
                    offset = MAX - offset;
                }
                ByteRange range = range(offset, random.nextLong(MAX - offset + 1 > 0 ? MAX - offset + 1 : MAX) >>> random.nextInt(63));
                long alignment = 1L << random.nextInt(31);
                BigInteger unit = BigInteger.valueOf(alignment);
                BigInteger up = BigInteger.valueOf(range.offset()).add(unit).subtract(BigInteger.ONE).divide(unit).multiply(unit);
                BigInteger down = BigInteger.valueOf(range.end()).divide(unit).multiply(unit);
                BigInteger inside = down.subtract(up).max(BigInteger.ZERO);
                ByteRange inward = range.alignInward(alignment);
                String context = "seed " + seed + ": " + range + " by " + alignment;
                assertEquals(inside.longValueExact(), inward.length(), context);
                assertTrue(range.contains(inward), context);
                BigInteger outerEnd = BigInteger.valueOf(range.end()).add(unit).subtract(BigInteger.ONE).divide(unit).multiply(unit);
                ByteRange outward = range.alignOutward(alignment, MAX);
                assertEquals(range.offset() / alignment * alignment, outward.offset(), context);
                assertEquals(outerEnd.min(maximum).longValueExact(), outward.end(), context);
            }
        }
    }

    @Test
    void ordersByOffsetThenByLength() {
        TreeSet<ByteRange> set = new TreeSet<>(java.util.List.of(range(5, 1), range(0, 9), range(5, 0), range(0, 2)));
        assertEquals(java.util.List.of(range(0, 2), range(0, 9), range(5, 0), range(5, 1)), java.util.List.copyOf(set));
    }

    @Test
    void isWrittenInHexadecimal() {
        assertEquals("0x10000+0x2000", range(65536, 8192).toString());
    }
}
