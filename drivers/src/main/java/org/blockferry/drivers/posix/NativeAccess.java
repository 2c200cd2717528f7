package org.blockferry.drivers.posix;

import java.util.Optional;

/**
 * System calls that Java lacks, on descriptors of their own. Every method returns the negated {@linkplain Errno error number}
 * when the call fails, and repeats a call that a signal interrupted. Thread-safe: no call depends on a descriptor's position.
 *
 * <p>An interface so that tests can count and refuse calls.
 */
public interface NativeAccess {
    /** For {@link #open}: read only. */
    int O_RDONLY = 0;
    /** For {@link #open}: read and write. */
    int O_RDWR = 2;
    /** For {@link #open}: make the file. */
    int O_CREAT = 0100;
    /** For {@link #open}: with {@link #O_CREAT} fail if it exists; on a block device, fail if it is mounted or held. */
    int O_EXCL = 0200;
    /** For {@link #open}: do not wait for the other end of a FIFO or for a medium. */
    int O_NONBLOCK = 04000;

    /** For {@link #fallocate}: leave the length as it is. */
    int FALLOC_KEEP_SIZE = 0x01;
    /** For {@link #fallocate}, with {@link #FALLOC_KEEP_SIZE}: make a hole. */
    int FALLOC_PUNCH_HOLE = 0x02;
    /** For {@link #fallocate}: allocate, reading as zeroes. */
    int FALLOC_ZERO_RANGE = 0x10;

    /** The implementation for this system, loaded at the first call; empty where there is none. */
    static Optional<NativeAccess> instance() {
        return NativeLoader.instance();
    }

    /** {@link #instance}, or one that refuses every call with {@code -ENOSYS}: ladders of methods need no other case. */
    static NativeAccess orRefusing() {
        return instance().orElse(RefusingNative.INSTANCE);
    }

    /**
     * Starts loading in the background, so that the time it takes (see {@link NativeLoader}) passes beside other start-up
     * work. Returns at once.
     */
    static void warmUp() {
        NativeLoader.warmUp();
    }

    /** Opens a file, closed on exec; {@code path} is encoded as the JVM encodes file names. */
    int open(String path, int flags, int mode);

    int close(int fd);

    /** The first offset at or after {@code offset} that has data; {@code -ENXIO} if there is none before the end. */
    long seekData(int fd, long offset);

    /** The first offset at or after {@code offset} in a hole, the end of the file being one; {@code -ENXIO} past the end. */
    long seekHole(int fd, long offset);

    /** Sets the length; bytes that are gained are a hole. */
    int truncate(int fd, long length);

    /** @param mode an {@code or} of {@code FALLOC_} constants; 0 allocates */
    int fallocate(int fd, int mode, long offset, long length);

    /** Bytes of storage that the file takes ({@code statx}). */
    default long allocatedBytes(int fd) {
        return -Errno.ENOSYS;
    }

    /** Copies in the kernel; returns bytes copied, fewer than asked at its pleasure, 0 at the end of the source. */
    long copyFileRange(int from, long fromOffset, int to, long toOffset, long length);

    /** Shares blocks (FICLONERANGE): all of the range or nothing. */
    int cloneRange(int from, long fromOffset, long length, int to, long toOffset);

    /** Makes a range of a block device read as zeroes (BLKZEROOUT), by whatever way the kernel finds. */
    int zeroOut(int fd, long offset, long length);

    /** Discards a range of a block device (BLKDISCARD); what is read there afterwards is unspecified. */
    int discard(int fd, long offset, long length);

    /** Bytes of a block device (BLKGETSIZE64). */
    long deviceLength(int fd);

    /** The logical sector size of a block device (BLKSSZGET). */
    int logicalSectorSize(int fd);

    /** The physical sector size of a block device (BLKPBSZGET). */
    int physicalSectorSize(int fd);

    /** 1 if a block device is set read-only (BLKROGET), else 0. */
    int isReadOnlyDevice(int fd);

    /** Takes a shared lock on one byte, owned by the open file description; {@code -EAGAIN} if another holds it exclusively. */
    int lockShared(int fd, long offset);

    /** Gives back the lock on one byte. */
    int unlock(int fd, long offset);

    /** 1 if an exclusive lock on that byte is kept away by another open file description, else 0. Takes no lock. */
    int wouldConflict(int fd, long offset);

    /** Bytes in a page of memory. */
    int pageSize();

    /** The system's words for an error number, in the process's language. */
    String describe(int errno);
}
