package org.blockferry.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.job.CopyJob;
import org.blockferry.engine.job.CopyOptions;

/**
 * Says what went wrong in the words of {@code qemu-img convert}, which scripts look for, and keeps our own where it has none.
 *
 * <pre>
 *   opening a source        Could not open 'SOURCE': reason            (a file that is not there: the same twice)
 *   a snapshot              Failed to load snapshot: Can't find snapshot
 *   the base                Could not open 'TARGET': Could not open backing file: reason
 *   making the target       TARGET: error while converting FORMAT: reason
 *   copying                 error while reading at byte N: reason
 * </pre>
 */
final class ConvertErrors {
    /** Which folder, and which value: both stand in the line already. */
    private static final Pattern BEYOND = Pattern.compile("^cannot create a file in .*: (?=[^:]*$)"
            + "|(?<=^Invalid parameter '[^']{1,99}'); .*"
            + "|(?<=^Cluster size must be a power of two between 512 and 2048k), not .*"
            + "|(?<=^Refcount width must be a power of two and may not exceed 64 bits), not .*");

    private final ConvertRequest request;
    private final CopyOptions options;

    ConvertErrors(ConvertRequest request) {
        this.request = request;
        this.options = request.options();
    }

    /** A failure with a second line that tells what may be the matter. */
    static final class HintedException extends IOException {
        private static final long serialVersionUID = 1L;
        private final String hint;

        private HintedException(String message, String hint, Throwable cause) {
            super(message, cause);
            this.hint = hint;
        }

        String hint() {
            return hint;
        }
    }

    /** {@code --bitmaps} where there is none is nothing to do; copying some is more than this version does. */
    void checkBitmaps(CopyJob job) throws IOException {
        if (!request.bitmaps()) {
            return;
        }
        Optional<List<FormatDetails.Bitmap>> bitmaps = job.sourceDetails().bitmaps();
        if (bitmaps.isEmpty()) {
            throw new IOException("Source lacks bitmap support");
        }
        if (!job.targetFormat().equals("qcow2")) {
            throw new IOException("Format driver '" + job.targetFormat() + "' does not support bitmaps");
        }
        if (!bitmaps.get().isEmpty()) {
            throw new IOException("--bitmaps: persistent bitmaps are not copied by this version, and the source has "
                    + bitmaps.get().size() + "; nothing was written");
        }
    }

    /** What {@link CopyJob#open} said. */
    IOException opening(BlockException e) {
        String reason = reason(e);
        if (reason.startsWith("no snapshot") || reason.contains("snapshot '")) {
            return new IOException("Failed to load snapshot: " + (reason.contains("raw images have none")
                    ? "Block format 'raw' used by device '' does not support temporarily loading internal snapshots"
                    : "Can't find snapshot"), e);
        }
        if (e.kind() == Kind.REFUSED && reason.startsWith("the target is an image that is read")) {
            return new HintedException(converting("Failed to get \"write\" lock"),
                    "Is another process using the image [" + options.target() + "]?", e);
        }
        if (options.backing().isPresent() && reason.startsWith("the backing file is ")) {
            return base(e, reason);
        }
        if (options.sources().contains(e.node())) {
            return couldNotOpen(e.node(), e, reason);
        }
        boolean ofBase = options.backing().map(name -> e.node().endsWith(name)).orElse(false);
        if (ofBase || options.backing().isPresent() && reason.startsWith("backing file '")) {
            return base(e, reason);
        }
        return e.node().equals(options.target()) ? target(e, reason) : new IOException(e.getMessage(), e);
    }

    private IOException base(BlockException e, String reason) {
        if (e.kind() == Kind.REFUSED) {
            // Our own finding: qemu-img would have written a wrong image.
            return e;
        }
        String opened = "Could not open '" + options.target() + "': Could not open backing file: ";
        if (e.kind() == Kind.NOT_FOUND) {
            return new IOException(opened + "Could not open '" + options.backing().get() + "': No such file or directory", e);
        }
        return new IOException(opened + (reason.startsWith("the backing file is of the format")
                ? "Image is not in " + options.backingFormat().orElse("raw") + " format: " + reason : reason), e);
    }

    private IOException target(BlockException e, String reason) {
        if (reason.startsWith("Invalid parameter") || reason.startsWith("Compression not supported")) {
            return new IOException(reason, e);
        }
        if (reason.startsWith("unknown option '")) {
            return new IOException("Invalid parameter '" + reason.split("'")[1] + "'", e);
        }
        if (!request.create()) {
            return e.kind() == Kind.NO_SPACE ? new IOException("output file is smaller than input file", e)
                    : couldNotOpen(e.node(), e, reason.replace(", and none is to be made (-n)", ""));
        }
        return new IOException(converting(e.kind() == Kind.NOT_FOUND ? "Could not create '" + options.target() + "': " + reason
                : reason), e);
    }

    private IOException couldNotOpen(String image, BlockException e, String reason) {
        String opened = "Could not open '" + image + "': ";
        if (e.kind() == Kind.IN_USE) {
            int end = reason.indexOf(". Is another process");
            return end < 0 ? new IOException(opened + reason, e)
                    : new HintedException(opened + reason.substring(0, end), reason.substring(end + 2), e);
        }
        boolean file = List.of(Kind.NOT_FOUND, Kind.ACCESS_DENIED).contains(e.kind());
        if (file && reason.startsWith("backing file '")) {
            String name = reason.substring("backing file '".length(), reason.indexOf('\'', "backing file '".length()));
            return new IOException(opened + "Could not open backing file: Could not open '" + name + "': "
                    + reason.substring(reason.lastIndexOf(": ") + 2), e);
        }
        return new IOException(opened + (file ? opened : "") + reason, e);
    }

    /** What {@link CopyJob#run} said. */
    IOException running(BlockException e) {
        String reason = reason(e);
        if (e.range().isPresent()) {
            String verb = reason.startsWith("read ") ? "reading" : "writing";
            int colon = reason.indexOf(": ");
            return new IOException("error while " + verb + " at byte " + e.range().get().offset() + ": "
                    + (colon < 0 ? reason : reason.substring(colon + 2)) + " (" + e.node() + ")", e);
        }
        if (!e.node().equals(options.target())) {
            return e;
        }
        return new IOException(converting(e.kind() == Kind.NOT_FOUND || e.kind() == Kind.ACCESS_DENIED
                ? "Could not create '" + options.target() + "': " + reason : reason), e);
    }

    private String converting(String reason) {
        return options.target() + ": error while converting " + request.format().orElse("raw") + ": " + reason;
    }

    /** What went wrong, without the name before it, and without what we say beyond qemu-img. */
    private static String reason(BlockException e) {
        String prefix = e.node() + ": ";
        String reason = e.getMessage().startsWith(prefix) ? e.getMessage().substring(prefix.length()) : e.getMessage();
        return BEYOND.matcher(reason).replaceFirst("");
    }
}
