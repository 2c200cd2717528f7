package org.blockferry.cli;

/** The command line makes no sense. The message is one line and names the option or argument. */
final class UsageException extends Exception {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
