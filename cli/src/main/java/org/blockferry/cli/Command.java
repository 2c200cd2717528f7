package org.blockferry.cli;

import java.util.List;

/** One word after {@code blockferry}. */
interface Command {
    /** The command's options and help. */
    OptionTable options();

    /** The exit code for a command line that makes no sense. A command that qemu-img has keeps qemu-img's. */
    default int usageExitCode() {
        return ExitCode.USAGE;
    }

    /** The words after the command's name, as they are to be read. */
    default List<String> prepare(List<String> words) {
        return words;
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
