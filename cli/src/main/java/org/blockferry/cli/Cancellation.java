package org.blockferry.cli;

import java.io.PrintWriter;
import java.util.concurrent.atomic.AtomicInteger;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.pipeline.CancelMode;
import org.blockferry.engine.pipeline.CopyControl;

/**
 * What Ctrl-C does to a copy. The first one lets what is in flight finish, the second drops it, the third ends the process on
 * the spot: then the target is what a power cut would leave, which does not look finished either.
 */
final class Cancellation implements Signals.Stop {
    private static final int ENOUGH = 3;

    private final CopyControl control;
    private final PrintWriter err;
    private final boolean onTerminal;
    private final AtomicInteger requests = new AtomicInteger();
    private volatile int firstNumber;
    private volatile String firstName = "";

    Cancellation(CopyControl control, PrintWriter err, boolean onTerminal) {
        this.control = control;
        this.err = err;
        this.onTerminal = onTerminal;
    }

    @Override
    public void requested(String name, int number) {
        int request = requests.incrementAndGet();
        if (request == 1) {
            firstName = name;
            firstNumber = number;
            control.cancel(CancelMode.FINISH_IN_FLIGHT);
            // After a bar the cursor stands at the end of its line.
            err.println((onTerminal ? System.lineSeparator() : "") + ErrorReport.PROGRAM + name
                    + ": finishing what is in flight; once more to drop it");
        } else if (request < ENOUGH) {
            control.cancel(CancelMode.ABANDON);
        } else {
            Runtime.getRuntime().halt(ExitCode.SIGNALLED + number);
        }
    }

    /**
     * Opens a copy. That may be long when a source is a pipe that says nothing: as nothing was made yet, Ctrl-C ends the
     * process on the spot.
     */
    static CopyJob opening(Session session, DriverRegistry drivers, CopyOptions options) throws BlockException {
        Signals.Handling signals = session.signals().handle((name, number) -> {
            session.err().println(ErrorReport.PROGRAM + "cancelled by " + name + "; target untouched");
            session.err().flush();
            Runtime.getRuntime().halt(ExitCode.SIGNALLED + number);
        }, () -> { });
        try {
            return CopyJob.open(drivers, options);
        } finally {
            signals.close();
        }
    }

    /** Who cancelled, for the message. */
    String by() {
        return firstName.isEmpty() ? "cancelled" : "cancelled by " + firstName;
    }

    /** The exit code of a cancelled copy. */
    int exitCode() {
        return firstNumber == 0 ? ExitCode.CANCELLED : ExitCode.SIGNALLED + firstNumber;
    }
}
