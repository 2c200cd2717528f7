package org.blockferry.engine.inspect;

import java.util.OptionalLong;
import org.blockferry.engine.block.BlockException;

/**
 * Hands out what must be read to compare two disks, piece by piece, in ascending order. Where both are known to read as zeroes
 * nothing is; where one is, only the other side is. The shorter disk goes on with zeroes.
 *
 * <p>Shared by all threads that compare; the lock is held for a question of status, not for a read. Because pieces go out in ascending
 * order, all those below a byte that was found to differ are in somebody's hands when it is found.
 */
final class ComparePlan {
    /** Both sides of a piece stay in a core's second-level cache while they are compared. */
    static final int PIECE = 256 << 10;

    private final DiskView first;
    private final DiskView second;
    private final boolean strict;
    private final long end;

    private long at;
    private long stop;
    private Side one = Side.BEFORE;
    private Side two = Side.BEFORE;
    private OptionalLong statusDiffers = OptionalLong.empty();
    private long skipped;

    /** What one of them says from some place on, up to {@code end}. */
    private record Side(long end, boolean zero, int bits) {
        private static final Side BEFORE = new Side(0, true, 0);

        static Side of(DiskView view, long at, long diskEnd) throws BlockException {
            if (at >= view.length()) {
                return new Side(diskEnd, true, 0);
            }
            MapEntry entry = view.entry(at, view.length());
            return new Side(entry.end(), entry.zero(), (entry.present() ? 1 : 0) | (entry.zero() ? 2 : 0) | (entry.data() ? 4 : 0)
                    | (entry.hasOffset() ? 8 : 0));
        }
    }

    /** What a thread is to read; its own. */
    static final class Piece {
        long offset;
        int length;
        boolean readFirst;
        boolean readSecond;
    }

    ComparePlan(DiskView first, DiskView second, boolean strict) {
        this.first = first;
        this.second = second;
        this.strict = strict;
        this.end = Math.max(first.length(), second.length());
        this.stop = end;
    }

    /** Fills {@code piece} with what is to be read next; false if there is nothing left. */
    synchronized boolean next(Piece piece) throws BlockException {
        while (at < stop) {
            if (one.end <= at) {
                one = Side.of(first, at, end);
            }
            if (two.end <= at) {
                two = Side.of(second, at, end);
            }
            if (strict && one.bits != two.bits) {
                statusDiffers = OptionalLong.of(at);
                stop = at;
                return false;
            }
            long same = Math.min(one.end, two.end);
            if (one.zero && two.zero) {
                skipped += same - at;
                at = same;
                continue;
            }
            piece.offset = at;
            piece.length = (int) (Math.min(same, (at & -PIECE) + PIECE) - at);
            piece.readFirst = !one.zero;
            piece.readSecond = !two.zero;
            at += piece.length;
            return true;
        }
        return false;
    }

    /** Nothing from {@code offset} on is of interest any more. */
    synchronized void stopAt(long offset) {
        stop = Math.min(stop, offset);
    }

    /** In strict mode, the first byte of which the two say different things. */
    synchronized OptionalLong statusDiffers() {
        return statusDiffers;
    }

    /** Bytes that nobody had to read. */
    synchronized long skipped() {
        return skipped;
    }

    /** How far it has been handed out: where a question of status failed, if one did. */
    synchronized long position() {
        return at;
    }
}
