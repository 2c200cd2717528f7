package org.blockferry.cli;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.inspect.ImageRequest;
import org.blockferry.engine.util.ByteSize;

/** What the commands that only look at images have in common: options, and the words of qemu-img for what goes wrong. */
final class ImageArguments {
    private static final String JSON = "json";
    private static final String HUMAN = "human";

    private ImageArguments() {
    }

    /** An action that opens an image. */
    @FunctionalInterface
    interface Opening<T> {
        T open() throws BlockException;
    }

    /** {@code -f}, {@code -U} and {@code --untrusted} for one image. */
    static ImageRequest request(String image, Arguments arguments) {
        return ImageRequest.of(image).withFormat(arguments.value("-f")).withShare(arguments.has("-U"))
                .withUntrusted(arguments.has("--untrusted"));
    }

    /** Whether {@code --output} asks for JSON. */
    static boolean json(Arguments arguments) throws UsageException {
        String output = arguments.value("--output").orElse(HUMAN);
        if (!output.equals(JSON) && !output.equals(HUMAN)) {
            throw new UsageException("--output must be used with human or json as argument.");
        }
        return output.equals(JSON);
    }

    static CacheMode cache(String word, String what) throws BadOptionException {
        try {
            return CacheMode.parse(word);
        } catch (IllegalArgumentException e) {
            throw new BadOptionException("Invalid " + what + " cache option: " + word);
        }
    }

    /** A size as qemu-img reads it; {@code what} names it: {@code start offset}. */
    static OptionalLong size(Arguments arguments, String option, String what) throws UsageException {
        Optional<String> text = arguments.value(option);
        if (text.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(ByteSize.parse(option, text.get()));
        } catch (IllegalArgumentException e) {
            throw new UsageException("Invalid " + what + " specified. You may use k, M, G, T, P or E suffixes for kilobytes, "
                    + "megabytes, gigabytes, terabytes, petabytes and exabytes: " + e.getMessage());
        }
    }

    /** Opens an image; a failure reads as qemu-img's does: {@code Could not open 'disk.raw': Image is not in qcow2 format}. */
    static <T> T opening(String image, Opening<T> action) throws IOException {
        try {
            return action.open();
        } catch (BlockException e) {
            throw new IOException(couldNotOpen(image, e), e);
        }
    }

    private static String couldNotOpen(String image, BlockException failure) {
        String prefix = failure.node() + ": ";
        String message = failure.getMessage();
        String reason = message.startsWith(prefix) ? message.substring(prefix.length()) : message;
        String opened = "Could not open '" + image + "': ";
        return switch (failure.kind()) {
            // These come from the file, and QEMU says it for the image and for the file.
            case NOT_FOUND, ACCESS_DENIED -> reason.startsWith("backing file") || reason.startsWith("no snapshot")
                    ? opened + reason : opened + opened + reason;
            case INVALID_ARGUMENT -> opened + reason.replace("Unknown file format", "Unknown driver");
            default -> opened + reason;
        };
    }
}
