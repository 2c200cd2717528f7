package org.blockferry.engine.graph;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.ImageLocation;

/**
 * An image as a user describes it part by part (QEMU's {@code --image-opts} and {@code json:}), instead of by a name. Never made
 * from what stands inside an image.
 *
 * @param format of the image; empty: probe
 * @param file where its bytes are; its text is what the user wrote, for messages
 * @param offset first byte of the disk within a raw file; 0 for all other formats
 * @param size bytes of the disk within a raw file; empty: up to the file's end
 * @param backing what the user says of the backing file
 */
public record NodeSpec(Optional<String> format, ImageLocation file, long offset, OptionalLong size, Backing backing) {
    private static final String RAW = "raw";

    public NodeSpec {
        Objects.requireNonNull(format, "format");
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(size, "size");
        Objects.requireNonNull(backing, "backing");
        boolean slice = offset != 0 || size.isPresent();
        if (slice && !format.equals(Optional.of(RAW)) || offset < 0 || size.orElse(0) < 0) {
            throw new IllegalArgumentException("a slice is of a raw file: offset " + offset + ", size " + size + ", format " + format);
        }
    }

    /** Which backing file an image gets. */
    public sealed interface Backing {
        /** The one that the image names. */
        record Stored() implements Backing {
        }

        /** None: the image is read as if it ended its chain. */
        record None() implements Backing {
        }

        /** This one, whatever the image names. */
        record Given(NodeSpec node) implements Backing {
        }
    }

    /** Whether only a part of the file is the disk. */
    public boolean isSlice() {
        return offset != 0 || size.isPresent();
    }
}
