package org.blockferry.cli;

import java.io.IOException;

/** An option has a value that there is not; for qemu-img that is no matter of usage. */
final class BadOptionException extends IOException {
    private static final long serialVersionUID = 1L;

    BadOptionException(String message) {
        super(message);
    }
}
