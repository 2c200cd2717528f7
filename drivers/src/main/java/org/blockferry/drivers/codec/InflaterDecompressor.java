package org.blockferry.drivers.codec;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Raw deflate by {@code java.util.zip}. */
final class InflaterDecompressor implements Decompressor {
    private final Inflater inflater = new Inflater(true);

    @Override
    public boolean decompress(ByteBuffer from, ByteBuffer into) {
        inflater.reset();
        inflater.setInput(from);
        try {
            while (into.hasRemaining()) {
                if (inflater.inflate(into) == 0) {
                    // Finished, out of input or in want of a dictionary: nothing more will come.
                    return false;
                }
            }
            return true;
        } catch (DataFormatException e) {
            return false;
        }
    }

    @Override
    public int consumed() {
        try {
            // With all bytes out, the mark of the stream's end may still be unread.
            return inflater.finished() || inflater.inflate(new byte[1]) == 0 && inflater.finished() ? (int) inflater.getBytesRead() : 0;
        } catch (DataFormatException e) {
            return 0;
        }
    }

    @Override
    public void close() {
        inflater.end();
    }
}
