package org.blockferry.drivers.nbd;

import java.io.IOException;

/**
 * A connection that cannot be used any more; whether the requests on it were carried out is not known. Stays in this package.
 */
final class ConnectionLostException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Whether the other end broke the protocol, so that trying again is no use. */
    private final boolean nonsense;

    ConnectionLostException(String reason, boolean nonsense, Throwable cause) {
        super(reason, cause);
        this.nonsense = nonsense;
    }

    boolean isNonsense() {
        return nonsense;
    }
}
