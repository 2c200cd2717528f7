package org.blockferry.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.Optional;
import org.blockferry.engine.job.Progress;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long GIB = 1L << 30;

    @Test
    void skippedBytesCountForTheTimeLeftAndNotForTheRate() {
        Progress progress = new Progress(4 * GIB, GIB, 0, 0, 0, GIB, Duration.ofSeconds(2));
        assertEquals(new Pace(GIB / 2, Optional.of(Duration.ofSeconds(2))), Pace.of(progress));
        assertEquals("2 GiB of 4 GiB (50 %), 512 MiB/s, 2 s left", Pace.line(progress));
    }

    @Test
    void zeroesThatWereFoundByReadingCountForTheRate() {
        assertEquals(3 * GIB, Pace.of(new Progress(8 * GIB, GIB, 0, 4 * GIB, 2 * GIB, 0, Duration.ofSeconds(1))).bytesPerSecond());
    }

    @Test
    void nothingIsSaidOfTheTimeLeftBeforeTheStartAndOfAStream() {
        assertEquals("0 B of 4 GiB (0 %), 0 B/s", Pace.line(new Progress(4 * GIB, 0, 0, 0, 0, 0, Duration.ZERO)));
        assertEquals("1 GiB, 1 GiB/s", Pace.line(new Progress(Progress.UNKNOWN, GIB, 0, 0, 0, 0, Duration.ofSeconds(1))));
    }
}
