package org.blockferry.drivers.synthetic;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/** What every node here does with a request before it serves it. */
final class Requests {
    /** Copying from an array of this size is as fast as filling gets in Java, and takes no time to set up. */
    private static final byte[] ZEROES = new byte[1 << 16];

    private Requests() {
    }

    /** @throws BlockException OUT_OF_BOUNDS if the request leaves {@code [0, end)} */
    static void check(String node, String operation, long offset, long length, long end) throws BlockException {
        if (offset < 0 || offset > end || length > end - offset) {
            long start = Math.max(offset, 0);
            throw BlockException.request(BlockException.Kind.OUT_OF_BOUNDS, node, operation,
                    new ByteRange(start, Math.min(length, Long.MAX_VALUE - start)),
                    "the disk ends at 0x" + Long.toHexString(end), null);
        }
    }

    /** Puts {@code length} zeroes into {@code into}. */
    static void putZeroes(ByteBuffer into, long length) {
        for (long left = length; left > 0;) {
            int step = (int) Math.min(left, ZEROES.length);
            into.put(ZEROES, 0, step);
            left -= step;
        }
    }

    /** Index of the first byte of {@code bytes}, position to limit, that is not zero; -1 if all are. */
    static int firstNonZero(ByteBuffer bytes) {
        int start = bytes.position();
        for (int at = start; at < bytes.limit(); at += ZEROES.length) {
            int step = Math.min(ZEROES.length, bytes.limit() - at);
            int found = bytes.slice(at, step).mismatch(ByteBuffer.wrap(ZEROES, 0, step));
            if (found >= 0) {
                return at - start + found;
            }
        }
        return -1;
    }
}
