package org.blockferry.engine.graph;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.FormatSource;

/**
 * A layer and the run of it that was asked for last.
 *
 * <p>A walk over a chain comes back to the upper layer for each run of the lower one. With the last run remembered, each run of
 * each layer is asked for once, and looking one run ahead to merge costs nothing: the next call finds its answer here.
 *
 * <p>Thread-safe. A node promises to answer one thread's question for status beside its readers, and readers of a chain must
 * ask, too; so questions go one by one. {@code last} is read without the lock: a status is immutable, and any one will do.
 */
final class ChainLayer {
    final FormatSource node;
    final long length;
    private BlockStatus last;

    ChainLayer(FormatSource node) {
        this.node = node;
        this.length = node.info().length();
    }

    /** The run at {@code range.offset()}, which becomes the remembered one. */
    BlockStatus walk(ByteRange range) throws BlockException {
        BlockStatus known = last;
        if (known == null || !known.range().contains(range.offset())) {
            known = ask(range);
            last = known;
        }
        return from(known, range.offset());
    }

    /** The run at {@code range.offset()}, for a reader: what the walk remembers stays as it is. */
    BlockStatus look(ByteRange range) throws BlockException {
        BlockStatus known = last;
        return known != null && known.range().contains(range.offset()) ? from(known, range.offset()) : ask(range);
    }

    private BlockStatus ask(ByteRange range) throws BlockException {
        BlockStatus answer;
        synchronized (this) {
            answer = node.status(range);
        }
        assert answer.range().offset() == range.offset() && answer.end() <= length
                : node + " answered " + answer + " to " + range;
        return answer;
    }

    private static BlockStatus from(BlockStatus status, long offset) {
        return status.range().offset() == offset ? status : status.clip(ByteRange.between(offset, status.end()));
    }
}
