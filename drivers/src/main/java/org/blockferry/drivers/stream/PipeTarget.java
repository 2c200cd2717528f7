package org.blockferry.drivers.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * A pipe that is written: every byte, in order, by one thread; zeroes are bytes like others. Whoever reads the pipe cannot be
 * told that a copy was not completed but by the exit code.
 */
final class PipeTarget implements BlockTarget {
    private final WritableByteChannel channel;
    private final NodeInfo info;
    private long position;

    /** @param length bytes that will be written, or {@link NodeInfo#UNKNOWN_LENGTH} */
    PipeTarget(String name, WritableByteChannel channel, long length) {
        this.channel = Objects.requireNonNull(channel, "channel");
        info = new NodeInfo(name, "stream", length, BlockLimits.NONE, Set.of(Trait.APPEND_ONLY), 1, 1, Optional.empty());
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        ByteRange range = new ByteRange(offset, Math.min(from.remaining(), Long.MAX_VALUE - offset));
        if (offset != position) {
            throw BlockException.request(Kind.INVALID_ARGUMENT, info.name(), "write", range,
                    "a stream is written in order; 0x" + Long.toHexString(position) + " is next", null);
        }
        if (info.isLengthKnown() && from.remaining() > info.length() - offset) {
            throw BlockException.request(Kind.OUT_OF_BOUNDS, info.name(), "write", range,
                    "the stream ends at 0x" + Long.toHexString(info.length()), null);
        }
        try {
            while (from.hasRemaining()) {
                position += channel.write(from);
            }
        } catch (IOException e) {
            String reason = Objects.requireNonNullElse(e.getMessage(), e.toString());
            Kind kind = reason.contains("No space left") ? Kind.NO_SPACE : Kind.IO;
            String why = reason.contains("Broken pipe") ? reason + " (nobody reads standard output any more)" : reason;
            throw BlockException.request(kind, info.name(), "write", range, why, e);
        }
    }

    /** Never: zeroes are bytes like others. */
    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) {
        return false;
    }

    /** Does nothing: how durable a pipe's bytes are is the reader's matter. */
    @Override
    public void flush() {
        // Nothing is kept here.
    }

    /** @throws BlockException IO if fewer bytes than the length were written */
    @Override
    public void complete() throws BlockException {
        if (info.isLengthKnown() && position < info.length()) {
            throw BlockException.of(Kind.IO, info.name(),
                    "the stream has " + position + " bytes; " + info.length() + " were to be written");
        }
    }

    /** Closing the channel is the one thing that wakes who waits in it. */
    @Override
    public void giveUp() {
        try {
            channel.close();
        } catch (IOException e) {
            // It is closed for whoever writes; that is what this was for.
            return;
        }
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
