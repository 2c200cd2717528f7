package org.blockferry.engine.graph;

import java.nio.ByteBuffer;

/** Fills buffers with zeroes, without allocating. */
final class Zeroes {
    private static final byte[] BLOCK = new byte[64 * 1024];

    private Zeroes() {
    }

    /** Puts {@code count} zero bytes at the buffer's position. */
    static void fill(ByteBuffer into, int count) {
        int left = count;
        while (left > 0) {
            int piece = Math.min(left, BLOCK.length);
            into.put(BLOCK, 0, piece);
            left -= piece;
        }
    }
}
