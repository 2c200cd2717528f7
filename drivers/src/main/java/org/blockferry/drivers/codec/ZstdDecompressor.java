package org.blockferry.drivers.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;

/**
 * zstd by zstd-jni, frame by frame.
 *
 * <p>Design note: a whole frame is decoded in one call into its final place. The streaming interface would take a window as large
 * as the frame's header asks for, up to 128 MiB, and one call over everything up to the limit would stumble over what follows
 * the frame.
 */
final class ZstdDecompressor implements Decompressor {
    private final ZstdDecompressCtx context = new ZstdDecompressCtx();
    private int consumed;

    @Override
    public boolean decompress(ByteBuffer from, ByteBuffer into) {
        int start = from.position();
        try {
            while (into.hasRemaining()) {
                long frame = Zstd.findDirectByteBufferFrameCompressedSize(from, from.position(), from.remaining());
                if (Zstd.isError(frame) || frame <= 0 || frame > from.remaining()) {
                    return false;
                }
                int made = context.decompressDirectByteBuffer(
                        into, into.position(), into.remaining(), from, from.position(), (int) frame);
                from.position(from.position() + (int) frame);
                into.position(into.position() + made);
            }
            consumed = from.position() - start;
            return true;
        } catch (ZstdException e) {
            return false;
        }
    }

    @Override
    public int consumed() {
        return consumed;
    }

    @Override
    public void close() {
        context.close();
    }
}
