package org.blockferry.drivers.nbd;

import java.util.Arrays;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;

/**
 * Answers status questions from the extents of large block status replies: one question to the server covers up to 4 GiB
 * less one block (with extended headers, anything), and its many extents serve the callers' questions that follow.
 *
 * <p>The range that is asked for begins small, so that a copy starts at once although a server may need long to look
 * through a scattered image, and doubles while replies stay short. Neighbouring extents of one status are merged as they come,
 * so memory follows what is to be told apart, not what the server sends.
 *
 * <p>A change of the disk ends the validity of everything before its end: callers walk in ascending order and write behind
 * themselves, so this forgets nothing that is still needed. A server that answers with an error is taken to know nothing:
 * data. Thread-safe; the lock is held while the server is asked.
 */
final class StatusCache implements ExtentSink {
    private static final long FIRST_QUERY = 256L << 20;
    /** Above this many different extents in one reply the range is large enough. */
    private static final int MANY_EXTENTS = 4096;
    /** What a server says beyond this is asked again later; bounds the memory that it can make us use. */
    private static final int MOST_EXTENTS = 1 << 20;
    /**
     * 4 GiB less 64 KiB: a multiple of every minimum block size. (nbdkit 1.32 ends with a failed assertion when it is asked for
     * 4 GiB less one byte inside a longer run.)
     */
    static final long MOST_COMPACT_QUERY = (1L << 32) - Nbd.MAX_MINIMUM_BLOCK;
    static final long MOST_EXTENDED_QUERY = 1L << 50;

    private final NbdPool pool;
    private final boolean available;
    private final long size;
    private final long alignment;
    private final long mostQuery;
    private long nextQuery = FIRST_QUERY;

    /** The extents from {@link #windowStart} on: where each ends and what {@code base:allocation} says of it. */
    private long[] ends = new long[64];
    private int[] flags = new int[64];
    private int count;
    private long windowStart;
    private long windowLimit;
    private long position;
    /** The last extent that was given out; questions go forward. */
    private int cursor;

    // Changes come from writers, who must not wait for a question that is under way.
    private final Object changes = new Object();
    private long validFrom;
    private long changedUpTo;
    private volatile boolean used;

    StatusCache(NbdPool pool) {
        this.pool = pool;
        ExportTerms terms = pool.terms();
        available = terms.contexts().containsKey(Nbd.BASE_ALLOCATION);
        size = terms.size();
        alignment = terms.minimumBlock();
        mostQuery = terms.extended() ? MOST_EXTENDED_QUERY : MOST_COMPACT_QUERY;
    }

    /** What the server knows of the first run of {@code range}. */
    synchronized BlockStatus status(ByteRange range) throws BlockException {
        if (!available) {
            return BlockStatus.data(range);
        }
        if (!isCached(range.offset())) {
            query(range.offset());
        }
        int at = find(range.offset());
        ByteRange run = ByteRange.between(range.offset(), ends[at]);
        cursor = at;
        return BlockStatus.of(run, bits(flags[at]));
    }

    /** Forgets what a change of {@code [offset, end)} has made untrue; called when the change is complete or has failed. */
    void changed(long offset, long end) {
        if (used) {
            synchronized (changes) {
                changedUpTo = Math.max(changedUpTo, end);
                validFrom = Math.max(validFrom, end);
            }
        }
    }

    private boolean isCached(long offset) {
        synchronized (changes) {
            return count > 0 && offset >= Math.max(windowStart, validFrom) && offset < ends[count - 1];
        }
    }

    private int find(long offset) {
        int at = cursor < count && (cursor == 0 ? windowStart : ends[cursor - 1]) <= offset ? cursor : 0;
        if (offset < ends[at]) {
            return at;
        }
        if (at + 1 < count && offset < ends[at + 1]) {
            return at + 1;
        }
        int found = Arrays.binarySearch(ends, at, count, offset);
        return found >= 0 ? found + 1 : -found - 1;
    }

    private void query(long offset) throws BlockException {
        used = true;
        long start = offset - offset % alignment;
        long length = Math.min(size - start, Math.min(nextQuery, mostQuery));
        synchronized (changes) {
            changedUpTo = 0;
        }
        windowStart = start;
        windowLimit = start + length;
        restart();
        try {
            pool.status(Nbd.BASE_ALLOCATION, start, length, this);
        } catch (ServerErrorException e) {
            restart();
        }
        if (count == 0) {
            // The server answered with an error, or not about this context: nothing is known.
            extent(0, length, 0);
        }
        if (ends[count - 1] <= offset) {
            throw BlockException.request(BlockException.Kind.IO, pool.node(), Nbd.verb(Nbd.CMD_BLOCK_STATUS),
                    new ByteRange(start, length), "the server's extents end at 0x" + Long.toHexString(ends[count - 1]), null);
        }
        if (count < MANY_EXTENTS) {
            nextQuery = Math.min(nextQuery * 2, mostQuery);
        }
        synchronized (changes) {
            // What was changed while the server looked may or may not be in its answer.
            if (changedUpTo > offset) {
                takeForData(changedUpTo);
            }
            validFrom = 0;
        }
    }

    /** Takes {@code [windowStart, end)} for data, as the careful answer. */
    private void takeForData(long end) {
        int at = 0;
        while (at < count && ends[at] <= end) {
            at++;
        }
        long[] keptEnds = Arrays.copyOfRange(ends, at, count);
        int[] keptFlags = Arrays.copyOfRange(flags, at, count);
        long windowEnd = ends[count - 1];
        restart();
        add(Math.min(end, windowEnd), 0);
        for (int i = 0; i < keptEnds.length; i++) {
            add(keptEnds[i], keptFlags[i]);
        }
    }

    @Override
    public void restart() {
        count = 0;
        cursor = 0;
        position = windowStart;
    }

    @Override
    public void extent(int context, long length, long status) {
        if (position < windowLimit && count < MOST_EXTENTS) {
            // What reaches past the question is asked again from a round offset.
            position = length > windowLimit - position ? windowLimit : position + length;
            add(position, (int) status & (Nbd.STATE_HOLE | Nbd.STATE_ZERO));
        }
    }

    private void add(long end, int status) {
        if (count > 0 && flags[count - 1] == status) {
            ends[count - 1] = end;
            return;
        }
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, count * 2);
            flags = Arrays.copyOf(flags, count * 2);
        }
        ends[count] = end;
        flags[count++] = status;
    }

    /** A protocol node decides everything itself; HOLE is "not mapped" (design, §2). */
    private static int bits(int status) {
        return BlockStatus.LOCAL | ((status & Nbd.STATE_HOLE) == 0 ? BlockStatus.MAPPED : 0)
                | ((status & Nbd.STATE_ZERO) != 0 ? BlockStatus.ZERO : 0);
    }
}
