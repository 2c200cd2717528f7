package org.blockferry.cli;

import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.util.ByteSize;

/** What the commands that {@code qemu-img} has take and say alike, in its words. */
final class QemuStyle {
    private QemuStyle() {
    }

    /** The one image that the command is about. */
    static String onlyImage(Arguments arguments) throws UsageException {
        List<String> rest = arguments.rest();
        if (rest.size() != 1) {
            throw new UsageException("Expecting one image file name");
        }
        return rest.get(0);
    }

    /** The size of a disk, with qemu-img's complaints. */
    static long size(String text) throws UsageException {
        try {
            return ByteSize.parse("size", text);
        } catch (IllegalArgumentException e) {
            throw new UsageException("Invalid image size specified: '" + text + "'. You may use k, M, G, T, P or E suffixes for kilobytes, "
                    + "megabytes, gigabytes, terabytes, petabytes and exabytes. Must be between 0 and " + Long.MAX_VALUE + ".");
        }
    }

    static CacheMode cache(String option, String complaint, Arguments arguments, CacheMode byDefault) throws UsageException {
        Optional<String> word = arguments.value(option);
        if (word.isEmpty()) {
            return byDefault;
        }
        try {
            return CacheMode.parse(word.get());
        } catch (IllegalArgumentException e) {
            throw new UsageException(complaint + word.get());
        }
    }

    /** {@code disk.qcow2: Could not delete snapshot 'x': snapshot not found}. */
    static BlockException failed(String image, String what, BlockException failure) {
        return BlockException.of(failure.kind(), image, what + ": " + reason(image, failure), failure);
    }

    /** What went wrong, without the name before it. */
    static String reason(BlockException failure) {
        return reason(failure.node(), failure);
    }

    private static String reason(String image, BlockException failure) {
        String prefix = failure.node() + ": ";
        String message = failure.getMessage();
        return failure.node().equals(image) && message.startsWith(prefix) ? message.substring(prefix.length()) : message;
    }

    /** {@code Could not open 'disk.qcow2': No such file or directory}. */
    static BlockException couldNotOpen(String image, BlockException failure) {
        return BlockException.of(failure.kind(), "Could not open '" + image + "'", reason(image, failure), failure);
    }
}
