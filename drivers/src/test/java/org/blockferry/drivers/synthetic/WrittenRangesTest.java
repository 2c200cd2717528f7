package org.blockferry.drivers.synthetic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.BitSet;
import java.util.SplittableRandom;
import org.blockferry.engine.block.ByteRange;
import org.junit.jupiter.api.Test;

class WrittenRangesTest {
    @Test
    void agreesWithASetOfBits() {
        for (long seed = 1; seed <= 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            WrittenRanges ranges = new WrittenRanges();
            BitSet bits = new BitSet();
            for (int n = 0; n < 60; n++) {
                int start = random.nextInt(500);
                int length = random.nextInt(20);
                ranges.add(new ByteRange(start, length));
                bits.set(start, start + length);
                for (int at = 0; at < 520; at++) {
                    assertEquals(bits.nextClearBit(at), ranges.endOfWritten(at), "seed " + seed);
                    int next = bits.nextSetBit(at);
                    assertEquals(next < 0 ? 520 : next, ranges.nextWritten(at, 520), "seed " + seed);
                }
            }
            int runs = 0;
            for (int at = bits.nextSetBit(0); at >= 0; at = bits.nextSetBit(bits.nextClearBit(at))) {
                runs++;
            }
            assertEquals(runs, ranges.size(), "seed " + seed);
        }
    }
}
