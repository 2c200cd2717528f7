package org.blockferry.cli;

/** What the process says when it ends. */
final class ExitCode {
    /** Done. */
    static final int OK = 0;
    /** Failed; one line on stderr says why. */
    static final int FAILED = 1;
    /** The command line makes no sense. */
    static final int USAGE = 2;
    /** Ended by a signal, in good order; the signal's number is added, as shells do: 130 for Ctrl-C, 143 for SIGTERM. */
    static final int SIGNALLED = 128;
    /** Cancelled by Ctrl-C. */
    static final int CANCELLED = SIGNALLED + 2;

    private ExitCode() {
    }
}
