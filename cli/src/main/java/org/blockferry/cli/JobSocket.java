package org.blockferry.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import org.blockferry.drivers.qmp.QmpServer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.job.CopyJob;

/**
 * How a running copy is told what to do, besides by signals: {@code --control}, and {@code --on-enospc}, which needs it.
 *
 * @param path of the socket
 * @param stopsForSpace whether a full target pauses the copy until it is resumed
 */
record JobSocket(Path path, boolean stopsForSpace) {

    static void declare(OptionTable table) {
        table.value("SOCKET", "listen on this Unix socket, which only this user can open: blockferry job SOCKET speaks to it",
                "--control");
        table.value("WHAT", "when the target is full: report, or with --control stop, until there is space and somebody resumes",
                "--on-enospc");
    }

    static Optional<JobSocket> of(Arguments arguments) throws UsageException {
        String when = arguments.value("--on-enospc").orElse("report");
        boolean stops = when.equals("stop");
        if (!stops && !when.equals("report")) {
            throw new UsageException("--on-enospc is '" + when + "'; it is report or stop");
        }
        if (arguments.value("--control").isEmpty()) {
            if (stops) {
                throw new UsageException("--on-enospc=stop needs --control: nobody could say that it may go on");
            }
            return Optional.empty();
        }
        if (stops && arguments.has("-c")) {
            throw new UsageException("--on-enospc=stop and -c exclude each other: what is compressed is written once");
        }
        try {
            return Optional.of(new JobSocket(Path.of(arguments.value("--control").get()), stops));
        } catch (InvalidPathException e) {
            throw new UsageException("--control is '" + arguments.value("--control").get() + "': " + e.getReason());
        }
    }

    /** A socket that is listened on, or none. */
    @FunctionalInterface
    interface Listening extends AutoCloseable {
        @Override
        void close();
    }

    /** Listens until it is closed, if there is a socket. */
    static Listening open(Optional<JobSocket> socket, CopyJob job, PrintWriter err) throws BlockException {
        return socket.isPresent() ? socket.get().open(job, err)::close : () -> { };
    }

    private QmpServer open(CopyJob job, PrintWriter err) throws BlockException {
        if (stopsForSpace) {
            job.control().stopForSpace(failure -> {
                err.println(ErrorReport.oneLine(ErrorReport.PROGRAM + failure.getMessage() + "; paused: make room, then blockferry job "
                        + path + " resume"));
                err.flush();
            });
        }
        return QmpServer.start(path, new JobControlHandler(new CopyControlled(job)));
    }
}
