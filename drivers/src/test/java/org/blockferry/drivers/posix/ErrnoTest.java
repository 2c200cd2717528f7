package org.blockferry.drivers.posix;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ErrnoTest {
    @ParameterizedTest
    @ValueSource(ints = {Errno.EOPNOTSUPP, Errno.ENOSYS, Errno.EINVAL, Errno.ENODEV, Errno.ENOTTY, Errno.EXDEV, Errno.EBADF,
        Errno.ETXTBSY, Errno.EPERM, Errno.EISDIR})
    void whatSaysThatThereIsNoSuchWayIsARefusal(int errno) {
        assertTrue(Errno.isRefusal(errno));
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EIO, Errno.ENOSPC, Errno.EDQUOT, Errno.EROFS, Errno.EFBIG, Errno.ENXIO, Errno.EAGAIN,
        Errno.ENOMEM, 0})
    void whatSaysThatSomethingBrokeIsNone(int errno) {
        assertFalse(Errno.isRefusal(errno));
    }
}
