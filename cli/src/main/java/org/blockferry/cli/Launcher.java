package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** One run of the program, without the process around it. */
public final class Launcher {
    private final PrintWriter out;
    private final PrintWriter err;
    private final Optional<Terminal> terminal;
    private final Signals signals;
    private final CommandRegistry commands = new CommandRegistry();

    Launcher(PrintWriter out, PrintWriter err, Optional<Terminal> terminal, Signals signals) {
        this.out = out;
        this.err = err;
        this.terminal = terminal;
        this.signals = signals;
    }

    /**
     * Runs one command, as {@code blockferry ARGS} does, without ending the process and without handling its signals.
     *
     * @param out gets results
     * @param err gets progress and one line for an error
     * @return the exit code: 0 done, 1 failed, 2 usage; a command with other codes says so in its help
     */
    public static int run(PrintWriter out, PrintWriter err, String... args) {
        int code = new Launcher(out, err, Optional.empty(), Signals.NONE).run(args);
        out.flush();
        err.flush();
        return code;
    }

    int run(String... args) {
        if (args.length == 0) {
            printHelp(err);
            return ExitCode.USAGE;
        }
        return switch (args[0]) {
            case "--version", "-V", "version" -> {
                out.println("blockferry " + Version.TEXT);
                yield ExitCode.OK;
            }
            case "--help", "-h", "help" -> help(args);
            default -> command(args[0], Arrays.asList(args).subList(1, args.length));
        };
    }

    private int help(String... args) {
        if (args.length > 1 && args[0].equals("help")) {
            return command(args[1], List.of("--help"));
        }
        printHelp(out);
        return ExitCode.OK;
    }

    private int command(String name, List<String> words) {
        Optional<Command> found = commands.find(name);
        if (found.isEmpty()) {
            return ErrorReport.print(err, "", new UsageException((name.startsWith("-") ? "there is no option '" : "there is no command '")
                    + name + "' here; commands: " + String.join(", ", commands.names())));
        }
        Command command = found.get();
        try {
            Logging.configure();
            DriverLoading drivers = DriverLoading.start();
            OptionTable options = command.options();
            Arguments arguments = options.parse(command.prepare(words));
            if (arguments.has("--help")) {
                options.printHelp(out);
                return ExitCode.OK;
            }
            return command.run(new Session(out, err, terminal, signals, drivers), arguments);
        } catch (UsageException e) {
            ErrorReport.print(err, name, e);
            return command.usageExitCode();
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            return ErrorReport.print(err, name, e);
        }
    }

    private void printHelp(PrintWriter to) {
        to.println("Usage: blockferry COMMAND [OPTIONS] ARGUMENTS");
        to.println();
        to.println("  blockferry copy disk.raw disk.qcow2");
        to.println("  blockferry copy --backing base.qcow2 overlay.qcow2 thin-copy.qcow2");
        to.println();
        to.println("Copies disk images: sparse, fast, from and to raw and qcow2.");
        to.println();
        to.println("Commands:");
        for (String name : commands.names()) {
            to.println("  " + name + "  " + commands.summary(name));
        }
        to.println();
        to.println("blockferry COMMAND --help tells more. Exit codes: 0 done, 1 failed, 2 usage, 130 cancelled by Ctrl-C.");
    }
}
