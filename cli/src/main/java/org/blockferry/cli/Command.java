package org.blockferry.cli;

/** One word after {@code blockferry}. */
interface Command {
    /** The command's options and help. */
    OptionTable options();

    /**
     * Does it.
     *
     * @return the exit code
     * @throws UsageException if the options make no sense together
     * @throws java.io.IOException as one line
     */
    int run(Session session, Arguments arguments) throws UsageException, java.io.IOException;
}
