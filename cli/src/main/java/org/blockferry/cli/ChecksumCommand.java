package org.blockferry.cli;

import java.io.IOException;
import java.util.Optional;
import org.blockferry.engine.digest.BlockDigest;
import org.blockferry.engine.digest.Checksum;
import org.blockferry.engine.digest.DigestAlgorithm;
import org.blockferry.engine.inspect.ImageChecksum;
import org.blockferry.engine.inspect.ImageRequest;

/** {@code blockferry checksum}: the digest of what a disk reads as, whatever its format. */
final class ChecksumCommand implements Command {

    @Override
    public OptionTable options() {
        return new OptionTable("checksum", "[OPTIONS] IMAGE...")
                .examples(
                        "checksum disk.raw disk.qcow2 nbd://host/disk",
                        "checksum --algorithm sha512 --json overlay.qcow2",
                        "checksum - <disk.raw")
                .description(
                        "Prints a digest of what a disk reads as: the same for the same content, whatever the format, the allocation "
                                + "and the backing files. What is known to be zeroes is not read. - is standard input.",
                        "H(H(block 0) || H(block 1) || ... || length): blocks of 64 KiB, the last one shorter, and the length in eight "
                                + "bytes, lowest first. This is blkhash without streams; it is not what sha256sum prints.")
                .group("Images")
                .value("FORMAT", "format of the images; otherwise it is found out", "-f", "--format")
                .value("SNAPSHOT", "of this internal snapshot (ID or name)", "-l", "--snapshot")
                .value("CACHE", "page cache: writeback, none, writethrough, directsync, unsafe", "-T", "--source-cache")
                .flag("look although others may be writing to them", "-U", "--force-share")
                .flag("open nothing that the images name", "--untrusted")
                .group("Digest")
                .value("NAME", "the hash H, default sha256; or " + DigestAlgorithm.words().replace("sha256, ", ""), "-a", "--algorithm")
                .group("Output")
                .flag("a JSON object for each image, one a line", "--json")
                .flag("show progress", "-p", "--progress")
                .flag("show this text", "-h", "--help");
    }

    @Override
    public int run(Session session, Arguments arguments) throws UsageException, IOException {
        if (arguments.rest().isEmpty()) {
            throw new UsageException("checksum needs an image");
        }
        DigestAlgorithm algorithm;
        ImageRequest request;
        try {
            algorithm = DigestAlgorithm.parse(arguments.value("--algorithm").orElse(DigestAlgorithm.SHA256.word()));
            request = ImageArguments.request("", arguments)
                    .withCache(ImageArguments.cache(arguments.value("-T").orElse("writeback"), "source"))
                    .withSnapshot(arguments.value("-l").map(CopyRequest::snapshotName));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
        for (String image : arguments.rest()) {
            try (ImageChecksum checksum = ImageChecksum.open(session.drivers().get(), request.withImage(image), algorithm)) {
                Stopping stop = new Stopping(checksum);
                Signals.Handling signals = session.signals().handle(stop, () -> session.err().println(ErrorReport.PROGRAM
                        + Pace.line(checksum.progress())));
                Checksum result;
                ProgressTicker ticker = ProgressTicker.start(view(session, arguments), checksum::progress);
                try {
                    result = checksum.run();
                } catch (IOException e) {
                    if (stop.number > 0) {
                        session.err().println(ErrorReport.PROGRAM + "cancelled");
                        return ExitCode.SIGNALLED + stop.number;
                    }
                    throw e;
                } finally {
                    ticker.close();
                    signals.close();
                }
                print(session, arguments, image, result);
            }
        }
        return ExitCode.OK;
    }

    /** A signal ends the reading at once: nothing is left behind by it. */
    private static final class Stopping implements Signals.Stop {
        private final ImageChecksum checksum;
        private volatile int number;

        Stopping(ImageChecksum checksum) {
            this.checksum = checksum;
        }

        @Override
        public void requested(String name, int received) {
            number = received;
            checksum.cancel();
        }
    }

    private static Optional<ProgressView> view(Session session, Arguments arguments) {
        return arguments.has("-p") && session.terminal().isPresent()
                ? Optional.of(new BarProgress("checksum", session.err(), session.terminal().get()))
                : arguments.has("-p") ? Optional.of(new PercentProgress(session.err())) : Optional.empty();
    }

    private static void print(Session session, Arguments arguments, String image, Checksum result) {
        if (!arguments.has("--json")) {
            session.out().println(result.hex() + "  " + ErrorReport.oneLine(image));
            return;
        }
        JsonOutput.line(session.out(), json -> {
            json.writeStringField("image", image);
            json.writeStringField("algorithm", result.algorithm().word());
            json.writeNumberField("block_size", BlockDigest.BLOCK);
            json.writeStringField("digest", result.hex());
            json.writeNumberField("length", result.length());
            json.writeNumberField("read", result.read());
        });
    }
}
