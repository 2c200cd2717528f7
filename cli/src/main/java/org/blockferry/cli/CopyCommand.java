package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;
import org.blockferry.engine.job.CopyResult;
import org.blockferry.engine.job.Progress;
import org.blockferry.engine.job.Verification;
import org.blockferry.engine.plan.CopyAction;
import org.blockferry.engine.plan.PlanSummary;
import org.blockferry.engine.util.ByteSize;

/** {@code blockferry copy}: one image becomes another. */
final class CopyCommand implements Command {

    @Override
    public OptionTable options() {
        return CopyRequest.table();
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        CopyRequest request = CopyRequest.of(arguments);
        DriverRegistry drivers = session.drivers().get();
        checkFormats(drivers, request.options());
        if (request.listOptions()) {
            return listOptions(session, request, drivers);
        }
        String targetState = "untouched";
        try (CopyJob job = Cancellation.opening(session, drivers, request.options())) {
            try {
                return request.dryRun() ? dryRun(session, request, job) : copy(session, request, job);
            } finally {
                targetState = job.targetState();
            }
        } catch (BlockException e) {
            if (request.json()) {
                CopyReport.print(results(session, request), request, e, targetState);
            } else if (targetState.startsWith("incomplete")) {
                // One failure is one line, also when there is more to say.
                throw new IOException(e.getMessage() + "; target " + targetState, e);
            }
            throw e;
        }
    }

    /** A format that there is not is a mistake on the command line, not a property of an image. */
    private static void checkFormats(DriverRegistry drivers, CopyOptions options) throws UsageException {
        for (Optional<String> format : List.of(options.sourceFormat(), options.targetFormat(), options.backingFormat())) {
            if (format.isPresent() && drivers.formats().stream().noneMatch(driver -> driver.name().equals(format.get()))) {
                throw new UsageException("Unknown file format '" + format.get() + "'; known are "
                        + drivers.formats().stream().map(FormatDriver::name).collect(Collectors.joining(", ")));
            }
        }
    }

    private static PrintWriter results(Session session, CopyRequest request) {
        return request.toStdout() ? session.err() : session.out();
    }

    private static int copy(Session session, CopyRequest request, CopyJob job) throws BlockException {
        PrintWriter err = session.err();
        Optional<ProgressView> view = ProgressView.choose(session, request.json(), request.percent(), request.quiet(),
                results(session, request));
        Cancellation cancellation = new Cancellation(job.control(), err, session.terminal().isPresent());
        Signals.Handling signals = session.signals().handle(cancellation, () -> report(request, job, err));
        if (request.explain()) {
            job.listenToChoice(lines -> CopyReport.choice(err, request, lines));
        }
        ProgressTicker ticker = ProgressTicker.start(view, job::progress);
        CopyResult result;
        JobSocket.Listening listening = () -> { };
        try {
            listening = JobSocket.open(request.control(), job, err);
            result = job.run();
        } finally {
            listening.close();
            ticker.close();
            signals.close();
        }
        return conclude(session, request, result, cancellation);
    }

    /** Somebody asked by a signal how far we are. */
    private static void report(CopyRequest request, CopyJob job, PrintWriter err) {
        if (request.json()) {
            new JsonProgress(err).show(job.progress());
        } else {
            err.println(ErrorReport.PROGRAM + Pace.line(job.progress()));
        }
    }

    private static int conclude(Session session, CopyRequest request, CopyResult result, Cancellation cancellation) {
        PrintWriter err = session.err();
        if (result.salvaged() > 0) {
            err.println(ErrorReport.PROGRAM + "warning: " + result.salvaged() + " bytes could not be read and are zeroes in the target");
            long unlisted = result.salvaged();
            for (ByteRange range : request.json() ? List.<ByteRange>of() : result.salvagedRanges()) {
                err.println(ErrorReport.PROGRAM + "warning: unreadable: " + range.length() + " bytes at " + range.offset());
                unlisted -= range.length();
            }
            if (unlisted > 0 && !request.json()) {
                err.println(ErrorReport.PROGRAM + "warning: unreadable: " + unlisted + " bytes elsewhere, too scattered to be listed");
            }
        }
        if (result.salvaged() > 0 && request.options().salvageMap().isPresent()) {
            err.println(ErrorReport.oneLine(ErrorReport.PROGRAM + "the same command tries them again: they are in the map '"
                    + request.options().salvageMap().get() + "'"));
        }
        if (result.falseHole().isPresent()) {
            ByteRange range = result.falseHole().get();
            err.println(ErrorReport.oneLine(ErrorReport.PROGRAM + "warning: " + request.options().sources().get(0) + ": at byte "
                    + range.offset() + " there is data where the source said that there is none; everything was read"));
        }
        if (result.verification().isPresent() && !request.json() && !request.quiet()) {
            Verification verified = result.verification().get();
            err.println(ErrorReport.PROGRAM + "verified" + (verified.pastCache() ? ", past the page cache" : "") + ": "
                    + verified.target());
        }
        if (result.statistics().isPresent() && !request.json()) {
            err.print(result.statistics().get().text());
            err.print(bytesByKind(result.progress()));
        }
        if (request.json()) {
            CopyReport.print(results(session, request), request, result);
        }
        if (result.cancelled()) {
            err.println(ErrorReport.oneLine(ErrorReport.PROGRAM + cancellation.by() + "; target " + result.targetState()));
            return cancellation.exitCode();
        }
        return ExitCode.OK;
    }

    /** The last line of the statistics: what became of the bytes. */
    private static String bytesByKind(Progress progress) {
        return "copied " + bytes(progress.copied()) + ", offloaded " + bytes(progress.offloaded()) + ", zeroed " + bytes(progress.zeroed())
                + ", found to be zeroes " + bytes(progress.zeroDetected()) + ", left to the base " + bytes(progress.skipped())
                + System.lineSeparator();
    }

    private static int dryRun(Session session, CopyRequest request, CopyJob job) throws IOException {
        PrintWriter out = session.out();
        if (!request.json()) {
            PlanSummary plan = job.plan();
            out.println("to copy:     " + bytes(plan.copy()));
            out.println("to zero:     " + bytes(plan.zero()));
            out.println("to skip:     " + bytes(plan.skip()));
            return ExitCode.OK;
        }
        JsonOutput.stream(out, json -> {
            PlanSummary[] sum = {PlanSummary.EMPTY};
            json.writeArrayFieldStart("runs");
            try {
                job.forEachAction(action -> {
                    sum[0] = sum[0].plus(action);
                    try {
                        json.writeStartObject();
                        CopyReport.writeRange(json, action.range());
                        json.writeStringField("action", word(action));
                        json.writeEndObject();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            json.writeEndArray();
            json.writeNumberField("copy", sum[0].copy());
            json.writeNumberField("zero", sum[0].zero());
            json.writeNumberField("skip", sum[0].skip());
        });
        return ExitCode.OK;
    }

    private static String word(CopyAction action) {
        if (action instanceof CopyAction.Copy) {
            return "copy";
        }
        return action instanceof CopyAction.Zero ? "zero" : "skip";
    }

    private static String bytes(long count) {
        return count + (count < 1024 ? " bytes" : " bytes (" + ByteSize.format(count) + ")");
    }

    private static int listOptions(Session session, CopyRequest request, DriverRegistry drivers) throws BlockException {
        String target = request.options().target();
        String format = request.namedFormat().orElseGet(() -> drivers.formatByExtension(target).map(FormatDriver::name)
                .orElse("raw"));
        Map<String, String> options = drivers.format(target, format).createOptions();
        session.out().println(options.isEmpty() ? "Format " + format + " has no options." : "Options of format " + format + ":");
        options.forEach((name, help) -> session.out().println("  " + name + " - " + help));
        return ExitCode.OK;
    }
}
