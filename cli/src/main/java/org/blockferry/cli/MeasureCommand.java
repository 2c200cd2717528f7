package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.inspect.ImageMeasure;
import org.blockferry.engine.inspect.ImageRequest;
import org.blockferry.engine.inspect.Measurement;
import org.blockferry.engine.inspect.NewImage;
import org.blockferry.engine.util.ByteSize;

/** {@code blockferry measure}: how large a copy will be, with the numbers of {@code qemu-img measure}, or the exact ones. */
final class MeasureCommand implements Command {
    private static final String SUFFIXES = "You may use k, M, G, T, P or E suffixes for kilobytes, megabytes, gigabytes, terabytes, "
            + "petabytes and exabytes.";

    @Override
    public OptionTable options() {
        return new OptionTable("measure", "[OPTIONS] (IMAGE | --size SIZE)")
                .examples(
                        "measure -O qcow2 disk.raw",
                        "measure -O qcow2 -o cluster_size=2M --size 1T",
                        "measure --scan -O qcow2 --output json disk.raw")
                .description(
                        "Says how large the file of a copy will be: bytes that it needs (or less, where data turns out to be zeroes), and "
                                + "bytes when all of its disk has been written. The numbers are those of qemu-img measure.",
                        "With --scan the data is read and the zeroes in it are found: the required size is then exactly that of "
                                + "the file that 'blockferry copy' makes.")
                .group("Image")
                .value("SIZE", "instead of an image: of a new disk of this size", "--size")
                .value("FORMAT", "format of the image; otherwise it is found out", "-f", "--format")
                .value("SNAPSHOT", "this internal snapshot (ID or name)", "-l", "--snapshot")
                .flag("look although others may be writing to it", "-U", "--force-share")
                .flag("open nothing that the image names", "--untrusted")
                .group("Copy")
                .value("FORMAT", "format of the copy, default raw", "-O", "--target-format")
                .value("NAME=VALUE,...", "options of that format", "-o", "--target-option")
                .flag("read the data and give the exact size", "--scan")
                .group("Output")
                .value("FORMAT", "human or json", "--output")
                .flag("show this text", "-h", "--help");
    }

    @Override
    public int usageExitCode() {
        return ExitCode.FAILED;
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        boolean json = ImageArguments.json(arguments);
        Optional<String> image = image(arguments);
        boolean scan = arguments.has("--scan");
        NewImage target = new NewImage(arguments.value("-O").orElse("raw"), FormatOptionList.parse(arguments.values("-o")));
        if (scan && (image.isEmpty() || target.isBacked())) {
            throw new UsageException("--scan reads an image, for a whole copy: " + (image.isEmpty() ? "--size" : "backing_file")
                    + " excludes it");
        }
        ImageMeasure measure = new ImageMeasure(session.drivers().get(), target);
        checkTarget(measure, target);
        if (image.isEmpty()) {
            long size = size(arguments.value("--size").orElseThrow());
            print(session.out(), json, aboutTarget(target, () -> measure.ofLength(size)), Optional.empty());
            return ExitCode.OK;
        }
        ImageRequest request = ImageArguments.request(image.get(), arguments)
                .withSnapshot(arguments.value("-l").map(CopyRequest::snapshotName));
        Measurement measurement = opening(request, target, () -> measure.of(request));
        Optional<Measurement.Scan> scanned = scan ? Optional.of(opening(request, target, () -> measure.scan(request))) : Optional.empty();
        print(session.out(), json, measurement, scanned);
        return ExitCode.OK;
    }

    private static Optional<String> image(Arguments arguments) throws UsageException {
        List<String> rest = arguments.rest();
        boolean size = arguments.value("--size").isPresent();
        if (rest.size() > 1) {
            throw new UsageException("At most one filename argument is allowed.");
        }
        if (rest.isEmpty() && (arguments.has("-f") || arguments.has("-l"))) {
            throw new UsageException("--image-opts, -f, and -l require a filename argument.");
        }
        if (rest.isEmpty() && !size) {
            throw new UsageException("Either --size N or one filename must be specified.");
        }
        if (!rest.isEmpty() && size) {
            throw new UsageException("--size N cannot be used together with a filename.");
        }
        return rest.stream().findFirst();
    }

    private static long size(String text) throws UsageException {
        try {
            return ByteSize.parse("--size", text);
        } catch (IllegalArgumentException e) {
            throw new UsageException(text.matches("[0-9]+[bkKmMgGtTpPeE]?") ? "Invalid image size specified. Must be between 0 and "
                    + Long.MAX_VALUE + "." : "Invalid image size specified. " + SUFFIXES);
        }
    }

    /** A format or option that there is not is told before an image is opened, as qemu-img does. */
    private static void checkTarget(ImageMeasure measure, NewImage target) throws IOException {
        aboutTarget(target, () -> measure.ofLength(0));
    }

    private static <T> T aboutTarget(NewImage target, ImageArguments.Opening<T> action) throws IOException {
        try {
            return action.open();
        } catch (BlockException e) {
            throw e.node().equals(target.format()) ? new IOException(withoutNode(e), e) : e;
        }
    }

    private static <T> T opening(ImageRequest request, NewImage target, ImageArguments.Opening<T> action) throws IOException {
        try {
            return action.open();
        } catch (BlockException e) {
            if (e.node().equals(target.format())) {
                throw new IOException(withoutNode(e), e);
            }
            if (request.snapshot().isPresent() && e.kind() == BlockException.Kind.NOT_FOUND && e.getMessage().contains("no snapshot")) {
                throw new IOException("Failed to load snapshot: Can't find snapshot: " + e.getMessage(), e);
            }
            return ImageArguments.opening(request.image(), () -> {
                throw e;
            });
        }
    }

    /** A new image has no name yet; the format's stands for it in messages. */
    private static String withoutNode(BlockException e) {
        return e.getMessage().substring(Math.min(e.getMessage().length(), e.node().length() + 2));
    }

    private static void print(PrintWriter out, boolean json, Measurement measurement, Optional<Measurement.Scan> scan)
            throws IOException {
        long required = scan.map(Measurement.Scan::fileSize).orElse(measurement.required());
        if (json) {
            JsonOutput.pretty(out, generator -> {
                generator.writeStartObject();
                if (measurement.bitmaps().isPresent()) {
                    generator.writeNumberField("bitmaps", measurement.bitmaps().getAsLong());
                }
                generator.writeNumberField("required", required);
                generator.writeNumberField("fully-allocated", measurement.fullyAllocated());
                if (scan.isPresent()) {
                    generator.writeNumberField("data", scan.get().data());
                    generator.writeNumberField("zeroes-found", scan.get().zeroesFound());
                }
                generator.writeEndObject();
            });
            return;
        }
        out.println("required size: " + required);
        out.println("fully allocated size: " + measurement.fullyAllocated());
        if (measurement.bitmaps().isPresent()) {
            out.println("bitmaps size: " + measurement.bitmaps().getAsLong());
        }
        if (scan.isPresent()) {
            out.println("data: " + scan.get().data());
            out.println("zeroes found in data: " + scan.get().zeroesFound());
        }
    }
}
