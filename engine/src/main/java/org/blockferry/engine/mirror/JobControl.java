package org.blockferry.engine.mirror;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.blockferry.engine.pipeline.CancelMode;
import org.blockferry.engine.pipeline.CopyControl;

/** The state of a mirror job, and what users ask of it. Thread-safe. */
final class JobControl {
    /** What a user has asked for. */
    enum Request {
        NONE, COMPLETE, SOFT_CANCEL, ABANDON
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final CopyControl copyControl = new CopyControl();
    private final Consumer<JobStatus> listener;
    private JobStatus status = JobStatus.CREATED;
    private Request request = Request.NONE;
    private boolean ready;
    private boolean paused;
    private boolean finalize;

    /** @param listener told of each new status, without the lock */
    JobControl(Consumer<JobStatus> listener) {
        this.listener = listener;
    }

    /** The handles of the pass that runs. */
    CopyControl copyControl() {
        return copyControl;
    }

    JobStatus status() {
        lock.lock();
        try {
            return status;
        } finally {
            lock.unlock();
        }
    }

    void move(JobStatus next) {
        lock.lock();
        try {
            status = next;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        listener.accept(next);
    }

    void becomeReady() {
        lock.lock();
        try {
            ready = true;
        } finally {
            lock.unlock();
        }
        move(JobStatus.READY);
    }

    boolean isReady() {
        lock.lock();
        try {
            return ready;
        } finally {
            lock.unlock();
        }
    }

    void setSpeed(long bytesPerSecond) {
        copyControl.setRate(bytesPerSecond);
    }

    void pause() {
        JobStatus next = null;
        lock.lock();
        try {
            paused = true;
            copyControl.pause();
            next = status == JobStatus.RUNNING ? JobStatus.PAUSED : status == JobStatus.READY ? JobStatus.STANDBY : null;
        } finally {
            lock.unlock();
        }
        if (next != null) {
            move(next);
        }
    }

    void resume() {
        JobStatus next = null;
        lock.lock();
        try {
            paused = false;
            copyControl.resume();
            next = status == JobStatus.PAUSED ? JobStatus.RUNNING : status == JobStatus.STANDBY ? JobStatus.READY : null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (next != null) {
            move(next);
        }
    }

    void complete() {
        lock.lock();
        try {
            if (status != JobStatus.READY) {
                throw new IllegalStateException("the job is " + status.word() + "; only one that is ready can be completed");
            }
            if (request == Request.NONE) {
                request = Request.COMPLETE;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    void cancel(boolean force) {
        lock.lock();
        try {
            if (force || !ready) {
                request = Request.ABANDON;
                copyControl.cancel(CancelMode.FINISH_IN_FLIGHT);
            } else if (request == Request.NONE) {
                request = Request.SOFT_CANCEL;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        // What is paused cannot end.
        resume();
    }

    void finalizeJob() {
        lock.lock();
        try {
            finalize = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    Request request() {
        lock.lock();
        try {
            return request;
        } finally {
            lock.unlock();
        }
    }

    boolean isAbandoned() {
        return request() == Request.ABANDON;
    }

    /** Waits until somebody asks for something, or so long. */
    void await(long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (left > 0 && request == Request.NONE) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            interrupted();
        } finally {
            lock.unlock();
        }
    }

    /** Waits while paused and not abandoned, for a second at most; whether it is paused still. */
    boolean isPausedAfterWait() {
        lock.lock();
        try {
            long left = TimeUnit.SECONDS.toNanos(1);
            while (left > 0 && paused && request != Request.ABANDON) {
                left = changed.awaitNanos(left);
            }
            return paused && request != Request.ABANDON;
        } catch (InterruptedException e) {
            interrupted();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until it may finalize; false if it was abandoned instead. */
    boolean awaitFinalize() {
        lock.lock();
        try {
            while (!finalize && request != Request.ABANDON) {
                changed.await(1, TimeUnit.SECONDS);
            }
            return request != Request.ABANDON;
        } catch (InterruptedException e) {
            interrupted();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** An interrupt abandons, and stays set. */
    private void interrupted() {
        request = Request.ABANDON;
        copyControl.cancel(CancelMode.FINISH_IN_FLIGHT);
        Thread.currentThread().interrupt();
    }
}
