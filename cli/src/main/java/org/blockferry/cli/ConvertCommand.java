package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyResult;

/** {@code blockferry convert}: {@code qemu-img convert}, for the scripts that have it. {@code copy} is the friendly one. */
final class ConvertCommand implements Command {

    @Override
    public OptionTable options() {
        return ConvertRequest.table();
    }

    @Override
    public int usageExitCode() {
        return ExitCode.FAILED;
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        DriverRegistry drivers = session.drivers().get();
        if (FormatOptionList.asksForHelp(arguments.values("-o"))) {
            return listOptions(session.out(), drivers, arguments.value("-O").orElse("raw"));
        }
        ConvertRequest request = ConvertRequest.of(arguments, drivers);
        ConvertErrors errors = new ConvertErrors(request);
        try {
            return convert(session, request, drivers, errors);
        } catch (ConvertErrors.HintedException e) {
            ErrorReport.print(session.err(), "convert", e);
            session.err().println(ErrorReport.oneLine(e.hint()));
            return ExitCode.FAILED;
        }
    }

    private static int convert(Session session, ConvertRequest request, DriverRegistry drivers, ConvertErrors errors)
            throws IOException {
        CopyJob opened;
        try {
            opened = Cancellation.opening(session, drivers, request.options());
        } catch (BlockException e) {
            throw errors.opening(e);
        }
        try (CopyJob job = opened) {
            errors.checkBitmaps(job);
            CopyResult result;
            Cancellation cancellation = new Cancellation(job.control(), session.err(), false);
            Signals.Handling signals = session.signals().handle(cancellation,
                    () -> session.err().println(ErrorReport.PROGRAM + Pace.line(job.progress())));
            Optional<ProgressView> view = request.percent() ? Optional.of(new PercentProgress(session.out())) : Optional.empty();
            ProgressTicker ticker = ProgressTicker.start(view, job::progress);
            JobSocket.Listening listening = JobSocket.open(request.control(), job, session.err());
            try {
                result = job.run();
            } catch (BlockException e) {
                throw errors.running(e);
            } finally {
                listening.close();
                ticker.close();
                signals.close();
            }
            return conclude(session.err(), request, result, cancellation);
        }
    }

    private static int conclude(PrintWriter err, ConvertRequest request, CopyResult result, Cancellation cancellation) {
        if (!request.quiet()) {
            for (ByteRange range : result.salvagedRanges()) {
                err.println(ErrorReport.PROGRAM + "warning: error while reading at byte " + range.offset() + ": " + range.length()
                        + " bytes became zeroes");
            }
            if (result.salvaged() > 0) {
                err.println(ErrorReport.PROGRAM + "warning: " + result.salvaged() + " bytes could not be read");
            }
        }
        if (result.cancelled()) {
            err.println(ErrorReport.oneLine(ErrorReport.PROGRAM + cancellation.by() + "; target " + result.targetState()));
            return cancellation.exitCode();
        }
        return ExitCode.OK;
    }

    private static int listOptions(PrintWriter out, DriverRegistry drivers, String format) throws BlockException {
        out.println("Supported options:");
        for (Map.Entry<String, String> option : drivers.format(format, format).createOptions().entrySet()) {
            out.println("  " + option.getKey() + " - " + option.getValue());
        }
        return ExitCode.OK;
    }
}
