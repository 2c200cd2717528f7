package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import org.blockferry.engine.util.Printable;

/** Turns what went wrong into one line and an exit code. */
final class ErrorReport {
    static final String PROGRAM = "blockferry: ";
    private static final boolean DEBUG = System.getenv("BLOCKFERRY_DEBUG") != null;

    private ErrorReport() {
    }

    /** Prints the one line and, only with BLOCKFERRY_DEBUG, where it came from; returns the exit code. */
    static int print(PrintWriter err, String command, Throwable failure) {
        err.println(PROGRAM + message(failure));
        boolean usage = failure instanceof UsageException;
        if (usage) {
            err.println("Try 'blockferry" + (command.isEmpty() ? "" : " " + command) + " --help' for more.");
        }
        if (DEBUG) {
            failure.printStackTrace(err);
        }
        return usage ? ExitCode.USAGE : ExitCode.FAILED;
    }

    /** What to tell a person, in one line. */
    static String message(Throwable failure) {
        String text = failure.getMessage();
        if (failure instanceof OutOfMemoryError) {
            return "out of memory (" + text + "); BLOCKFERRY_JAVA_OPTS can allow more";
        }
        if (failure instanceof UsageException || failure instanceof IOException) {
            return oneLine(text == null ? failure.toString() : text);
        }
        return oneLine("internal error: " + failure + "; with BLOCKFERRY_DEBUG=1 it says where");
    }

    /** File names may hold line ends and escapes for terminals; a message does not. */
    static String oneLine(String text) {
        return Printable.line(text);
    }
}
