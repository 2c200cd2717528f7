package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.blockferry.drivers.qmp.QemuDisk;
import org.blockferry.drivers.qmp.QmpServer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.LiveDisk;
import org.blockferry.engine.job.Progress;
import org.blockferry.engine.mirror.MirrorEvent;
import org.blockferry.engine.mirror.MirrorJob;

/** {@code blockferry mirror}: a disk of a running QEMU, followed until both sides are the same. */
final class MirrorCommand implements Command {

    @Override
    public OptionTable options() {
        return MirrorRequest.table();
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        MirrorRequest request = MirrorRequest.of(arguments);
        DriverRegistry drivers = session.drivers().get();
        List<String> known = drivers.formats().stream().map(FormatDriver::name).toList();
        Optional<String> format = request.options().targetFormat();
        if (format.isPresent() && !known.contains(format.get())) {
            throw new UsageException("Unknown file format '" + format.get() + "'; known are " + String.join(", ", known));
        }
        QemuDisk disk = QemuDisk.open(request.disk());
        if (!disk.stale().isEmpty() && !request.quiet()) {
            say(session, request, "removed from QEMU what a run that was killed had left: " + String.join(", ", disk.stale()));
        }
        MirrorBase.check(drivers, disk, request);
        String targetState = "untouched";
        try (MirrorJob job = MirrorJob.open(drivers, disk, request.options())) {
            try {
                return mirror(session, request, job);
            } finally {
                targetState = job.targetState();
            }
        } catch (BlockException e) {
            if (targetState.startsWith("incomplete")) {
                // One failure is one line, also when there is more to say.
                throw new IOException(e.getMessage() + "; target " + targetState, e);
            }
            throw e;
        }
    }

    private static void say(Session session, MirrorRequest request, String what) {
        if (!request.quiet() && !request.json()) {
            session.err().println(ErrorReport.oneLine(ErrorReport.PROGRAM + what));
            session.err().flush();
        }
    }

    private static int mirror(Session session, MirrorRequest request, MirrorJob job) throws IOException {
        PrintWriter err = session.err();
        Ending ending = new Ending(session, job);
        MirrorControl control = new MirrorControl(job, request.autoDismiss());
        Optional<QmpServer> server = request.control().isEmpty() ? Optional.empty()
                : Optional.of(QmpServer.start(request.control().get(), new JobControlHandler(control)));
        job.onEvent(event -> {
            told(session, request, job, event);
            server.ifPresent(listening -> listening.event(event.name().name(),
                    MirrorReport.data(event, control.id(), job.speed())));
            control.happened(event);
        });
        Signals.Handling signals = session.signals().handle(ending, () -> report(request, job, err));
        ProgressTicker ticker = ProgressTicker.start(view(session, request, job), new Elapsed(job)::progress);
        LiveDisk.Ending result;
        try {
            result = job.run();
        } finally {
            ticker.close();
            signals.close();
            server.ifPresent(QmpServer::close);
        }
        if (request.json()) {
            JsonOutput.line(session.out(), json -> MirrorReport.write(json, job.progress(),
                    result.name().toLowerCase(Locale.ROOT), job.targetState()));
        }
        if (result == LiveDisk.Ending.COMPLETED) {
            return ExitCode.OK;
        }
        say(session, request, ending.by() + "; target " + job.targetState());
        return ending.exitCode();
    }

    private static void told(Session session, MirrorRequest request, MirrorJob job, MirrorEvent event) {
        if (request.json()) {
            MirrorReport.print(session.err(), event);
        } else if (event.name() == MirrorEvent.Name.BLOCK_JOB_READY) {
            say(session, request, "ready, pass " + job.progress().pass()
                    + (request.waits() ? "; Ctrl-C makes the target a point in time" : ""));
        } else if (event.name() == MirrorEvent.Name.BLOCK_JOB_ERROR) {
            say(session, request, "warning: " + event.error());
        }
        if (event.name() == MirrorEvent.Name.BLOCK_JOB_READY && !request.waits()) {
            job.complete();
        }
    }

    /** Somebody asked by a signal how far we are. */
    private static void report(MirrorRequest request, MirrorJob job, PrintWriter err) {
        if (request.json()) {
            MirrorReport.print(err, job.progress());
        } else {
            err.println(ErrorReport.PROGRAM + MirrorReport.line(job.progress()));
            err.flush();
        }
    }

    private static Optional<ProgressView> view(Session session, MirrorRequest request, MirrorJob job) {
        if (!request.json()) {
            return ProgressView.choose(session, false, request.percent(), request.quiet(), session.out());
        }
        return Optional.of(new ProgressView() {
            @Override
            public void show(Progress progress) {
                MirrorReport.print(session.err(), job.progress());
            }

            @Override
            public void finish(Progress progress) {
                show(progress);
            }
        });
    }

    /** Since when it runs, for views that were made for copies. */
    private static final class Elapsed {
        private final MirrorJob job;
        private final long start = System.nanoTime();

        Elapsed(MirrorJob job) {
            this.job = job;
        }

        Progress progress() {
            return MirrorReport.asCopy(job.progress(), Duration.ofNanos(System.nanoTime() - start));
        }
    }

    /** What Ctrl-C does: the first asks for a good end, the second for an early one, the third does not ask. */
    private static final class Ending implements Signals.Stop {
        private static final int ENOUGH = 3;

        private final Session session;
        private final MirrorJob job;
        private final AtomicInteger requests = new AtomicInteger();
        private volatile int firstNumber;
        private volatile String firstName = "";

        Ending(Session session, MirrorJob job) {
            this.session = session;
            this.job = job;
        }

        @Override
        public void requested(String name, int number) {
            int request = requests.incrementAndGet();
            if (request >= ENOUGH) {
                Runtime.getRuntime().halt(ExitCode.SIGNALLED + number);
            }
            if (request == 1) {
                firstName = name;
                firstNumber = number;
                // After a bar the cursor stands at the end of its line.
                session.err().println((session.terminal().isPresent() ? System.lineSeparator() : "") + ErrorReport.PROGRAM
                        + name + ": ending; once more to abandon");
                session.err().flush();
            }
            job.cancel(request > 1);
        }

        String by() {
            return firstName.isEmpty() ? "cancelled" : "cancelled by " + firstName;
        }

        int exitCode() {
            return firstNumber == 0 ? ExitCode.CANCELLED : ExitCode.SIGNALLED + firstNumber;
        }
    }
}
