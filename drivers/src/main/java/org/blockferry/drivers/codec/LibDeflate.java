package org.blockferry.drivers.codec;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Raw deflate by libdeflate, a C library that Debian has as {@code libdeflate0}; called through JNA's direct mapping with plain
 * addresses.
 *
 * <p>It decodes a stream in one call and wants it whole: one whose final block is missing, or that would yield more than fits, is
 * refused by it though its first bytes are good. QEMU reads such a cluster, so what libdeflate refuses is tried again with
 * {@code java.util.zip}, which has the last word.
 *
 * <p>Measured (2 cores, libdeflate 1.14, JDK 17.0.15, 768 MiB of /usr in 64 KiB clusters as {@code qemu-img convert -c} writes
 * them, read by two threads and written to a raw file, processor seconds in user mode per pass, five passes in a process):
 * libdeflate 1.1, {@code java.util.zip} 2.2, {@code qemu-img convert -W -m 16} 2.5. The call through JNA is lost in that: a
 * cluster takes some 90 microseconds.
 */
final class LibDeflate implements Decompressor {
    /** System property; {@code off} means to do without libdeflate. */
    static final String SWITCH = "blockferry.libdeflate";

    private static final boolean PRESENT = register();
    private static final int SUCCESS = 0;

    private long handle = alloc();
    private final ByteBuffer taken = ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
    private boolean fellBack;
    private InflaterDecompressor fallback;

    private static boolean register() {
        if (System.getProperty(SWITCH, "on").equals("off")) {
            return false;
        }
        for (String name : List.of("libdeflate.so.0", "deflate")) {
            try {
                if (Native.POINTER_SIZE == Long.BYTES && Native.SIZE_T_SIZE == Long.BYTES) {
                    Native.register(LibDeflate.class, NativeLibrary.getInstance(name));
                    return true;
                }
            } catch (LinkageError e) {
                // Not under this name, or JNA itself cannot be loaded: the next way.
                continue;
            }
        }
        return false;
    }

    static boolean isPresent() {
        return PRESENT;
    }

    private static long alloc() {
        long handle = libdeflate_alloc_decompressor();
        if (handle == 0) {
            throw new OutOfMemoryError("libdeflate_alloc_decompressor");
        }
        return handle;
    }

    @Override
    public boolean decompress(ByteBuffer from, ByteBuffer into) {
        int start = into.position();
        // Without a place for the actual size, only exactly as many bytes as fit are a success.
        int result = libdeflate_deflate_decompress_ex(handle, address(from), from.remaining(), address(into), into.remaining(),
                address(taken), 0);
        fellBack = result != SUCCESS;
        if (result == SUCCESS) {
            into.position(into.limit());
            return true;
        }
        if (fallback == null) {
            fallback = new InflaterDecompressor();
        }
        into.position(start);
        return fallback.decompress(from, into);
    }

    @Override
    public int consumed() {
        return fellBack ? fallback.consumed() : (int) taken.getLong(0);
    }

    private static long address(ByteBuffer direct) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(direct)) + direct.position();
    }

    @Override
    public void close() {
        if (handle != 0) {
            libdeflate_free_decompressor(handle);
            handle = 0;
        }
        if (fallback != null) {
            fallback.close();
        }
    }

    private static native long libdeflate_alloc_decompressor();

    private static native int libdeflate_deflate_decompress_ex(
            long decompressor, long in, long inBytes, long out, long outBytes, long actualInBytes, long actualOutBytes);

    private static native void libdeflate_free_decompressor(long decompressor);
}
