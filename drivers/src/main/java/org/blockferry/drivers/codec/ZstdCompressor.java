package org.blockferry.drivers.codec;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;

/** zstd by zstd-jni, at its default level, as QEMU. */
final class ZstdCompressor implements Compressor {
    private final ZstdCompressCtx context =
            new ZstdCompressCtx().setLevel(Integer.getInteger("bf.level", 3)).setContentSize(true).setChecksum(false);

    @Override
    public int compress(ByteBuffer from, ByteBuffer into) {
        try {
            int made = context.compressDirectByteBuffer(
                    into, into.position(), into.remaining(), from, from.position(), from.remaining());
            into.position(into.position() + made);
            return made;
        } catch (ZstdException e) {
            // The only failure of compressing memory into memory: what was made does not fit.
            return 0;
        }
    }

    @Override
    public void close() {
        context.close();
    }
}
