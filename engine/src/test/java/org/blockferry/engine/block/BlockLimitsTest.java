package org.blockferry.engine.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockLimitsTest {
    @ParameterizedTest
    @ValueSource(ints = {0, -1, 3, 513, Integer.MIN_VALUE})
    void refusesAnAlignmentThatIsNoPowerOfTwo(int bytes) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> BlockLimits.NONE.withRequestAlignment(bytes));
        assertTrue(e.getMessage().contains("requestAlignment is " + bytes), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> BlockLimits.NONE.withMemoryAlignment(bytes));
        assertThrows(IllegalArgumentException.class, () -> BlockLimits.NONE.withClusterSize(bytes));
        assertThrows(IllegalArgumentException.class, () -> BlockLimits.NONE.withZero(bytes, 1 << 20));
        assertThrows(IllegalArgumentException.class, () -> BlockLimits.NONE.withDiscard(bytes, 1 << 20));
    }

    @Test
    void refusesALimitBelowItsAlignment() {
        assertThrows(IllegalArgumentException.class, () -> BlockLimits.NONE.withZero(4096, 512));
        assertThrows(IllegalArgumentException.class, () -> BlockLimits.NONE.withDiscard(4096, 512));
        assertThrows(IllegalArgumentException.class, () -> BlockLimits.NONE.withRequestAlignment(4096).withTransfer(0, 512));
        assertThrows(IllegalArgumentException.class, () -> BlockLimits.NONE.withTransfer(-1, 512));
    }

    @Test
    void changesOneLimitAtATime() {
        BlockLimits limits = BlockLimits.NONE.withRequestAlignment(512).withMemoryAlignment(4096).withTransfer(1 << 20, 1 << 25)
                .withZero(8192, 1L << 40).withDiscard(16384, 1L << 41).withClusterSize(65536);
        assertEquals(new BlockLimits(512, 4096, 1 << 20, 1 << 25, 8192, 1L << 40, 16384, 1L << 41, 65536), limits);
    }
}
