package org.blockferry.engine.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CacheModeTest {
    /** QEMU's table of cache modes, from the manual of qemu-img and the documentation of -drive cache=. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({"writeback, false, false, true", "none, true, false, true", "off, true, false, true",
        "writethrough, false, true, true", "directsync, true, true, true", "unsafe, false, false, false"})
    void meansWhatQemuMeans(String word, boolean direct, boolean sync, boolean flushes) {
        CacheMode mode = CacheMode.parse(word);
        assertEquals(direct, mode.isDirect());
        assertEquals(sync, mode.isSync());
        assertEquals(flushes, mode.flushes());
    }

    @Test
    void everyModeIsFoundByItsWord() {
        for (CacheMode mode : CacheMode.values()) {
            assertEquals(mode, CacheMode.parse(mode.word()));
        }
    }

    @Test
    void anUnknownWordIsNamedWithTheKnownOnes() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> CacheMode.parse("Writeback"));
        assertTrue(e.getMessage().contains("'Writeback'") && e.getMessage().contains("directsync"), e.getMessage());
    }
}
