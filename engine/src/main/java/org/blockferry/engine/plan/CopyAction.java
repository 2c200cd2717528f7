package org.blockferry.engine.plan;

import java.util.Objects;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;

/** What is to be done with one range of the disk. Ranges are the same bytes of the source and of the target. Immutable. */
public sealed interface CopyAction permits CopyAction.Skip, CopyAction.Zero, CopyAction.Copy {

    /** The bytes that this speaks of; never empty. */
    ByteRange range();

    /** Do nothing: the target reads as it should here, through its kept base or past the end of it. */
    record Skip(ByteRange range) implements CopyAction {
        public Skip {
            requireBytes(range);
        }
    }

    /**
     * The target is to read as zeroes.
     *
     * @param explicit whether zeroes must be written; otherwise the target is known to read as zeroes here already
     */
    record Zero(ByteRange range, boolean explicit) implements CopyAction {
        public Zero {
            requireBytes(range);
        }
    }

    /**
     * Copy the bytes.
     *
     * @param status what the source says of exactly these bytes: where they stand plainly, for offload. A range that was
     * widened     to whole clusters of the target has no offset.
     */
    record Copy(BlockStatus status) implements CopyAction {
        public Copy {
            Objects.requireNonNull(status, "status");
        }

        @Override
        public ByteRange range() {
            return status.range();
        }
    }

    private static void requireBytes(ByteRange range) {
        if (range.isEmpty()) {
            throw new IllegalArgumentException("an action needs at least one byte: " + range);
        }
    }
}
