package org.blockferry.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.blockferry.engine.job.Progress;

/** {@code -p} without a terminal: the line that qemu-img prints, for the scripts that read it. */
final class PercentProgress implements ProgressView {
    private final PrintWriter out;

    PercentProgress(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void show(Progress progress) {
        out.print(String.format(Locale.ROOT, "    (%.2f/100%%)\r", 100 * progress.fraction().orElse(0)));
        out.flush();
    }

    @Override
    public void finish(Progress progress) {
        show(progress);
        out.println();
    }
}
