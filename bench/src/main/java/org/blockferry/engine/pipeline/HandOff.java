package org.blockferry.engine.pipeline;

import com.lmax.disruptor.AlertException;
import com.lmax.disruptor.FixedSequenceGroup;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SequenceBarrier;
import com.lmax.disruptor.TimeoutException;
import com.lmax.disruptor.WaitStrategy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.infra.Blackhole;

/** Slots handed from a planner through one or two stages of threads and back: what {@link HandOffBenchmark} measures. */
interface HandOff {
    /** As many as a copy usually has. */
    int SLOTS = 32;

    /** Hands {@code slots} over, one by one, and waits until all of them have passed the last stage. */
    long pass(int slots) throws InterruptedException;

    /** Ends the threads. */
    void end() throws InterruptedException;

    /** What a slot holds here: how many have passed through it. */
    final class Slot {
        private long passed;

        void work(long tokens) {
            passed++;
            Blackhole.consumeCPU(tokens);
        }
    }

    /**
     * Through a ring, with any of the Disruptor's wait strategies. Threads claim slots as {@link ClaimProcessor} does, which
     * itself takes our own strategy only. A planner without a free slot, or at the end, waits with our strategy as {@link
     * CopyRing} does, and else as {@link RingBuffer#next} does: it sleeps for the shortest time there is.
     */
    final class OverRing implements HandOff {
        private final WaitStrategy waiting;
        private final RingBuffer<Slot> ring;
        private final List<SequenceBarrier> barriers = new ArrayList<>();
        private final List<Thread> threads = new ArrayList<>();
        private final Sequence last;
        private long published = -1;

        /** @param writers threads of the second stage; 0: there is none */
        OverRing(WaitStrategy waiting, int readers, int writers, long workTokens) {
            this.waiting = waiting;
            this.ring = RingBuffer.createSingleProducer(Slot::new, SLOTS, waiting);
            Sequence[] ends = stage(ring.newBarrier(), readers, workTokens);
            if (writers > 0) {
                ends = stage(ring.newBarrier(ends), writers, workTokens);
            }
            this.last = new FixedSequenceGroup(ends);
            ring.addGatingSequences(ends);
            threads.forEach(Thread::start);
        }

        private Sequence[] stage(SequenceBarrier barrier, int count, long workTokens) {
            barriers.add(barrier);
            Sequence claim = new Sequence();
            Sequence[] sequences = new Sequence[count];
            for (int i = 0; i < count; i++) {
                Sequence sequence = new Sequence();
                sequences[i] = sequence;
                Thread thread = new Thread(() -> run(barrier, claim, sequence, workTokens), "hand-off");
                thread.setDaemon(true);
                threads.add(thread);
            }
            return sequences;
        }

        private void run(SequenceBarrier barrier, Sequence claim, Sequence sequence, long workTokens) {
            try {
                while (true) {
                    long next;
                    do {
                        next = claim.get() + 1;
                        sequence.set(next - 1);
                    } while (!claim.compareAndSet(next - 1, next));
                    waiting.signalAllWhenBlocking();
                    barrier.waitFor(next);
                    ring.get(next).work(workTokens);
                }
            } catch (AlertException | TimeoutException | InterruptedException e) {
                // Ended: the barrier is alerted when everything has passed.
            }
        }

        @Override
        public long pass(int slots) {
            for (int i = 0; i < slots; i++) {
                if (waiting instanceof ParkingWaitStrategy) {
                    await(published + 1 - SLOTS);
                }
                published = ring.next();
                ring.publish(published);
            }
            await(published);
            return published;
        }

        private void await(long sequence) {
            while (last.get() < sequence) {
                if (waiting instanceof ParkingWaitStrategy parking) {
                    parking.awaitOnce(last, sequence);
                } else {
                    LockSupport.parkNanos(1);
                }
            }
        }

        @Override
        public void end() throws InterruptedException {
            barriers.forEach(SequenceBarrier::alert);
            if (waiting instanceof ParkingWaitStrategy parking) {
                parking.wakeAll();
            } else {
                waiting.signalAllWhenBlocking();
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    /** Through a queue before each stage, and one for free slots: the rejected design. */
    final class OverQueues implements HandOff {
        private final BlockingQueue<Slot> free = new ArrayBlockingQueue<>(SLOTS);
        private final List<Thread> threads = new ArrayList<>();
        private final BlockingQueue<Slot> first;

        OverQueues(int readers, int writers, long workTokens) {
            for (int i = 0; i < SLOTS; i++) {
                free.add(new Slot());
            }
            BlockingQueue<Slot> second = writers == 0 ? free : stage(free, writers, workTokens);
            first = stage(second, readers, workTokens);
            threads.forEach(Thread::start);
        }

        private BlockingQueue<Slot> stage(BlockingQueue<Slot> to, int count, long workTokens) {
            BlockingQueue<Slot> from = new ArrayBlockingQueue<>(SLOTS);
            for (int i = 0; i < count; i++) {
                Thread thread = new Thread(() -> run(from, to, workTokens), "hand-off");
                thread.setDaemon(true);
                threads.add(thread);
            }
            return from;
        }

        private static void run(BlockingQueue<Slot> from, BlockingQueue<Slot> to, long workTokens) {
            try {
                while (true) {
                    Slot slot = from.take();
                    slot.work(workTokens);
                    to.put(slot);
                }
            } catch (InterruptedException e) {
                // Ended.
            }
        }

        @Override
        public long pass(int slots) throws InterruptedException {
            for (int i = 0; i < slots; i++) {
                first.put(free.take());
            }
            List<Slot> back = new ArrayList<>(SLOTS);
            while (back.size() < SLOTS) {
                back.add(free.take());
            }
            free.addAll(back);
            return slots;
        }

        @Override
        public void end() throws InterruptedException {
            for (Thread thread : threads) {
                thread.interrupt();
                thread.join();
            }
        }
    }
}
