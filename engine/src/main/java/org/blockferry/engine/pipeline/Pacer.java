package org.blockferry.engine.pipeline;

/**
 * Holds the planner back: while paused, and while the rate is used up. Owned by the planner's thread.
 *
 * <p>An interrupt of this thread is taken as a wish to cancel; it is set again at the end.
 */
final class Pacer {
    /** Time, so that tests need not wait for it. */
    interface Clock {
        Clock SYSTEM = new Clock() {
            @Override
            public long nanoTime() {
                return System.nanoTime();
            }

            @Override
            public void await(CopyControl control, long nanos) throws InterruptedException {
                control.awaitChange(nanos);
            }
        };

        long nanoTime();

        /** Waits until the time is over or something of the control has changed. */
        void await(CopyControl control, long nanos) throws InterruptedException;
    }

    private final CopyControl control;
    private final RunState state;
    private final Clock clock;
    private final RateLimiter limiter;
    private boolean interrupted;

    Pacer(CopyControl control, RunState state, Clock clock) {
        this.control = control;
        this.state = state;
        this.clock = clock;
        this.limiter = new RateLimiter(clock.nanoTime());
    }

    /**
     * Waits until new work may be begun.
     *
     * @return false if none may be begun any more
     */
    boolean pass() {
        try {
            while (!isEnding()) {
                if (control.isPaused()) {
                    control.awaitResume();
                    continue;
                }
                long delay = limiter.delay(clock.nanoTime(), control.rate());
                if (delay <= 0) {
                    return true;
                }
                clock.await(control, delay);
            }
        } catch (InterruptedException e) {
            cancelByInterrupt();
        }
        return false;
    }

    void spend(long bytes) {
        limiter.spend(bytes);
    }

    /** Whether nothing new may be begun. Clears an interrupt, or parking would not wait any more. */
    boolean isEnding() {
        if (Thread.interrupted()) {
            cancelByInterrupt();
        }
        return state.isEnding();
    }

    private void cancelByInterrupt() {
        interrupted = true;
        control.cancel(CancelMode.FINISH_IN_FLIGHT);
    }

    /** The copy is over. */
    void restoreInterrupt() {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
