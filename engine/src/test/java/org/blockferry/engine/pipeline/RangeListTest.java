package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.blockferry.engine.block.ByteRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RangeListTest {
    private final RangeList list = new RangeList(2);

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whatAdjoinsIsOneRangeInWhateverOrderItComes(long seed) {
        List<ByteRange> parts = new ArrayList<>();
        for (int at = 0; at < 1000; at += 10) {
            if (at != 500) {
                parts.add(new ByteRange(at, 10));
            }
        }
        Collections.shuffle(parts, new Random(seed));
        RangeList all = new RangeList(1000);
        parts.forEach(all::add);
        assertEquals(List.of(new ByteRange(0, 500), new ByteRange(510, 490)), all.toList(), "seed " + seed);
    }

    @Test
    void aFullListStillGrowsAtItsRanges() {
        list.add(new ByteRange(100, 10));
        list.add(new ByteRange(300, 10));
        list.add(new ByteRange(500, 10));
        assertEquals(List.of(new ByteRange(100, 10), new ByteRange(300, 10)), list.toList());
        list.add(new ByteRange(90, 10));
        list.add(new ByteRange(310, 10));
        list.add(new ByteRange(110, 190));
        assertEquals(List.of(new ByteRange(90, 230)), list.toList());
        list.add(new ByteRange(500, 10));
        assertEquals(List.of(new ByteRange(90, 230), new ByteRange(500, 10)), list.toList());
    }

    @Test
    void nothingIsNoRange() {
        list.add(new ByteRange(5, 0));
        assertEquals(List.of(), list.toList());
    }
}
