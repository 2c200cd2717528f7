package org.blockferry.cli;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.blockferry.engine.job.Progress;

/** Keeps a view up to date from a thread of its own, until it is closed. */
final class ProgressTicker implements AutoCloseable {
    /** Before this has passed, a copy shows no sign: most small ones are over by then. */
    private static final long FIRST_MILLIS = 300;
    private static final long INTERVAL_MILLIS = 200;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private final Optional<ProgressView> view;
    private final Supplier<Progress> source;
    private boolean closing;

    private ProgressTicker(Optional<ProgressView> view, Supplier<Progress> source) {
        this.view = view;
        this.source = source;
    }

    /** Starts, unless there is nothing to show: then no thread is made. */
    static ProgressTicker start(Optional<ProgressView> view, Supplier<Progress> source) {
        ProgressTicker ticker = new ProgressTicker(view, source);
        if (view.isPresent()) {
            Thread thread = new Thread(ticker::run, "progress");
            thread.setDaemon(true);
            thread.start();
        }
        return ticker;
    }

    private void run() {
        lock.lock();
        try {
            long wait = FIRST_MILLIS;
            while (!closing) {
                if (!ended.await(wait, TimeUnit.MILLISECONDS)) {
                    view.get().show(source.get());
                    wait = INTERVAL_MILLIS;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** Shows the last state and ends. Nothing is shown after that. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (closing) {
                return;
            }
            closing = true;
            ended.signal();
            view.ifPresent(shown -> shown.finish(source.get()));
        } finally {
            lock.unlock();
        }
    }
}
