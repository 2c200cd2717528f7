package org.blockferry.engine.pipeline;

import com.lmax.disruptor.AlertException;
import com.lmax.disruptor.EventProcessor;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SequenceBarrier;
import com.lmax.disruptor.TimeoutException;

/**
 * One of several threads of a stage that compete for slots: each slot is worked on by exactly one of them.
 *
 * <p>A thread claims the next sequence of its stage by moving {@code claim}, waits for the stage before, and works on the slot.
 * Its own sequence stands just before what it has claimed, so the lowest sequence of a stage is the end of what the stage has
 * finished without a gap, and each finished slot counts at once: nothing is batched.
 *
 * <p>Never throws, never stops on its own: a stage that fails drops its slot, and the ring drains.
 */
final class ClaimProcessor implements EventProcessor {
    private final RingBuffer<CopySlot> ring;
    private final SequenceBarrier barrier;
    private final Sequence claim;
    private final Sequence sequence;
    private final ParkingWaitStrategy waiting;
    private final SlotStage stage;
    private final RunState state;
    private volatile boolean running;

    /**
     * @param claim the highest sequence that any thread of this stage has claimed
     * @param sequence of this thread, at or before what it may claim
     */
    ClaimProcessor(RingBuffer<CopySlot> ring, SequenceBarrier barrier, Sequence claim, Sequence sequence,
            ParkingWaitStrategy waiting, SlotStage stage, RunState state) {
        this.ring = ring;
        this.barrier = barrier;
        this.claim = claim;
        this.sequence = sequence;
        this.waiting = waiting;
        this.stage = stage;
        this.state = state;
    }

    @Override
    public void run() {
        running = true;
        try {
            while (true) {
                long mine = claimNext();
                if (barrier.waitFor(mine) >= mine) {
                    process(ring.get(mine));
                }
            }
        } catch (AlertException | TimeoutException | InterruptedException e) {
            // The copy is over: the barrier is alerted only when everything has been drained.
        } finally {
            running = false;
        }
    }

    private long claimNext() {
        long next;
        do {
            next = claim.get() + 1;
            sequence.set(next - 1);
        } while (!claim.compareAndSet(next - 1, next));
        waiting.signalAllWhenBlocking();
        return next;
    }

    private void process(CopySlot slot) {
        try {
            stage.process(slot);
        } catch (Throwable t) {
            state.failed(t);
            state.drop(slot);
        }
    }

    @Override
    public Sequence getSequence() {
        return sequence;
    }

    @Override
    public void halt() {
        barrier.alert();
        waiting.wakeAll();
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
