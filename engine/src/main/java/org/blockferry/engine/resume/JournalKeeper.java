package org.blockferry.engine.resume;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;

/**
 * Collects what a target has taken, and from time to time flushes the target and tells its journal. Thread-safe; the thread that
 * finds that it is time does it, and the others go on.
 */
public final class JournalKeeper {
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Journal journal;
    private final BlockTarget target;
    private final long interval;
    private final ReentrantLock saving = new ReentrantLock();
    private final AtomicLong unsaved = new AtomicLong();
    private volatile long savedNanos = System.nanoTime();
    /** Guarded by {@code this}. */
    private RangeSet taken = new RangeSet();

    /** @param interval bytes read between two entries, or ten seconds if they pass before */
    public JournalKeeper(Journal journal, BlockTarget target, long interval) {
        this.journal = Objects.requireNonNull(journal, "journal");
        this.target = Objects.requireNonNull(target, "target");
        this.interval = interval;
    }

    /** So many bytes have been read, which would have to be read again. */
    public void read(long bytes) {
        unsaved.addAndGet(bytes);
    }

    /** The target has taken these. */
    public void settled(ByteRange range) throws BlockException {
        synchronized (this) {
            taken.add(range);
        }
        boolean due = unsaved.get() >= interval || System.nanoTime() - savedNanos >= MOST_NANOS;
        if (due && saving.tryLock()) {
            try {
                save();
            } finally {
                saving.unlock();
            }
        }
    }

    /** Flushes the target and tells the journal what that made durable. */
    public void saveAll() throws BlockException {
        saving.lock();
        try {
            save();
        } finally {
            saving.unlock();
        }
    }

    private void save() throws BlockException {
        List<ByteRange> ranges;
        unsaved.set(0);
        synchronized (this) {
            ranges = taken.ranges();
            taken = new RangeSet();
        }
        // In this order: what is told is what the flush makes durable, or less.
        if (!ranges.isEmpty()) {
            target.flush();
            journal.append(ranges);
        }
        savedNanos = System.nanoTime();
    }
}
