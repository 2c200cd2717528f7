package org.blockferry.cli;

import java.io.PrintWriter;
import java.util.Optional;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.blockferry.engine.job.Progress;

/**
 * A live bar on a terminal: part done, bytes, time gone and left, rate. Made, and its library loaded, at the first update: a copy
 * that is over before then shows none and pays nothing.
 */
final class BarProgress implements ProgressView {
    private static final int REFRESH_MILLIS = 200;
    private static final long MIB = 1 << 20;

    private final String task;
    private final PrintWriter err;
    private final Terminal terminal;
    private Optional<ProgressBar> bar = Optional.empty();

    BarProgress(PrintWriter err, Terminal terminal) {
        this("copy", err, terminal);
    }

    /** @param task the word before the bar */
    BarProgress(String task, PrintWriter err, Terminal terminal) {
        this.task = task;
        this.err = err;
        this.terminal = terminal;
    }

    @Override
    public void show(Progress progress) {
        if (bar.isEmpty()) {
            bar = Optional.of(newBar(progress));
        }
        bar.get().stepTo(progress.done());
    }

    private ProgressBar newBar(Progress progress) {
        // One column stays free: a full line makes some terminals begin the next.
        return new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(progress.total())
                .setUnit(" MiB", MIB)
                .showSpeed()
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(REFRESH_MILLIS)
                .startsFrom(0, progress.elapsed())
                .setConsumer(new DelegatingProgressBarConsumer(this::line, terminal.columns() - 1))
                .build();
    }

    private void line(String text) {
        err.print('\r');
        err.print(text);
        err.flush();
    }

    @Override
    public void finish(Progress progress) {
        bar.ifPresent(shown -> {
            shown.stepTo(progress.done());
            shown.close();
            err.println();
        });
        bar = Optional.empty();
    }
}
