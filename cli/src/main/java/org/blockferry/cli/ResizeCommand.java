package org.blockferry.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ResizableFormat.Space;
import org.blockferry.engine.maintain.ResizeJob;
import org.blockferry.engine.util.ByteSize;

/** {@code blockferry resize}: a disk becomes longer or shorter. Options, output and exit codes of {@code qemu-img resize}. */
final class ResizeCommand implements Command {

    @Override
    public OptionTable options() {
        return new OptionTable("resize", "[OPTIONS] IMAGE [+|-]SIZE")
                .examples("resize disk.qcow2 40G", "resize disk.qcow2 +10G", "resize --shrink disk.qcow2 -5G")
                .description("Changes the size of an image's disk, to SIZE or by +SIZE or -SIZE. What is gained reads as zeroes. The image "
                        + "must not be in use.", "Exit codes: 0 done, 1 failed.")
                .group("Options")
                .value("FORMAT", "format of the image; otherwise it is found out", "-f", "--format")
                .flag("allow the disk to become smaller: the data behind its new end is lost", "--shrink")
                .value("MODE", "space for what is gained: off; for raw also falloc (reserved) and full (written)", "--preallocation")
                .flag("say nothing but errors", "-q", "--quiet")
                .flag("this text", "-h", "--help");
    }

    @Override
    public int usageExitCode() {
        return ExitCode.FAILED;
    }

    /** The last word is the size, even if it looks like an option. */
    @Override
    public List<String> prepare(List<String> words) {
        if (words.size() < 2 || words.contains("--") || !words.get(words.size() - 1).matches("-[0-9.].*")) {
            return words;
        }
        List<String> prepared = new ArrayList<>(words);
        prepared.add(words.size() - 1, "--");
        return prepared;
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        List<String> rest = arguments.rest();
        if (rest.size() < 2) {
            throw new UsageException(rest.isEmpty() ? "Not enough arguments" : "Expecting image file name and size");
        }
        if (rest.size() > 2) {
            throw new UsageException("Expecting image file name and size");
        }
        String image = rest.get(0);
        String size = rest.get(1);
        char sign = size.isEmpty() ? ' ' : size.charAt(0);
        long amount = amount(sign == '+' || sign == '-' ? size.substring(1) : size);
        Space space = space(arguments.value("--preallocation").orElse("off"));
        ResizeJob opened;
        try {
            opened = ResizeJob.open(session.drivers().get(), image, arguments.value("-f"));
        } catch (BlockException e) {
            throw QemuStyle.couldNotOpen(image, e);
        }
        try (ResizeJob job = opened) {
            long length = sign == '-' ? job.length() - amount : sign == '+' ? sum(job.length(), amount) : amount;
            job.resize(length, arguments.has("--shrink"), space);
        }
        if (!arguments.has("-q")) {
            session.out().println("Image resized.");
        }
        return ExitCode.OK;
    }

    private static long sum(long length, long more) {
        return more > Long.MAX_VALUE - length ? Long.MAX_VALUE : length + more;
    }

    private static long amount(String text) throws UsageException {
        try {
            return ByteSize.parse("size", text);
        } catch (IllegalArgumentException e) {
            throw new UsageException("Parameter 'size' expects a non-negative number below 2^63, with an optional suffix k, M, G, T, P or E, "
                    + "not '" + text + "'");
        }
    }

    private static Space space(String word) throws BadOptionException {
        return Arrays.stream(Space.values()).filter(space -> space.name().toLowerCase(Locale.ROOT).equals(word)).findFirst()
                .orElseThrow(() -> new BadOptionException("Invalid preallocation mode '" + word + "'"));
    }
}
