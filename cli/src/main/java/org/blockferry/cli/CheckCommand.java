package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CheckReport;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.RepairMode;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.maintain.CheckJob;
import org.blockferry.engine.maintain.CheckResult;

/** {@code blockferry check}: is this image consistent? Options, output and exit codes of {@code qemu-img check}. */
final class CheckCommand implements Command {
    private static final int CORRUPT = 2;
    private static final int LEAKS = 3;
    private static final int NOT_CHECKABLE = 63;

    @Override
    public OptionTable options() {
        return new OptionTable("check", "[OPTIONS] IMAGE")
                .examples("check disk.qcow2", "check -r leaks disk.qcow2", "check --output json disk.qcow2")
                .description("Compares an image's refcounts and flags with everything that refers to its clusters. Findings go to stderr, "
                        + "the result to stdout.",
                        "Exit codes: 0 consistent, 1 the check was not completed, 2 corruptions, 3 leaked clusters only, 63 images of "
                                + "this format cannot be checked.")
                .group("Options")
                .value("FORMAT", "format of the image; otherwise it is found out", "-f", "--format")
                .value("KIND", "human (default) or json", "--output")
                .value("WHAT", "repair: leaks, or all", "-r", "--repair")
                .value("CACHE", "page cache: writeback, none, writethrough, directsync, unsafe", "-T")
                .flag("open the image although others may write to it", "-U", "--force-share")
                .flag("refuse an image that names other files, which a check does not open: a backing file, a data file",
                        "--untrusted")
                .flag("print no result", "-q", "--quiet")
                .flag("this text", "-h", "--help");
    }

    @Override
    public int usageExitCode() {
        return ExitCode.FAILED;
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        Optional<RepairMode> repair = repair(arguments);
        boolean json = ImageArguments.json(arguments);
        boolean quiet = arguments.has("-q");
        String image = QemuStyle.onlyImage(arguments);
        if (repair.isPresent() && arguments.has("-U")) {
            throw new UsageException("-U is for looking only; what is repaired must not be in use (leave out -U or -r)");
        }
        OpenOptions options = OpenOptions.DEFAULT.withShare(arguments.has("-U"))
                .withCache(QemuStyle.cache("-T", "Invalid source cache option: ", arguments, CacheMode.WRITEBACK));
        if (arguments.has("--untrusted")) {
            refuseNames(session, image, arguments.value("-f"), options);
        }
        CheckJob job = new CheckJob(session.drivers().get(), image, arguments.value("-f"), options);
        Consumer<String> findings = finding -> session.err().println(ErrorReport.oneLine(finding));
        PrintWriter out = session.out();
        CheckResult result;
        try {
            result = repair.isEmpty() ? job.check(findings) : job.repair(repair.get(), findings, report -> {
                if (!json && !quiet) {
                    printRepaired(out, report);
                }
            });
        } catch (BlockException e) {
            if (e.kind() == Kind.UNSUPPORTED && e.getMessage().endsWith("This image format does not support checks")) {
                session.err().println(ErrorReport.PROGRAM + ErrorReport.oneLine(image) + ": This image format does not support checks");
                return NOT_CHECKABLE;
            }
            throw QemuStyle.couldNotOpen(image, e);
        }
        if (!quiet) {
            if (json) {
                printJson(out, image, result);
            } else {
                printHuman(out, result.report());
            }
        }
        return conclude(session.err(), image, result.report());
    }

    /** The check itself opens one file only; who asks for this wants to know whether the image can be used at all. */
    private static void refuseNames(Session session, String image, Optional<String> format, OpenOptions options) throws IOException {
        try (ImageChain chain = new ImageOpener(session.drivers().get(), OpenPolicy.UNTRUSTED).openChain(image, format, options)) {
            assert chain.layers().size() == 1 : "an untrusted image is alone";
        } catch (BlockException e) {
            throw QemuStyle.couldNotOpen(image, e);
        }
    }

    private static Optional<RepairMode> repair(Arguments arguments) throws UsageException {
        Optional<String> word = arguments.value("-r");
        if (word.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(switch (word.get()) {
            case "leaks" -> RepairMode.LEAKS;
            case "all" -> RepairMode.ALL;
            default -> throw new UsageException("Unknown option value for -r (expecting 'leaks' or 'all'): " + word.get());
        });
    }

    private static int conclude(PrintWriter err, String image, CheckReport report) {
        if (report.checkErrors() != 0) {
            err.println(ErrorReport.PROGRAM + ErrorReport.oneLine(image) + ": Check failed");
            return ExitCode.FAILED;
        }
        if (report.corruptions() != 0) {
            return CORRUPT;
        }
        return report.leaks() != 0 ? LEAKS : ExitCode.OK;
    }

    private static void printRepaired(PrintWriter out, CheckReport report) {
        out.println("The following inconsistencies were found and repaired:");
        out.println();
        out.println("    " + report.leaksFixed() + " leaked clusters");
        out.println("    " + report.corruptionsFixed() + " corruptions");
        out.println();
        out.println("Double checking the fixed image now...");
    }

    private static void printHuman(PrintWriter out, CheckReport report) {
        if (report.isClean()) {
            out.println("No errors were found on the image.");
        }
        if (report.corruptions() != 0) {
            out.println();
            out.println(report.corruptions() + " errors were found on the image.");
            out.println("Data may be corrupted, or further writes to the image may corrupt it.");
        }
        if (report.leaks() != 0) {
            out.println();
            out.println(report.leaks() + " leaked clusters were found on the image.");
            out.println("This means waste of disk space, but no harm to data.");
        }
        if (report.checkErrors() != 0) {
            out.println();
            out.println(report.checkErrors() + " internal errors have occurred during the check.");
        }
        if (report.totalClusters() != 0 && report.allocatedClusters() != 0) {
            out.println(report.allocatedClusters() + "/" + report.totalClusters() + " = "
                    + percent(report.allocatedClusters(), report.totalClusters()) + " allocated, "
                    + percent(report.fragmentedClusters(), report.allocatedClusters()) + " fragmented, "
                    + percent(report.compressedClusters(), report.allocatedClusters()) + " compressed clusters");
        }
        if (report.imageEndOffset() != 0) {
            out.println("Image end offset: " + report.imageEndOffset());
        }
    }

    /** As C's {@code %.2f%%} writes it. */
    private static String percent(long part, long whole) {
        return new BigDecimal(part * 100.0 / whole).setScale(2, RoundingMode.HALF_EVEN).toPlainString() + "%";
    }

    /** Counts that are 0 are left out, as qemu-img leaves them out. */
    private static void printJson(PrintWriter out, String image, CheckResult result) throws IOException {
        CheckReport report = result.report();
        record Count(String name, long value) {
        }
        List<Count> counts = List.of(new Count("image-end-offset", report.imageEndOffset()),
                new Count("total-clusters", report.totalClusters()), new Count("allocated-clusters", report.allocatedClusters()),
                new Count("fragmented-clusters", report.fragmentedClusters()),
                new Count("compressed-clusters", report.compressedClusters()), new Count("corruptions", report.corruptions()),
                new Count("leaks", report.leaks()), new Count("corruptions-fixed", report.corruptionsFixed()),
                new Count("leaks-fixed", report.leaksFixed()));
        JsonOutput.pretty(out, json -> {
            json.writeStartObject();
            for (Count count : counts) {
                if (count.value() != 0) {
                    json.writeNumberField(count.name(), count.value());
                }
            }
            json.writeNumberField("check-errors", report.checkErrors());
            json.writeStringField("filename", image);
            json.writeStringField("format", result.format());
            json.writeEndObject();
        });
    }
}
