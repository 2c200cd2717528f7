package org.blockferry.drivers.synthetic;

import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * A target that keeps nothing and compares everything with the disk that it must become: a wrong byte, or zeroes where there
 * must be data, fail at once and name the offset; {@link #complete} fails if anything that is not zero was never written.
 * Zeroes may be written, made, or left out, since it reads zero when new: either sparseness is right.
 *
 * <p>Memory stays small however large the disk: what was written is kept as {@link WrittenRanges}, holes between two of them
 * joined in. More than a million separate ranges are refused. Thread-safe.
 */
public final class CheckWriteTarget implements BlockTarget {
    private static final int CHUNK = 1 << 18;
    private static final int MOST_RANGES = 1_000_000;

    private final BlockSource expected;
    private final NodeInfo info;
    private final ConcurrentLinkedDeque<ByteBuffer> chunks = new ConcurrentLinkedDeque<>();
    private final WrittenRanges written = new WrittenRanges();

    /**
     * @param name what the user called it
     * @param expected what must be written; read by as many threads as write. Closed with this node
     */
    public CheckWriteTarget(String name, BlockSource expected) {
        this.expected = Objects.requireNonNull(expected, "expected");
        info = new NodeInfo(name, expected.info().driver(), expected.info().length(), BlockLimits.NONE,
                EnumSet.of(Trait.READS_ZERO_WHEN_NEW, Trait.FAST_ZERO, Trait.ZERO_MAY_UNMAP), 1, expected.info().maxReaders(),
                Optional.empty());
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        check("write", offset, from.remaining());
        ByteRange range = new ByteRange(offset, from.remaining());
        ByteBuffer chunk = takeChunk();
        try {
            for (long at = offset; from.hasRemaining();) {
                int step = Math.min(CHUNK, from.remaining());
                expected.read(at, chunk.clear().limit(step));
                int wrong = chunk.flip().mismatch(from.slice(from.position(), step));
                if (wrong >= 0) {
                    throw refuse("write", range, "byte 0x" + Long.toHexString(at + wrong) + " is "
                            + (from.get(from.position() + wrong) & 0xff) + "; it must be " + (chunk.get(wrong) & 0xff));
                }
                from.position(from.position() + step);
                at += step;
            }
        } finally {
            chunks.push(chunk);
        }
        remember(range);
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        check("zero", range.offset(), range.length());
        long wrong = firstThatIsNotZero(range);
        if (wrong >= 0) {
            throw refuse("zero", range, "byte 0x" + Long.toHexString(wrong) + " must not become zero");
        }
        remember(range);
        return true;
    }

    /** Offset of the first byte in {@code range} that must not be zero, or -1. Caller may be any thread. */
    private long firstThatIsNotZero(ByteRange range) throws BlockException {
        ByteBuffer chunk = takeChunk();
        try {
            for (long at = range.offset(); at < range.end();) {
                BlockStatus run = expectedStatus(range.from(at)).clip(range);
                if (run.isZero()) {
                    at = run.end();
                    continue;
                }
                int step = (int) Math.min(CHUNK, run.end() - at);
                expected.read(at, chunk.clear().limit(step));
                int found = Requests.firstNonZero(chunk.flip());
                if (found >= 0) {
                    return at + found;
                }
                at += step;
            }
            return -1;
        } finally {
            chunks.push(chunk);
        }
    }

    /** A source answers one thread at a time for its status. */
    private BlockStatus expectedStatus(ByteRange range) throws BlockException {
        synchronized (written) {
            return expected.status(range);
        }
    }

    private void remember(ByteRange range) throws BlockException {
        synchronized (written) {
            if (range.isEmpty()) {
                return;
            }
            long end = range.end();
            if (end < info.length()) {
                BlockStatus next = expected.status(ByteRange.between(end, info.length()).first(CHUNK));
                end = next.isZero() ? next.end() : end;
            }
            written.add(ByteRange.between(range.offset(), end));
            if (written.size() > MOST_RANGES) {
                throw BlockException.of(BlockException.Kind.UNSUPPORTED, info.name(), "more than " + MOST_RANGES
                        + " separate ranges are written; checking needs a copy that is nearly in order");
            }
        }
    }

    /** The advice is not taken. */
    @Override
    public boolean discard(ByteRange range) throws BlockException {
        check("discard", range.offset(), range.length());
        return false;
    }

    @Override
    public void flush() {
        // Nothing is kept.
    }

    /** @throws BlockException IO naming the first byte that is not zero and was never written */
    @Override
    public void complete() throws BlockException {
        synchronized (written) {
            for (long at = 0; at < info.length();) {
                at = written.endOfWritten(at);
                ByteRange gap = ByteRange.between(at, written.nextWritten(at, info.length()));
                long missing = firstThatIsNotZero(gap);
                if (missing >= 0) {
                    throw refuse("complete", gap, "the data at 0x" + Long.toHexString(missing) + " was never written");
                }
                at = gap.end();
            }
        }
    }

    private BlockException refuse(String operation, ByteRange range, String reason) {
        return BlockException.request(BlockException.Kind.IO, info.name(), operation, range, reason, null);
    }

    private ByteBuffer takeChunk() {
        ByteBuffer chunk = chunks.poll();
        return chunk == null ? ByteBuffer.allocateDirect(CHUNK) : chunk;
    }

    private void check(String operation, long offset, long length) throws BlockException {
        Requests.check(info.name(), operation, offset, length, info.length());
    }

    @Override
    public void close() throws BlockException {
        chunks.clear();
        expected.close();
    }
}
