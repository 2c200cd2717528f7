package org.blockferry.engine.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.inspect.CompareResult.Outcome;
import org.blockferry.engine.toy.ToyFiles;
import org.junit.jupiter.api.Test;

class ImageCompareTest {
    private static final long SEED = 7;
    private static final int LENGTH = 20 << 20;

    private final ToyFiles files = new ToyFiles();

    private CompareResult compare(boolean strict) throws BlockException {
        ImageRequest one = ImageRequest.of("one").withFormat(Optional.of("raw"));
        ImageRequest two = ImageRequest.of("two").withFormat(Optional.of("raw"));
        try (ImageCompare comparison = ImageCompare.of(ImageCompare.open(files.registry(), one, strict),
                ImageCompare.open(files.registry(), two, strict), strict)) {
            CompareResult result = comparison.run();
            assertTrue(!result.isSame() || comparison.progress().done() == comparison.progress().total(), "not all was dealt with");
            return result;
        }
    }

    private static byte[] data() {
        byte[] bytes = new byte[LENGTH];
        new Random(SEED).nextBytes(bytes);
        // A hole that both have, and that is not read.
        Arrays.fill(bytes, 3 << 20, 5 << 20, (byte) 0);
        return bytes;
    }

    @Test
    void findsTheFirstOfManyDifferences() throws BlockException {
        byte[] bytes = data();
        byte[] other = bytes.clone();
        files.put("one", bytes).put("two", other);
        assertEquals(new CompareResult(Outcome.SAME, 0, LENGTH, LENGTH), compare(false));
        for (int at : new int[] {LENGTH - 1, 12_345_678, 8 << 20, 4 << 20, 777}) {
            other[at] ^= 1;
            files.put("two", other);
            assertEquals(new CompareResult(Outcome.CONTENT_DIFFERS, at, LENGTH, LENGTH), compare(false));
        }
        assertEquals(0, files.openNodes());
    }

    @Test
    void aLongerDiskIsTheSameIfItGoesOnWithZeroes() throws BlockException {
        byte[] bytes = data();
        byte[] longer = Arrays.copyOf(bytes, LENGTH + (4 << 20));
        files.put("one", bytes).put("two", longer);
        assertEquals(Outcome.SAME, compare(false).outcome());
        assertEquals(Outcome.LENGTH_DIFFERS, compare(true).outcome());
        longer[LENGTH + 5] = 1;
        files.put("two", longer);
        CompareResult result = compare(false);
        assertEquals(new CompareResult(Outcome.CONTENT_DIFFERS, LENGTH + 5, LENGTH, longer.length), result);
        assertTrue(result.isPastShorter());
    }

    @Test
    void strictComparesWhatIsKnownToo() throws BlockException {
        byte[] bytes = new byte[LENGTH];
        byte[] other = bytes.clone();
        other[1 << 20] = 1;
        files.put("one", bytes).put("two", other);
        assertEquals(new CompareResult(Outcome.STATUS_DIFFERS, 1 << 20, LENGTH, LENGTH), compare(true));
    }

    @Test
    void anErrorCountsOnlyIfNothingDiffersBeforeIt() throws BlockException {
        byte[] bytes = data();
        byte[] other = bytes.clone();
        other[9 << 20] ^= 1;
        files.put("one", bytes).put("two", other);
        files.failReadsFrom(10 << 20);
        assertEquals(new CompareResult(Outcome.CONTENT_DIFFERS, 9 << 20, LENGTH, LENGTH), compare(false));
        files.failReadsFrom(8 << 20);
        BlockException e = assertThrows(BlockException.class, () -> compare(false));
        assertTrue(e.range().isPresent() && e.range().get().end() > 8 << 20, e.getMessage());
        assertEquals(0, files.openNodes());
    }
}
