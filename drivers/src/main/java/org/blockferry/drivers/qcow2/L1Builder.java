package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.blockferry.engine.block.BlockException;

/**
 * The L1 table of a new image while it is being written: where each L2 table stands, 0 for those that are not there. Memory is
 * taken in chunks, as tables appear, so that a large disk with little in it costs little. Not thread-safe: guarded by the
 * {@link L2Window} that owns it.
 */
final class L1Builder {
    private static final int CHUNK_BITS = 12;
    private static final int CHUNK = 1 << CHUNK_BITS;

    private long[][] chunks = new long[1][];

    /** Host offset of a table, or 0. */
    long get(int index) {
        int chunk = index >>> CHUNK_BITS;
        return chunk >= chunks.length || chunks[chunk] == null ? 0 : chunks[chunk][index & CHUNK - 1];
    }

    void set(int index, long hostOffset) {
        int chunk = index >>> CHUNK_BITS;
        if (chunk >= chunks.length) {
            chunks = Arrays.copyOf(chunks, Math.max(chunk + 1, 2 * chunks.length));
        }
        if (chunks[chunk] == null) {
            chunks[chunk] = new long[CHUNK];
        }
        chunks[chunk][index & CHUNK - 1] = hostOffset;
    }

    /** Writes the first {@code entries} entries as the table stands on disk, zeroes up to {@code length} bytes behind them. */
    void write(FreshFile file, long hostOffset, int entries, long length) throws BlockException {
        ByteBuffer out = ByteBuffer.allocateDirect(CHUNK * Long.BYTES).order(ByteOrder.BIG_ENDIAN);
        long written = 0;
        for (int first = 0; first < entries; first += CHUNK) {
            int chunk = first >>> CHUNK_BITS;
            int count = Math.min(CHUNK, entries - first);
            if (chunk < chunks.length && chunks[chunk] != null) {
                file.zeroUnwritten(hostOffset + written, (long) first * Long.BYTES - written);
                out.clear();
                for (int i = 0; i < count; i++) {
                    long table = chunks[chunk][i];
                    out.putLong(table == 0 ? 0 : L2Entry.data(table));
                }
                file.writeMetadata(hostOffset + (long) first * Long.BYTES, out.flip());
                written = (long) (first + count) * Long.BYTES;
            }
        }
        file.zeroUnwritten(hostOffset + written, length - written);
    }
}
