package org.blockferry.engine.inspect;

import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.blockferry.engine.block.BlockException;

/**
 * Lets one thread walk while another looks at what was found: asking the system for a run takes about as long as printing one. A few
 * batches go round between the two, so memory is bounded.
 */
final class WalkAhead implements AutoCloseable {
    private static final int BATCHES = 8;

    /** One batch; owned by the thread that took it from a queue. */
    private static final class Batch {
        final MapEntry[] entries = new MapEntry[MapWalk.BATCH];
        int count;
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Batch> empty = new ArrayDeque<>();
    private final ArrayDeque<Batch> filled = new ArrayDeque<>();
    private final Thread walker;
    private boolean ended;
    private boolean abandoned;
    private Throwable failure;

    WalkAhead(MapWalk walk) {
        for (int i = 0; i < BATCHES; i++) {
            empty.add(new Batch());
        }
        walker = new Thread(() -> walk(walk), "map-walk");
        walker.setDaemon(true);
        walker.start();
    }

    private void walk(MapWalk walk) {
        try {
            boolean more = true;
            while (more) {
                Batch batch = take(empty);
                if (batch.count < 0) {
                    break;
                }
                batch.count = walk.fill(batch.entries);
                more = batch.count == batch.entries.length;
                put(filled, batch);
            }
        } catch (BlockException | RuntimeException | Error e) {
            lock.lock();
            failure = e;
            lock.unlock();
        } finally {
            lock.lock();
            ended = true;
            changed.signalAll();
            lock.unlock();
        }
    }

    /** Waits for a batch; at the end one with a negative count. */
    private Batch take(ArrayDeque<Batch> queue) {
        lock.lock();
        try {
            while (queue.isEmpty() && !ended && !abandoned) {
                changed.awaitUninterruptibly();
            }
            if (queue.isEmpty() || abandoned) {
                Batch none = new Batch();
                none.count = -1;
                return none;
            }
            return queue.remove();
        } finally {
            lock.unlock();
        }
    }

    private void put(ArrayDeque<Batch> queue, Batch batch) {
        lock.lock();
        queue.add(batch);
        changed.signalAll();
        lock.unlock();
    }

    /** Gives all to {@code visitor}, in this thread. */
    void forEach(Consumer<? super MapEntry> visitor) throws BlockException {
        for (Batch batch = take(filled); batch.count >= 0; batch = take(filled)) {
            for (int i = 0; i < batch.count; i++) {
                visitor.accept(batch.entries[i]);
            }
            put(empty, batch);
        }
        lock.lock();
        try {
            if (failure instanceof BlockException block) {
                throw block;
            }
            if (failure != null) {
                throw new IllegalStateException("the walk broke off: " + failure, failure);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends the walk, wherever it is; afterwards the disk may be closed. */
    @Override
    public void close() {
        lock.lock();
        abandoned = true;
        changed.signalAll();
        lock.unlock();
        boolean interrupted = false;
        while (walker.isAlive()) {
            try {
                walker.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
