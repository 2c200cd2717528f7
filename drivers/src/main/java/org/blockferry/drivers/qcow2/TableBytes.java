package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.WriteFlag;

/** Tables of an image as bytes, to and from its file. */
final class TableBytes {
    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();

    private TableBytes() {
    }

    /** Reads a table; what the file does not reach is zero. */
    static ByteBuffer read(BlockStorage file, long offset, int bytes) throws BlockException {
        ByteBuffer into = ByteBuffer.allocateDirect(bytes);
        int there = (int) Math.max(0, Math.min(bytes, file.info().length() - offset));
        file.read(offset, into.limit(there));
        return into.clear();
    }

    /** Entries {@code [from, to)}, big-endian, ready to be written. */
    static ByteBuffer of(long[] entries, int from, int to) {
        int end = Math.min(to, entries.length);
        ByteBuffer bytes = ByteBuffer.allocateDirect((end - from) * Long.BYTES);
        bytes.asLongBuffer().put(entries, from, end - from);
        return bytes;
    }

    /** Writes zeroes. */
    static void zero(BlockStorage file, long offset, long length) throws BlockException {
        for (long at = 0; at < length; at += ZEROES.capacity()) {
            file.write(offset + at, ZEROES.duplicate().limit((int) Math.min(ZEROES.capacity(), length - at)), WriteFlag.NONE);
        }
    }
}
