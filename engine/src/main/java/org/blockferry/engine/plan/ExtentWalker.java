package org.blockferry.engine.plan;

import java.util.Objects;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;

/**
 * Walks the runs of a range once, lazily, and merges those that go on where the one before ended. Each run of the source is
 * asked for exactly once, one run ahead of what was handed out. Used by one thread.
 */
final class ExtentWalker {
    /**
     * Bytes asked for at once, and where merging stops. A question over the rest of the disk made others read the metadata of
     * all of it before the first byte was copied; a gibibyte is two L2 tables of a qcow2 image with 64 KiB clusters. A run that
     * a node knows to be longer is taken whole.
     */
    static final long WINDOW = 1L << 30;

    private final ExtentSource source;
    private final long end;
    private long position;
    private BlockStatus ahead;

    ExtentWalker(ExtentSource source, ByteRange range) {
        this.source = Objects.requireNonNull(source, "source");
        this.position = range.offset();
        this.end = range.end();
    }

    /** The next run, clipped to the range; empty at the end. */
    Optional<BlockStatus> next() throws BlockException {
        BlockStatus run = ahead;
        ahead = null;
        if (run == null) {
            if (position == end) {
                return Optional.empty();
            }
            run = ask();
        }
        while (position < end && run.length() < WINDOW) {
            BlockStatus following = ask();
            if (!run.continuesInto(following)) {
                ahead = following;
                break;
            }
            run = run.merge(following);
        }
        return Optional.of(run);
    }

    private BlockStatus ask() throws BlockException {
        ByteRange window = ByteRange.between(position, Math.min(end, position + Math.min(WINDOW, end - position)));
        BlockStatus run = source.status(window);
        if (run.offset() != position) {
            throw new IllegalStateException("asked for the status at " + window + ", a node answered for " + run.range());
        }
        if (run.end() > end) {
            run = run.clip(ByteRange.between(position, end));
        }
        position = run.end();
        return run;
    }
}
