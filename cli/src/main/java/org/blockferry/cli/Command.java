package org.blockferry.cli;

/** One word after {@code blockferry}. */
interface Command {
    /** The command's options and help. */
    OptionTable options();

    /** The exit code when the command line makes no sense; qemu-img's commands have their own meaning for 2. */
    default int usageExitCode() {
        return ExitCode.USAGE;
    }

    /**
     * Does it.
     *
     * @return the exit code
     * @throws UsageException if the options make no sense together
     * @throws java.io.IOException as one line
     */
    int run(Session session, Arguments arguments) throws UsageException, java.io.IOException;
}
