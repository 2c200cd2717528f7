package org.blockferry.drivers.posix;

/**
 * Error numbers of Linux (generic numbering, as on x86-64 and arm64), and what they mean to a caller that has another way to
 * try.
 */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int EXDEV = 18;
    public static final int ENODEV = 19;
    public static final int ENOTDIR = 20;
    public static final int EISDIR = 21;
    public static final int EINVAL = 22;
    public static final int EMFILE = 24;
    public static final int ENOTTY = 25;
    public static final int ETXTBSY = 26;
    public static final int EFBIG = 27;
    public static final int ENOSPC = 28;
    public static final int EROFS = 30;
    public static final int ENAMETOOLONG = 36;
    public static final int ENOLCK = 37;
    public static final int ENOSYS = 38;
    public static final int ELOOP = 40;
    public static final int EOPNOTSUPP = 95;
    public static final int ETIMEDOUT = 110;
    public static final int EDQUOT = 122;
    public static final int ENOMEDIUM = 123;

    private Errno() {
    }

    /**
     * Whether {@code errno} says that this way does not exist here, rather than that something broke: the next way may be
     * tried, and this one need not be tried again. File systems and kernels say it in many words: ENODEV for a file system
     * without fallocate (kernels before 2.6.32, FUSE), ENOTTY for an unknown ioctl, EXDEV for a copy across file systems,
     * EPERM where a seccomp filter hides the call or a file is immutable for it, ETXTBSY for swap files.
     */
    public static boolean isRefusal(int errno) {
        return switch (errno) {
            case EOPNOTSUPP, ENOSYS, EINVAL, ENODEV, ENOTTY, EXDEV, EBADF, ETXTBSY, EPERM, EISDIR -> true;
            default -> false;
        };
    }
}
