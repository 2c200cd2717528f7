package org.blockferry.engine.pipeline;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.blockferry.engine.block.BlockException;

/**
 * The handles of a running copy: cancel, pause, rate. Any thread may use any of them at any time, also before the copy starts
 * and after it has ended. No thread is ever interrupted: an interrupt inside a file channel would close it for all.
 */
public final class CopyControl {
    private static final long LOOK_MILLIS = 200;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile CancelMode cancelled;
    private volatile boolean paused;
    private volatile long rate;
    private volatile boolean stopsForSpace;
    private volatile BlockException stoppedBy;
    private volatile Consumer<BlockException> stopListener = failure -> { };
    private final List<Consumer<CancelMode>> listeners = new CopyOnWriteArrayList<>();

    /** Not cancelled, not paused, unlimited. */
    public CopyControl() {
    }

    /** Asks the copy to end early; returns at once. A later ABANDON sharpens an earlier FINISH_IN_FLIGHT, never the reverse. */
    public void cancel(CancelMode mode) {
        Objects.requireNonNull(mode, "mode");
        change(() -> cancelled = cancelled == CancelMode.ABANDON ? cancelled : mode);
        listeners.forEach(listener -> listener.accept(cancelled));
    }

    /** No new work is begun until {@link #resume}; what is in flight goes on. */
    public void pause() {
        change(() -> paused = true);
    }

    /** Undoes {@link #pause}. */
    public void resume() {
        change(() -> {
            paused = false;
            stoppedBy = null;
        });
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

    /**
     * Whether a target that is full pauses the copy, instead of being its failure; set before the copy runs.
     *
     * @param listener told of it, by the thread that found out
     */
    public void stopForSpace(Consumer<BlockException> listener) {
        stopListener = Objects.requireNonNull(listener, "listener");
        stopsForSpace = true;
    }

    /** The failure that has paused the copy, until it is resumed. */
    public Optional<BlockException> stoppedBy() {
        return Optional.ofNullable(stoppedBy);
    }

    /**
     * A request has failed: waits until it may be tried again.
     *
     * @return false if it is not to be
     */
    boolean awaitSpace(BlockException failure, BooleanSupplier ending) {
        if (!stopsForSpace || failure.kind() != BlockException.Kind.NO_SPACE || cancelled != null) {
            return false;
        }
        boolean first;
        lock.lock();
        try {
            first = stoppedBy == null;
            stoppedBy = failure;
            paused = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (first) {
            stopListener.accept(failure);
        }
        lock.lock();
        try {
            while (paused && cancelled == null && !ending.getAsBoolean()) {
                // Not for ever: another thread's failure ends the copy, and tells nobody here.
                changed.await(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            }
            return cancelled == null && !ending.getAsBoolean();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
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

    /**
     * Has {@code listener} told each time that the copy is cancelled, in the thread that cancels; at once if it was before.
     *
     * @return what ends that
     */
    Listening whenCancelled(Consumer<CancelMode> listener) {
        listeners.add(listener);
        cancelMode().ifPresent(listener);
        return () -> listeners.remove(listener);
    }

    /** Ends what listens. */
    interface Listening extends AutoCloseable {
        @Override
        void close();
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
