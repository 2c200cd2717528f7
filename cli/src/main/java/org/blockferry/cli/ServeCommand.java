package org.blockferry.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.blockferry.drivers.nbd.server.NbdServer;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;

/** {@code blockferry serve}: a disk for NBD clients. */
final class ServeCommand implements Command {
    private static final String RAW = "raw";

    @Override
    public OptionTable options() {
        return ServeRequest.table();
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        ServeRequest request = ServeRequest.of(arguments);
        DriverRegistry drivers = session.drivers().get();
        List<String> known = drivers.formats().stream().map(FormatDriver::name).toList();
        if (request.format().isPresent() && !known.contains(request.format().get())) {
            throw new UsageException("Unknown file format '" + request.format().get() + "'; known are " + String.join(", ", known));
        }
        try (ServedDisk disk = ServedDisk.open(drivers, request)) {
            warn(session, request, disk);
            if (request.socket().isPresent() || request.tcp().isPresent()) {
                return serve(session, request, disk, Path.of("unused"));
            }
            // Only its owner can look into it.
            Path folder = Files.createTempDirectory("blockferry");
            try {
                return serve(session, request, disk, folder.resolve("nbd"));
            } finally {
                Files.deleteIfExists(folder);
            }
        }
    }

    private static void warn(Session session, ServeRequest request, ServedDisk disk) {
        if (request.isOpenToStrangers()) {
            String address = request.tcp().get().getAddress().getHostAddress();
            session.err().println(ErrorReport.PROGRAM + "warning: whoever reaches " + address + " can read "
                    + (request.readOnly() ? "" : "and write ") + "the disk, and nothing is encrypted; --tls-creds helps");
        }
        if (!request.readOnly() && request.format().isEmpty() && disk.disk().info().driver().equals(RAW)) {
            // What a client writes to its start may look like another format next time.
            session.err().println(ErrorReport.oneLine(ErrorReport.PROGRAM + "warning: " + request.image()
                    + " is taken for raw by its content, which clients can change; -f raw makes it certain"));
        }
        session.err().flush();
    }

    private static int serve(Session session, ServeRequest request, ServedDisk disk, Path privateSocket) throws IOException {
        End end = new End(session);
        int code;
        // From before there is a socket that somebody would have to remove.
        Signals.Handling signals = session.signals().handle(end, () -> { });
        try {
            try (NbdServer server = NbdServer.start(request.serverOptions(privateSocket), List.of(disk.export()))) {
                session.out().println(NbdUri.of(server.address(), request.name(), request.tlsFolder().isPresent()));
                session.out().flush();
                if (!request.persistent()) {
                    endWithLastClient(server, end);
                }
                code = end.await();
            }
            disk.complete();
        } finally {
            signals.close();
        }
        return code;
    }

    private static void endWithLastClient(NbdServer server, End end) {
        Thread thread = new Thread(() -> {
            try {
                server.awaitLastClient();
                end.reached();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }, "await-last-client");
        thread.setDaemon(true);
        thread.start();
    }

    /** What ends the server: its last client, or a signal. */
    private static final class End implements Signals.Stop {
        private final Session session;
        private final CountDownLatch reached = new CountDownLatch(1);
        private volatile int signal;

        End(Session session) {
            this.session = session;
        }

        void reached() {
            reached.countDown();
        }

        @Override
        public void requested(String name, int number) {
            if (signal == 0) {
                signal = number;
                session.err().println(ErrorReport.PROGRAM + name + ": finishing what is in flight");
                session.err().flush();
                reached.countDown();
            }
        }

        /** The exit code, when it has come. */
        int await() throws IOException {
            try {
                reached.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while serving", e);
            }
            return signal == 0 ? ExitCode.OK : ExitCode.SIGNALLED + signal;
        }
    }
}
