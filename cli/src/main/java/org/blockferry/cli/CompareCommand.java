package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.inspect.CompareResult;
import org.blockferry.engine.inspect.ImageCompare;
import org.blockferry.engine.inspect.ImageRequest;

/** {@code blockferry compare}: whether two disks read the same, in the words of {@code qemu-img compare}. */
final class CompareCommand implements Command {
    private static final int DIFFERENT = 1;
    private static final int NOT_OPENED = 2;
    private static final int NO_STATUS = 3;
    private static final int NOT_READ = 4;
    /** qemu-img compares sectors, and names the one that differs. */
    private static final long SECTOR = 512;

    @Override
    public OptionTable options() {
        return new OptionTable("compare", "[OPTIONS] IMAGE IMAGE")
                .examples(
                        "compare disk.raw disk.qcow2",
                        "compare -f raw -F qcow2 -p disk.raw disk.qcow2")
                .description(
                        "Says whether two disks read the same, whatever their formats and backing files. What is known to be zeroes on "
                                + "both sides is not read. A disk that is longer is the same if it goes on with zeroes.",
                        "The offset is that of the sector with the first difference. Exit codes: 0 the same, 1 different, "
                                + "2 cannot be opened, 3 no status, 4 cannot be read.")
                .group("Images")
                .value("FORMAT", "format of the first image; otherwise it is found out", "-f", "--first-format")
                .value("FORMAT", "format of the second image", "-F", "--second-format")
                .value("CACHE", "page cache for both: writeback, none, writethrough, directsync, unsafe", "-T", "--source-cache")
                .flag("look although others may be writing to them", "-U", "--force-share")
                .flag("open nothing that the images name", "--untrusted")
                .group("Comparing")
                .flag("lengths, and what is known of each byte, must be the same, too", "-s", "--strict")
                .flag("show progress", "-p", "--progress")
                .flag("say nothing but errors", "-q", "--quiet")
                .flag("show this text", "-h", "--help");
    }

    @Override
    public int usageExitCode() {
        return ExitCode.FAILED;
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        List<String> images = arguments.rest();
        if (images.size() != 2) {
            throw new UsageException("Expecting two image file names");
        }
        ImageCompare comparison;
        try {
            CacheMode cache = ImageArguments.cache(arguments.value("-T").orElse("writeback"), "source");
            ImageRequest first = ImageArguments.request(images.get(0), arguments).withCache(cache);
            ImageRequest second = ImageArguments.request(images.get(1), arguments).withCache(cache).withFormat(arguments.value("-F"));
            comparison = open(session.drivers().get(), first, second, arguments.has("-s"));
        } catch (IOException e) {
            ErrorReport.print(session.err(), "compare", e);
            return NOT_OPENED;
        }
        try (comparison) {
            return compare(session, arguments, comparison);
        } catch (BlockException e) {
            ErrorReport.print(session.err(), "compare", e.range().isPresent()
                    ? new IOException("Error while reading offset " + e.range().get().offset() + " of " + e.getMessage(), e)
                    : new IOException("Sector allocation test failed for " + e.getMessage(), e));
            return e.range().isPresent() ? NOT_READ : NO_STATUS;
        }
    }

    private static ImageCompare open(DriverRegistry drivers, ImageRequest first, ImageRequest second, boolean strict)
            throws IOException {
        ImageCompare.Opened one = ImageArguments.opening(first.image(), () -> ImageCompare.open(drivers, first, strict));
        try {
            return ImageCompare.of(one,
                    ImageArguments.opening(second.image(), () -> ImageCompare.open(drivers, second, strict)), strict);
        } catch (IOException | RuntimeException e) {
            one.close();
            throw e;
        }
    }

    private static int compare(Session session, Arguments arguments, ImageCompare comparison) throws BlockException {
        PrintWriter out = session.out();
        boolean quiet = arguments.has("-q");
        Optional<ProgressView> view = arguments.has("-p") && !quiet
                ? Optional.of(session.terminal().isPresent() ? new BarProgress("compare", session.err(), session.terminal().get())
                        : new PercentProgress(out)) : Optional.empty();
        CompareResult result;
        ProgressTicker ticker = ProgressTicker.start(view, comparison::progress);
        try {
            result = comparison.run();
        } finally {
            ticker.close();
        }
        if (!quiet) {
            say(out, result);
        }
        return result.isSame() ? ExitCode.OK : DIFFERENT;
    }

    private static void say(PrintWriter out, CompareResult result) {
        if (result.lengthsDiffer() && result.isPastShorter()) {
            out.println("Warning: Image size mismatch!");
        }
        out.println(switch (result.outcome()) {
            case SAME -> "Images are identical.";
            case CONTENT_DIFFERS -> "Content mismatch at offset " + result.offset() / SECTOR * SECTOR + "!";
            case LENGTH_DIFFERS -> "Strict mode: Image size mismatch!";
            case STATUS_DIFFERS -> "Strict mode: Offset " + result.offset() + " block status mismatch!";
        });
    }
}
