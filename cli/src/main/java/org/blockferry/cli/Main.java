package org.blockferry.cli;

import java.io.PrintWriter;
import org.blockferry.drivers.posix.NativeAccess;

/** The process: streams in, exit code out. Everything else is {@link Launcher}'s. */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) {
        if (args.length == 1 && args[0].equals("--version")) {
            // Nothing else is loaded for that.
            System.out.println("blockferry " + Version.TEXT);
            System.exit(finish(ExitCode.OK));
        }
        if (args.length > 1) {
            // A command with images: the system calls are the longest part of a start, so they come first.
            NativeAccess.warmUp();
        }
        PrintWriter out = new AsciiWriter(System.out);
        PrintWriter err = new PrintWriter(System.err, true);
        int code = new Launcher(out, err, Terminal.ofProcess(), Signals.ofProcess()).run(args);
        out.flush();
        err.flush();
        System.exit(finish(code));
    }

    /** Nobody may take a cut list for a whole one: a full disk or a closed pipe behind stdout is a failure. */
    private static int finish(int code) {
        if (code == ExitCode.OK && System.out.checkError()) {
            System.err.println("blockferry: cannot write to standard output");
            return ExitCode.FAILED;
        }
        return code;
    }
}
