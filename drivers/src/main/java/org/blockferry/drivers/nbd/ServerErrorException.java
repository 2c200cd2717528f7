package org.blockferry.drivers.nbd;

import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.drivers.nbd.wire.NbdErrno;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/** The server said no to one request; the connection is fine. Stays in this package. */
final class ServerErrorException extends Exception {
    private static final long serialVersionUID = 1L;

    private final NbdErrno errno;
    private final int command;
    private final transient ByteRange range;
    private final String message;

    ServerErrorException(NbdErrno errno, int command, ByteRange range, String message) {
        super(errno.text(), null, false, false);
        this.errno = errno;
        this.command = command;
        this.range = range;
        this.message = message;
    }

    NbdErrno errno() {
        return errno;
    }

    /** The same for users of the SPI. */
    BlockException on(String node) {
        BlockException.Kind kind = errno == NbdErrno.EPERM && command != Nbd.CMD_READ ? BlockException.Kind.READ_ONLY
                : errno.kind();
        String reason = errno.text() + (message.isEmpty() ? "" : " (the server says: " + message + ")");
        return BlockException.request(kind, node, Nbd.verb(command), range, reason, null).withErrno(errno.value());
    }
}
