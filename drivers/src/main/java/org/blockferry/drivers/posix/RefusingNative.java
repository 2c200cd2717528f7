package org.blockferry.drivers.posix;

/** A system without any of the calls. */
enum RefusingNative implements NativeAccess {
    INSTANCE;

    @Override
    public int open(String path, int flags, int mode) {
        return -Errno.ENOSYS;
    }

    @Override
    public int close(int fd) {
        return -Errno.ENOSYS;
    }

    @Override
    public long seekData(int fd, long offset) {
        return -Errno.ENOSYS;
    }

    @Override
    public long seekHole(int fd, long offset) {
        return -Errno.ENOSYS;
    }

    @Override
    public int truncate(int fd, long length) {
        return -Errno.ENOSYS;
    }

    @Override
    public int fallocate(int fd, int mode, long offset, long length) {
        return -Errno.ENOSYS;
    }

    @Override
    public long copyFileRange(int from, long fromOffset, int to, long toOffset, long length) {
        return -Errno.ENOSYS;
    }

    @Override
    public int cloneRange(int from, long fromOffset, long length, int to, long toOffset) {
        return -Errno.ENOSYS;
    }

    @Override
    public int zeroOut(int fd, long offset, long length) {
        return -Errno.ENOSYS;
    }

    @Override
    public int discard(int fd, long offset, long length) {
        return -Errno.ENOSYS;
    }

    @Override
    public long deviceLength(int fd) {
        return -Errno.ENOSYS;
    }

    @Override
    public int logicalSectorSize(int fd) {
        return -Errno.ENOSYS;
    }

    @Override
    public int physicalSectorSize(int fd) {
        return -Errno.ENOSYS;
    }

    @Override
    public int isReadOnlyDevice(int fd) {
        return -Errno.ENOSYS;
    }

    @Override
    public int lockShared(int fd, long offset) {
        return -Errno.ENOSYS;
    }

    @Override
    public int unlock(int fd, long offset) {
        return -Errno.ENOSYS;
    }

    @Override
    public int wouldConflict(int fd, long offset) {
        return -Errno.ENOSYS;
    }

    @Override
    public int pageSize() {
        return -Errno.ENOSYS;
    }

    @Override
    public String describe(int errno) {
        return "error " + errno;
    }
}
