package org.blockferry.engine.pipeline;

import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The handles of a running copy: cancel, pause, rate. Any thread may use any of them at any time, also before the copy starts
 * and after it has ended. No thread is ever interrupted: an interrupt inside a file channel would close it for all.
 */
public final class CopyControl {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile CancelMode cancelled;
    private volatile boolean paused;
    private volatile long rate;

    /** Not cancelled, not paused, unlimited. */
    public CopyControl() {
    }

    /** Asks the copy to end early; returns at once. A later ABANDON sharpens an earlier FINISH_IN_FLIGHT, never the reverse. */
    public void cancel(CancelMode mode) {
        Objects.requireNonNull(mode, "mode");
        change(() -> cancelled = cancelled == CancelMode.ABANDON ? cancelled : mode);
    }

    /** No new work is begun until {@link #resume}; what is in flight goes on. */
    public void pause() {
        change(() -> paused = true);
    }

    /** Undoes {@link #pause}. */
    public void resume() {
        change(() -> paused = false);
    }

    /**
     * Limits the copy from now on.
     *
     * @param bytesPerSecond copied bytes; zeroes and skipped ranges are free; 0: unlimited
     */
    public void setRate(long bytesPerSecond) {
        if (bytesPerSecond < 0) {
            throw new IllegalArgumentException("rate is " + bytesPerSecond + "; at least 0");
        }
        change(() -> rate = bytesPerSecond);
    }

    /** Whether {@link #cancel} was called. Whether the copy was finished all the same, {@link Copier#isComplete} says. */
    public boolean isCancelled() {
        return cancelled != null;
    }

    /** How it was cancelled, if it was. */
    public Optional<CancelMode> cancelMode() {
        return Optional.ofNullable(cancelled);
    }

    /** Whether it is paused. */
    public boolean isPaused() {
        return paused;
    }

    /** Bytes per second; 0: unlimited. */
    public long rate() {
        return rate;
    }

    boolean isAbandoned() {
        return cancelled == CancelMode.ABANDON;
    }

    private void change(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits while paused and not cancelled. */
    void awaitResume() throws InterruptedException {
        lock.lock();
        try {
            while (paused && cancelled == null) {
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until something changes or the time is over, whichever is first. */
    void awaitChange(long nanos) throws InterruptedException {
        lock.lock();
        try {
            if (cancelled == null) {
                changed.await(nanos, TimeUnit.NANOSECONDS);
            }
        } finally {
            lock.unlock();
        }
    }
}
