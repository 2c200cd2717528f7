package org.blockferry.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Optional;
import org.blockferry.engine.pipeline.CancelMode;
import org.blockferry.engine.pipeline.CopyControl;
import org.junit.jupiter.api.Test;

class CancellationTest {
    private final CopyControl control = new CopyControl();
    private final StringWriter err = new StringWriter();
    private final Cancellation cancellation = new Cancellation(control, new PrintWriter(err), false);

    @Test
    void theFirstRequestLetsWhatIsInFlightFinishAndSaysSo() {
        cancellation.requested("SIGINT", 2);
        assertEquals(Optional.of(CancelMode.FINISH_IN_FLIGHT), control.cancelMode());
        assertEquals("blockferry: SIGINT: finishing what is in flight; once more to drop it" + System.lineSeparator(), err.toString());
    }

    @Test
    void theSecondRequestDropsWhatIsInFlightAndTheFirstOneGivesTheExitCode() {
        cancellation.requested("SIGTERM", 15);
        cancellation.requested("SIGINT", 2);
        assertEquals(Optional.of(CancelMode.ABANDON), control.cancelMode());
        assertEquals(143, cancellation.exitCode());
        assertEquals("cancelled by SIGTERM", cancellation.by());
    }

    @Test
    void aCopyCancelledByAProgramHasTheCodeOfCtrlC() {
        control.cancel(CancelMode.ABANDON);
        assertEquals(130, cancellation.exitCode());
        assertEquals("cancelled", cancellation.by());
    }
}
