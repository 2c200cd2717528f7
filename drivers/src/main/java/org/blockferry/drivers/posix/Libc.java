package org.blockferry.drivers.posix;

import com.sun.jna.Native;

/**
 * The functions of the C library, mapped directly. Pointers and {@code size_t} are {@code long}: 64-bit systems only.
 *
 * <p>The names are those of libc.
 */
final class Libc {
    static {
        Native.register(Libc.class, "c");
    }

    private Libc() {
    }

    /** Links by running the class initialiser. */
    static void ensureLinked() {
        // The call itself did it.
    }

    static native int open(long path, int flags, int mode);

    static native int close(int fd);

    static native long lseek(int fd, long offset, int whence);

    static native int ftruncate(int fd, long length);

    static native int fallocate(int fd, int mode, long offset, long length);

    static native long copy_file_range(int from, long fromOffset, int to, long toOffset, long length, int flags);

    static native int statx(int folder, long path, int flags, int mask, long into);

    static native int ioctl(int fd, long request, long argument);

    static native int fcntl(int fd, int command, long argument);

    static native int getpagesize();

    static native String strerror(int errno);
}
