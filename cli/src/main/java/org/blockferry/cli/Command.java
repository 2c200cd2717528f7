package org.blockferry.cli;

/** One word after {@code blockferry}. */
interface Command {
    /** The command's options and help. */
    OptionTable options();

    /** The exit code for a command line that makes no sense. A command that qemu-img has keeps qemu-img's. */
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
