package org.blockferry.drivers.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.StreamSource;
import org.blockferry.engine.block.Trait;

/**
 * A pipe that is read. The first 64 KiB are kept, so that they can be {@linkplain #read read} by offset, for probing, at any
 * time; all else comes once, by {@link #readNext}. One thread at a time,
 * but for {@link #endEarly}.
 */
final class PipeSource implements StreamSource {
    private static final int HEAD = 1 << 16;

    private final ReadableByteChannel channel;
    private final NodeInfo info;
    private final ByteBuffer head = ByteBuffer.allocateDirect(HEAD);
    private long position;
    private boolean ended;
    private volatile boolean endedEarly;

    PipeSource(String name, ReadableByteChannel channel) {
        this.channel = Objects.requireNonNull(channel, "channel");
        info = new NodeInfo(name, "stream", NodeInfo.UNKNOWN_LENGTH, BlockLimits.NONE, Set.of(Trait.STREAM), 1, 1,
                Optional.empty());
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    /** All data, as far as asked: a pipe has no holes. */
    @Override
    public BlockStatus status(ByteRange range) {
        return BlockStatus.data(range);
    }

    @Override
    public int readNext(ByteBuffer into) throws BlockException {
        int start = into.position();
        if (position < head.position()) {
            int length = (int) Math.min(into.remaining(), head.position() - position);
            into.put(start, head, (int) position, length).position(start + length);
            position += length;
            return length;
        }
        int length = receive(into, position);
        if (length < 0) {
            return -1;
        }
        if (position == head.position() && head.hasRemaining()) {
            int kept = Math.min(length, head.remaining());
            head.put(head.position(), into, start, kept).position(head.position() + kept);
        }
        position += length;
        return length;
    }

    private int receive(ByteBuffer into, long offset) throws BlockException {
        try {
            int length = 0;
            while (!ended && length == 0) {
                length = channel.read(into);
                ended = length < 0;
            }
            return ended ? -1 : length;
        } catch (ClosedChannelException e) {
            if (endedEarly) {
                ended = true;
                return -1;
            }
            throw failed(offset, into, e);
        } catch (IOException e) {
            throw failed(offset, into, e);
        }
    }

    private BlockException failed(long offset, ByteBuffer into, IOException e) {
        String reason = Objects.requireNonNullElse(e.getMessage(), e.toString());
        return BlockException.request(Kind.IO, info.name(), "read", new ByteRange(offset, into.remaining()), reason, e);
    }

    /** Closing the channel is the one thing that wakes who waits in it. */
    @Override
    public void endEarly() {
        endedEarly = true;
        try {
            channel.close();
        } catch (IOException e) {
            // It is closed for whoever reads; that is what this was for.
            return;
        }
    }

    /**
     * Reads from the first 64 KiB, waiting for them if need be.
     *
     * @throws BlockException OUT_OF_BOUNDS if the stream ends before that; UNSUPPORTED for bytes behind them
     */
    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        ByteRange range = new ByteRange(offset, Math.min(into.remaining(), Long.MAX_VALUE - offset));
        if (offset > HEAD - into.remaining()) {
            throw BlockException.request(Kind.UNSUPPORTED, info.name(), "read", range,
                    "a stream is read in order; only its first " + HEAD + " bytes are kept", null);
        }
        while (head.position() < range.end()) {
            if (receive(head, head.position()) < 0) {
                throw BlockException.request(Kind.OUT_OF_BOUNDS, info.name(), "read", range,
                        "the stream ends at 0x" + Integer.toHexString(head.position()), null);
            }
        }
        int start = into.position();
        into.put(start, head, (int) offset, into.remaining()).position(into.limit());
    }

    @Override
    public void close() throws BlockException {
        try {
            channel.close();
        } catch (IOException e) {
            throw BlockException.of(Kind.IO, info.name(), "close: " + e.getMessage(), e);
        }
    }
}
