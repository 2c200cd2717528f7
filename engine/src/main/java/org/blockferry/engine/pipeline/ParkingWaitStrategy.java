package org.blockferry.engine.pipeline;

import com.lmax.disruptor.AlertException;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SequenceBarrier;
import com.lmax.disruptor.WaitStrategy;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Parks whoever waits, and unparks exactly those whose sequence has come: a worker that has claimed slot 7 sleeps through the
 * publishing of slots 5 and 6. Nobody polls and nobody spins, whatever stage is waited for.
 *
 * <p>Design note: the ring's own blocking strategy spins while it waits on an upstream stage, and its sleeping one wakes every
 * waiting thread 20,000 times a second, which two cores feel. A slot is worth hundreds of microseconds, so an unpark for each
 * is nothing.
 *
 * <p>No wake-up is lost: a waiter shows itself, then (after a full fence) looks once more before it parks; a signaller moves
 * its sequence, then (after a full fence) looks for waiters. One of the two sees the other.
 */
final class ParkingWaitStrategy implements WaitStrategy {
    private final AtomicReferenceArray<Thread> waiters;
    private final Sequence[] awaited;
    private final long[] wanted;

    /** @param threads the most that ever wait at once */
    ParkingWaitStrategy(int threads) {
        this.waiters = new AtomicReferenceArray<>(threads);
        this.awaited = new Sequence[threads];
        this.wanted = new long[threads];
    }

    @Override
    public long waitFor(long sequence, Sequence cursor, Sequence dependent, SequenceBarrier barrier) throws AlertException {
        long available = dependent.get();
        if (available >= sequence) {
            return available;
        }
        int place = -1;
        try {
            while (true) {
                barrier.checkAlert();
                if (place < 0) {
                    place = enter(dependent, sequence);
                }
                available = dependent.get();
                if (available >= sequence) {
                    return available;
                }
                if (!barrier.isAlerted()) {
                    LockSupport.park(this);
                    // Nobody of this package interrupts; an interrupt from elsewhere would keep park from waiting.
                    Thread.interrupted();
                }
            }
        } finally {
            if (place >= 0) {
                leave(place);
            }
        }
    }

    /** Waits once for {@code sequence} to be reached; may return early, as park may. For the planner, which has no barrier. */
    void awaitOnce(Sequence dependent, long sequence) {
        int place = enter(dependent, sequence);
        try {
            if (dependent.get() < sequence) {
                LockSupport.park(this);
            }
        } finally {
            leave(place);
        }
    }

    private int enter(Sequence dependent, long sequence) {
        Thread me = Thread.currentThread();
        for (int place = 0; place < waiters.length(); place++) {
            if (waiters.get(place) == null && waiters.compareAndSet(place, null, me)) {
                // What is waited for is shown after the thread itself: a signaller that sees less than both unparks too often,
                // never too rarely, because the waiter looks again after the fence.
                synchronized (awaited) {
                    awaited[place] = dependent;
                    wanted[place] = sequence;
                }
                VarHandle.fullFence();
                return place;
            }
        }
        throw new IllegalStateException("more than " + waiters.length() + " threads wait");
    }

    private void leave(int place) {
        synchronized (awaited) {
            awaited[place] = null;
        }
        waiters.set(place, null);
    }

    @Override
    public void signalAllWhenBlocking() {
        VarHandle.fullFence();
        for (int place = 0; place < waiters.length(); place++) {
            Thread waiter = waiters.get(place);
            if (waiter != null && hasCome(place)) {
                LockSupport.unpark(waiter);
            }
        }
    }

    private boolean hasCome(int place) {
        Sequence dependent;
        long sequence;
        synchronized (awaited) {
            dependent = awaited[place];
            sequence = wanted[place];
        }
        return dependent == null || dependent.get() >= sequence;
    }

    /** Unparks everybody: something else than a sequence has changed. */
    void wakeAll() {
        VarHandle.fullFence();
        for (int place = 0; place < waiters.length(); place++) {
            Thread waiter = waiters.get(place);
            if (waiter != null) {
                LockSupport.unpark(waiter);
            }
        }
    }
}
