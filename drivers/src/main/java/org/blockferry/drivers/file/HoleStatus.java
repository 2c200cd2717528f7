package org.blockferry.drivers.file;

import java.util.concurrent.atomic.AtomicInteger;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.drivers.posix.NativeAccess;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;

/**
 * Where a file has data and where holes, by SEEK_HOLE and SEEK_DATA, with the last answer remembered. A question at a new place
 * costs one seek in data and two in a hole; a walk, which asks next where the last run ended, costs one seek a run: the end of
 * a hole is known to be data, and the end of data is known to be a hole. A file without holes costs one seek.
 *
 * <p>An error other than "no more data" means that this file system cannot tell: data to the end, and it is not asked again.
 *
 * <p>Thread-safe. Who changes the file says so by {@link #changed}, after the change, and the answer is forgotten.
 */
final class HoleStatus {
    /** How much is taken for data where two seeks contradict each other: a block. */
    private static final int RESTLESS = 4096;
    private static final Run NOTHING = new Run(0, 0, false, false, 0);

    private final OpenFile file;
    private final AtomicInteger changes = new AtomicInteger();
    private volatile boolean refused;
    private volatile Run last = NOTHING;

    /**
     * The run that was found last.
     *
     * @param hole whether it is a hole
     * @param followed whether what begins at its end is known to be of the other kind
     * @param changes how often the file had changed before it was asked
     */
    private record Run(long start, long end, boolean hole, boolean followed, int changes) {
    }

    HoleStatus(OpenFile file) {
        this.file = file;
    }

    /** The content may be other than it was. */
    void changed() {
        changes.incrementAndGet();
    }

    /**
     * The run at the start of {@code range}, up to where it ends in the file, whatever the length of the range.
     *
     * @param length of the node; nothing is said of what lies behind
     */
    BlockStatus status(BlockSource node, ByteRange range, long length) throws BlockException {
        long offset = range.offset();
        Run run = runAt(offset, length);
        ByteRange rest = ByteRange.between(offset, Math.min(run.end, length));
        return run.hole ? BlockStatus.zero(rest) : BlockStatus.data(rest, node, offset);
    }

    private Run runAt(long offset, long length) throws BlockException {
        int asked = changes.get();
        Run known = last;
        if (known.changes != asked) {
            known = NOTHING;
        }
        if (offset >= known.start && offset < known.end) {
            return known;
        }
        boolean hole = known.followed && offset == known.end && !known.hole;
        Run found = hole ? hole(offset, length, asked) : data(offset, length, asked);
        if (found.end == offset) {
            // Not of this kind: nothing was known, or somebody else has written in the meantime.
            found = hole ? data(offset, length, asked) : hole(offset, length, asked);
        }
        if (found.end == offset) {
            // It changes faster than we can ask.
            found = new Run(offset, Math.min(length, offset + RESTLESS), false, false, asked);
        }
        last = found;
        return found;
    }

    /** The run of data at {@code offset}; empty if there is a hole. */
    private Run data(long offset, long length, int asked) throws BlockException {
        long end = refused ? -Errno.EOPNOTSUPP : file.access().seekHole(file.fd(), offset);
        if (end < 0) {
            // ENXIO: the file has become shorter than it was when opened; reading will say so.
            refused |= end != -Errno.ENXIO;
            return new Run(offset, length, false, false, asked);
        }
        return new Run(offset, end, false, true, asked);
    }

    /** The hole at {@code offset}; empty if there is data. */
    private Run hole(long offset, long length, int asked) throws BlockException {
        long end = file.access().seekData(file.fd(), offset);
        if (end == -Errno.ENXIO) {
            // A hole up to the end, which is to be the end that we know: zeroes may not stand for what was cut off.
            long now = file.length();
            return now > offset ? new Run(offset, now, true, true, asked)
                    : new Run(offset, length, false, false, asked);
        }
        if (end < 0) {
            refused = true;
            return new Run(offset, length, false, false, asked);
        }
        return new Run(offset, end, true, true, asked);
    }
}
