package org.blockferry.drivers.posix;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * Linux by JNA direct mapping. Arguments are primitives only, pointers among them as {@code long}, so that a call costs no
 * allocation and no conversion; structures are laid out by hand in a buffer that each thread keeps.
 *
 * <p>Constants and layouts are those of the Linux UAPI headers {@code linux/fs.h}, {@code linux/falloc.h}, {@code
 * asm-generic/fcntl.h} and {@code asm-generic/ioctls.h}.
 */
final class LinuxNative implements NativeAccess {
    private static final int O_CLOEXEC = 02000000;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;

    private static final int F_OFD_GETLK = 36;
    private static final int F_OFD_SETLK = 37;
    private static final short F_RDLCK = 0;
    private static final short F_WRLCK = 1;
    private static final short F_UNLCK = 2;

    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BLOCKS = 0x400;
    /** {@code struct statx} has 256 bytes, the number of blocks of 512 bytes at byte 48. */
    private static final int STATX_LENGTH = 256;
    private static final int STATX_BLOCKS_AT = 48;

    /** {@code _IOW(0x94, 13, struct file_clone_range)}, the structure having 32 bytes. */
    private static final long FICLONERANGE = 0x4020940DL;
    private static final long BLKROGET = 0x125E;
    private static final long BLKSSZGET = 0x1268;
    /** {@code _IOR(0x12, 114, size_t)} */
    private static final long BLKGETSIZE64 = 0x80081272L;
    private static final long BLKDISCARD = 0x1277;
    private static final long BLKPBSZGET = 0x127B;
    private static final long BLKZEROOUT = 0x127F;

    /** The JVM's encoding of file names, which is not always its default encoding. */
    private static final Charset PATHS = pathEncoding();

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    LinuxNative() {
        Libc.ensureLinked();
    }

    private static Charset pathEncoding() {
        String name = System.getProperty("sun.jnu.encoding", "UTF-8");
        return Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
    }

    @Override
    public int open(String path, int flags, int mode) {
        byte[] bytes = path.getBytes(PATHS);
        ByteBuffer text = ByteBuffer.allocateDirect(bytes.length + 1).put(bytes).put((byte) 0);
        long address = addressOf(text);
        int fd;
        do {
            fd = negated(Libc.open(address, flags | O_CLOEXEC, mode));
        } while (fd == -Errno.EINTR);
        // The address stands for the buffer only while the buffer is reachable.
        Reference.reachabilityFence(text);
        return fd;
    }

    @Override
    public int close(int fd) {
        // Linux frees the descriptor even when close is interrupted, so it is never repeated.
        return negated(Libc.close(fd));
    }

    @Override
    public long seekData(int fd, long offset) {
        return negated(Libc.lseek(fd, offset, SEEK_DATA));
    }

    @Override
    public long seekHole(int fd, long offset) {
        return negated(Libc.lseek(fd, offset, SEEK_HOLE));
    }

    @Override
    public int truncate(int fd, long length) {
        int result;
        do {
            result = negated(Libc.ftruncate(fd, length));
        } while (result == -Errno.EINTR);
        return result;
    }

    @Override
    public int fallocate(int fd, int mode, long offset, long length) {
        int result;
        do {
            result = negated(Libc.fallocate(fd, mode, offset, length));
        } while (result == -Errno.EINTR);
        return result;
    }

    @Override
    public long allocatedBytes(int fd) {
        Scratch scratch = SCRATCH.get();
        // The empty path stands behind the structure.
        scratch.memory.put(STATX_LENGTH, (byte) 0);
        int result = negated(Libc.statx(fd, scratch.address + STATX_LENGTH, AT_EMPTY_PATH, STATX_BLOCKS, scratch.address));
        return result < 0 ? result : scratch.memory.getLong(STATX_BLOCKS_AT) * 512;
    }

    @Override
    public long copyFileRange(int from, long fromOffset, int to, long toOffset, long length) {
        Scratch scratch = SCRATCH.get();
        long result;
        do {
            scratch.memory.putLong(0, fromOffset).putLong(8, toOffset);
            result = negated(Libc.copy_file_range(from, scratch.address, to, scratch.address + 8, length, 0));
        } while (result == -Errno.EINTR);
        return result;
    }

    /** {@code struct file_clone_range { s64 src_fd; u64 src_offset, src_length, dest_offset; }} */
    @Override
    public int cloneRange(int from, long fromOffset, long length, int to, long toOffset) {
        Scratch scratch = SCRATCH.get();
        scratch.memory.putLong(0, from).putLong(8, fromOffset).putLong(16, length).putLong(24, toOffset);
        return ioctl(to, FICLONERANGE, scratch);
    }

    @Override
    public int zeroOut(int fd, long offset, long length) {
        Scratch scratch = SCRATCH.get();
        scratch.memory.putLong(0, offset).putLong(8, length);
        return ioctl(fd, BLKZEROOUT, scratch);
    }

    @Override
    public int discard(int fd, long offset, long length) {
        Scratch scratch = SCRATCH.get();
        scratch.memory.putLong(0, offset).putLong(8, length);
        return ioctl(fd, BLKDISCARD, scratch);
    }

    @Override
    public long deviceLength(int fd) {
        Scratch scratch = SCRATCH.get();
        int result = ioctl(fd, BLKGETSIZE64, scratch);
        return result < 0 ? result : scratch.memory.getLong(0);
    }

    @Override
    public int logicalSectorSize(int fd) {
        return intOf(fd, BLKSSZGET);
    }

    @Override
    public int physicalSectorSize(int fd) {
        return intOf(fd, BLKPBSZGET);
    }

    @Override
    public int isReadOnlyDevice(int fd) {
        return intOf(fd, BLKROGET);
    }

    private int intOf(int fd, long request) {
        Scratch scratch = SCRATCH.get();
        int result = ioctl(fd, request, scratch);
        return result < 0 ? result : scratch.memory.getInt(0);
    }

    private static int ioctl(int fd, long request, Scratch scratch) {
        int result;
        do {
            result = negated(Libc.ioctl(fd, request, scratch.address));
        } while (result == -Errno.EINTR);
        return result;
    }

    @Override
    public int lockShared(int fd, long offset) {
        return lock(fd, F_OFD_SETLK, F_RDLCK, offset);
    }

    @Override
    public int unlock(int fd, long offset) {
        return lock(fd, F_OFD_SETLK, F_UNLCK, offset);
    }

    @Override
    public int wouldConflict(int fd, long offset) {
        int result = lock(fd, F_OFD_GETLK, F_WRLCK, offset);
        return result < 0 ? result : SCRATCH.get().memory.getShort(0) == F_UNLCK ? 0 : 1;
    }

    /** {@code struct flock { short l_type, l_whence; off_t l_start, l_len; pid_t l_pid; }}, l_pid being 0 for these locks. */
    private static int lock(int fd, int command, short type, long offset) {
        Scratch scratch = SCRATCH.get();
        int result;
        do {
            scratch.memory.putShort(0, type).putShort(2, (short) 0).putLong(8, offset).putLong(16, 1).putLong(24, 0);
            result = negated(Libc.fcntl(fd, command, scratch.address));
        } while (result == -Errno.EINTR);
        return result;
    }

    @Override
    public int pageSize() {
        return Libc.getpagesize();
    }

    @Override
    public String describe(int errno) {
        return Libc.strerror(errno);
    }

    private static int negated(int result) {
        return result == -1 ? -Native.getLastError() : result;
    }

    private static long negated(long result) {
        return result == -1 ? -Native.getLastError() : result;
    }

    private static long addressOf(ByteBuffer direct) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
    }

    /** Room for the largest structure above. Owned by one thread. */
    private static final class Scratch {
        final ByteBuffer memory = ByteBuffer.allocateDirect(STATX_LENGTH + 8).order(ByteOrder.nativeOrder());
        final long address = addressOf(memory);
    }
}
