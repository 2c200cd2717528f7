package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.stream.Stream;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.Trait;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The target zeroes in multiples of 4096 and is 100,000 bytes long. */
class ZeroWriterTest {
    private static final int LENGTH = 100_000;

    private final CopyControl control = new CopyControl();
    private final RunState state = new RunState(control);

    private static TestTarget target(int length, Trait... traits) {
        return TestTarget.of(length, BlockLimits.NONE.withZero(4096, 1 << 30), traits);
    }

    static Stream<Arguments> ranges() {
        return Stream.of(
                arguments("aligned", 4096, 8192, "zero 0x1000+0x2000 may-unmap"),
                arguments("ragged start", 100, 8092, "write 0x64+0xf9c\nzero 0x1000+0x1000 may-unmap"),
                arguments("ragged end", 0, 5000, "zero 0x0+0x1000 may-unmap\nwrite 0x1000+0x388"),
                arguments("smaller than a unit", 100, 200, "write 0x64+0xc8"),
                arguments("across a border, but no whole unit", 4000, 200, "write 0xfa0+0xc8"),
                arguments("up to the end of the target", 98_304, 1696, "zero 0x18000+0x6a0 may-unmap"),
                arguments("ragged, up to the end", 90_000, 10_000, "write 0x15f90+0x70\nzero 0x16000+0x26a0 may-unmap"),
                arguments("in the last unit only", 99_000, 1000, "write 0x182b8+0x3e8"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ranges")
    void wholeUnitsAreZeroedWithoutAPayload(String name, long offset, long length, String expected) throws Exception {
        TestTarget target = target(LENGTH);

        assertTrue(new ZeroWriter(target, true, state).write(offset, length));
        assertEquals(expected, target.sortedLog());
    }

    @Test
    void fullyAllocatedTargetIsNotUnmapped() throws Exception {
        TestTarget target = target(LENGTH);
        new ZeroWriter(target, false, state).write(0, 4096);

        assertEquals("zero 0x0+0x1000", target.sortedLog());
    }

    @Test
    void refusedZeroesAreWrittenInOneGoAsBytes() throws Exception {
        TestTarget target = target(LENGTH).zeroing(range -> false);
        new ZeroWriter(target, true, state).write(100, 50_000);

        assertEquals("write 0x64+0xc350", target.sortedLog());
    }

    @Test
    void streamGetsBytesOnlyInChunks() throws Exception {
        TestTarget target = target(3 << 20, Trait.APPEND_ONLY);
        new ZeroWriter(target, true, state).write(0, 3 << 20);

        assertEquals("write 0x0+0x100000\nwrite 0x100000+0x100000\nwrite 0x200000+0x100000", target.sortedLog());
    }

    @Test
    void abandonedCopyStopsBetweenChunks() throws Exception {
        TestTarget target = target(3 << 20).zeroing(range -> false)
                .faulty((what, range) -> {
                    if (what.equals("write")) {
                        control.cancel(CancelMode.ABANDON);
                    }
                });

        assertFalse(new ZeroWriter(target, true, state).write(0, 3 << 20));
        assertEquals("write 0x0+0x100000", target.sortedLog());
    }
}
