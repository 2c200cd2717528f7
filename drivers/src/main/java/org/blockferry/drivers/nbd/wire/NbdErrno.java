package org.blockferry.drivers.nbd.wire;

import org.blockferry.engine.block.BlockException.Kind;

/** The error values of the protocol ("Error values"), what people call them, and which kind of failure each is. */
public enum NbdErrno {
    EPERM(1, "Operation not permitted", Kind.ACCESS_DENIED),
    EIO(5, "Input/output error", Kind.IO),
    ENOMEM(12, "Cannot allocate memory", Kind.IO),
    EINVAL(22, "Invalid argument", Kind.IO),
    ENOSPC(28, "No space left on device", Kind.NO_SPACE),
    EOVERFLOW(75, "Value too large", Kind.IO),
    ENOTSUP(95, "Operation not supported", Kind.UNSUPPORTED),
    ESHUTDOWN(108, "Server is in the process of being shut down", Kind.IO);

    private final int value;
    private final String text;
    private final Kind kind;

    NbdErrno(int value, String text, Kind kind) {
        this.value = value;
        this.text = text;
        this.kind = kind;
    }

    /** The number on the wire. */
    public int value() {
        return value;
    }

    public String text() {
        return text;
    }

    public Kind kind() {
        return kind;
    }

    /** What stands behind {@code value}; "the client SHOULD treat an unexpected error value as if it had been EINVAL". */
    public static NbdErrno of(int value) {
        for (NbdErrno errno : values()) {
            if (errno.value == value) {
                return errno;
            }
        }
        return EINVAL;
    }

    /** What a server answers to a failure of the given kind. */
    public static NbdErrno of(Kind kind) {
        return switch (kind) {
            case NO_SPACE -> ENOSPC;
            case READ_ONLY, ACCESS_DENIED, REFUSED -> EPERM;
            case OUT_OF_BOUNDS, INVALID_ARGUMENT -> EINVAL;
            case IO, INVALID_FORMAT, CORRUPT_IMAGE, UNSUPPORTED, NOT_FOUND, IN_USE -> EIO;
        };
    }
}
