package org.blockferry.drivers.codec;

import java.nio.ByteBuffer;
import java.util.zip.Deflater;

/** Raw deflate by {@code java.util.zip}, at zlib's default level, as QEMU. */
final class DeflaterCompressor implements Compressor {
    private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);

    @Override
    public int compress(ByteBuffer from, ByteBuffer into) {
        int start = into.position();
        deflater.reset();
        deflater.setInput(from);
        deflater.finish();
        while (!deflater.finished()) {
            if (deflater.deflate(into) == 0 && !into.hasRemaining()) {
                return 0;
            }
        }
        return into.position() - start;
    }

    @Override
    public void close() {
        deflater.end();
    }
}
