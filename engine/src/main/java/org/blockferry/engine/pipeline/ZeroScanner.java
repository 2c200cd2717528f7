package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;

/**
 * Splits bytes into runs of data and runs of zeroes. Finds zeroes in whole blocks at multiples of the block on the disk; the
 * parts of a block at both ends of the bytes count as blocks. Owned by one thread; allocates nothing while it works.
 *
 * <p>{@link ByteBuffer#mismatch} against a block of zeroes is vectorised, and ends at the first byte that is not zero, so data
 * costs one comparison a block.
 */
final class ZeroScanner {
    private static final int COMPARED = 64 << 10;
    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(COMPARED);

    private final ByteBuffer zeroes = ZEROES.duplicate();
    private ByteBuffer bytes = ZEROES;
    private long shift;
    private int limit;
    private int blockMask;
    private int minimum;
    private int start;
    private int end;
    private boolean zero;
    private int foundZeroEnd;

    /**
     * Starts on new bytes.
     *
     * @param buffer whose position and limit are changed
     * @param from first byte in the buffer
     * @param to end of the bytes in the buffer
     * @param offset of the first byte on the disk
     * @param block a power of two
     * @param least shortest run of zeroes that is told apart, unless all bytes are fewer
     */
    void reset(ByteBuffer buffer, int from, int to, long offset, int block, int least) {
        bytes = buffer;
        shift = offset - from;
        limit = to;
        blockMask = block - 1;
        minimum = Math.min(least, to - from);
        end = from;
        zero = false;
        foundZeroEnd = from;
    }

    /** Moves on to the next run; false at the end. Runs of data and of zeroes take turns. */
    boolean next() {
        start = end;
        if (start == limit) {
            return false;
        }
        if (foundZeroEnd > start) {
            end = foundZeroEnd;
            zero = true;
            return true;
        }
        int at = start;
        while (at < limit) {
            int zeroEnd = zeroesFrom(at);
            if (zeroEnd - at >= minimum) {
                foundZeroEnd = zeroEnd;
                break;
            }
            at = blockEnd(zeroEnd);
        }
        if (at == start) {
            end = foundZeroEnd;
            zero = true;
        } else {
            end = at;
            zero = false;
        }
        return true;
    }

    /** End of the last whole block of zeroes, counted from {@code at}; {@code at} if its own block has something else. */
    private int zeroesFrom(int at) {
        int checked = at;
        while (checked < limit) {
            // Most blocks of data differ at once; this spares them the call.
            if (bytes.get(checked) != 0) {
                break;
            }
            int length = Math.min(COMPARED, limit - checked);
            bytes.limit(checked + length).position(checked);
            zeroes.limit(length).position(0);
            int different = bytes.mismatch(zeroes);
            bytes.limit(limit);
            if (different >= 0) {
                checked += different;
                break;
            }
            checked += length;
        }
        return checked == limit ? limit : Math.max(at, blockStart(checked));
    }

    private int blockStart(int position) {
        return position - (int) ((position + shift) & blockMask);
    }

    private int blockEnd(int position) {
        return (int) Math.min(limit, (long) blockStart(position) + blockMask + 1);
    }

    /** First byte of the run in the buffer. */
    int start() {
        return start;
    }

    /** End of the run in the buffer. */
    int end() {
        return end;
    }

    /** Whether the run is zeroes. */
    boolean isZero() {
        return zero;
    }
}
