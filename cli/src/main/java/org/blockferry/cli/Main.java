package org.blockferry.cli;

import java.io.PrintWriter;

/** The process: streams in, exit code out. Everything else is {@link Launcher}'s. */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true);
        PrintWriter err = new PrintWriter(System.err, true);
        int code = new Launcher(out, err, Terminal.ofProcess(), Signals.ofProcess()).run(args);
        out.flush();
        err.flush();
        if (code == ExitCode.OK && System.out.checkError()) {
            // Nobody may take a cut list for a whole one: a full disk or a closed pipe behind stdout is a failure.
            System.err.println("blockferry: cannot write to standard output");
            code = ExitCode.FAILED;
        }
        System.exit(code);
    }
}
