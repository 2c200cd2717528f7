package org.blockferry.engine.pipeline;

import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SequenceBarrier;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * The threads of one stage, and as a sequence, the end of what all of them have finished. Threads are started one by one while
 * slots pile up in front of the stage, so that a small copy has few.
 *
 * <p>Design note: a thread that joins late must not be overlooked by whoever computes the lowest sequence just then. It is put
 * into {@code members}, with a sequence that is safe, before it is started, and {@link #get} takes a minimum only as valid if
 * the members were the same before and after: then everything that it read was finished before the newcomer could claim a slot.
 */
final class StageGroup extends Sequence {
    private final RingBuffer<CopySlot> ring;
    private final SequenceBarrier barrier;
    private final ParkingWaitStrategy waiting;
    private final String threadName;
    private int most;
    private final Supplier<SlotStage> stages;
    private final RunState state;
    private final Sequence claim = new Sequence();
    private volatile ClaimProcessor[] members = {};
    private Thread[] threads = {};

    /**
     * @param barrier what the stage waits for
     * @param threadName what the threads are called, with a number behind it
     * @param most threads
     * @param stages makes the stage of one more thread; called by the planner
     */
    StageGroup(RingBuffer<CopySlot> ring, SequenceBarrier barrier, ParkingWaitStrategy waiting, String threadName, int most,
            Supplier<SlotStage> stages, RunState state) {
        this.ring = ring;
        this.barrier = barrier;
        this.waiting = waiting;
        this.threadName = threadName;
        this.most = most;
        this.stages = stages;
        this.state = state;
    }

    /**
     * Starts one more thread if slots wait for more than there are. Called by the planner only.
     *
     * @param published the last slot that is handed over, or is about to be
     */
    void grow(long published) {
        if (threads.length < most && published - get() > threads.length) {
            startOne();
        }
    }

    private void startOne() {
        int count = threads.length;
        ClaimProcessor processor =
                new ClaimProcessor(ring, barrier, claim, new Sequence(get()), waiting, stages.get(), state);
        Thread thread = new Thread(processor, threadName + (count + 1));
        thread.setDaemon(true);
        ClaimProcessor[] before = members;
        ClaimProcessor[] more = Arrays.copyOf(before, count + 1);
        more[count] = processor;
        members = more;
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            // The system gives no more threads. Those that run do all the work; without any there is nothing to be done.
            members = before;
            most = count;
            if (count == 0) {
                throw e;
            }
            return;
        }
        threads = Arrays.copyOf(threads, count + 1);
        threads[count] = thread;
    }

    int threads() {
        return threads.length;
    }

    /** Ends the threads, which have nothing left to do, and waits for them. */
    void end() {
        barrier.alert();
        waiting.wakeAll();
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public long get() {
        while (true) {
            ClaimProcessor[] before = members;
            long lowest = before.length == 0 ? -1 : Long.MAX_VALUE;
            for (ClaimProcessor member : before) {
                lowest = Math.min(lowest, member.getSequence().get());
            }
            if (members == before) {
                return lowest;
            }
        }
    }

    /** The ring sets the sequences that gate it to its cursor when they are added; this one is computed. */
    @Override
    public void set(long value) {
        // see above
    }
}
