package org.blockferry.engine.toy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;
import org.blockferry.engine.block.StreamSource;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/** {@code -}: bytes that come and go in order. */
final class ToyStream implements ProtocolDriver {
    private final byte[] input;
    private final ByteArrayOutputStream output;

    ToyStream(byte[] input, ByteArrayOutputStream output) {
        this.input = input;
        this.output = output;
    }

    @Override
    public String name() {
        return "stream";
    }

    @Override
    public Set<String> schemes() {
        return Set.of();
    }

    @Override
    public StreamSource openSource(ImageLocation location, OpenOptions options) {
        return new Input(info(Trait.STREAM), ByteBuffer.wrap(input));
    }

    @Override
    public BlockTarget openTarget(ImageLocation location, OpenOptions options) {
        throw new AssertionError("a stream is not there to be written in place");
    }

    @Override
    public BlockTarget create(ImageLocation location, CreateOptions options) {
        return new Output(info(Trait.APPEND_ONLY), output);
    }

    @Override
    public boolean exists(ImageLocation location) {
        return false;
    }

    private static NodeInfo info(Trait trait) {
        return new NodeInfo("-", "stream", NodeInfo.UNKNOWN_LENGTH, BlockLimits.NONE, Set.of(trait), 1, 1, Optional.empty());
    }

    private record Input(NodeInfo info, ByteBuffer bytes) implements StreamSource {
        @Override
        public int readNext(ByteBuffer into) {
            int length = Math.min(Math.min(into.remaining(), bytes.remaining()), 1000);
            into.put(bytes.slice(bytes.position(), length));
            bytes.position(bytes.position() + length);
            return length == 0 ? -1 : length;
        }

        @Override
        public BlockStatus status(ByteRange range) {
            return BlockStatus.data(range);
        }

        @Override
        public void read(long offset, ByteBuffer into) throws BlockException {
            if (offset + into.remaining() > bytes.capacity()) {
                throw BlockException.of(Kind.OUT_OF_BOUNDS, "-", "the stream ends");
            }
            into.put(bytes.duplicate().position((int) offset).limit((int) offset + into.remaining()));
        }

        @Override
        public void close() {
        }
    }

    private record Output(NodeInfo info, ByteArrayOutputStream bytes) implements BlockTarget {
        @Override
        public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) {
            if (offset != bytes.size()) {
                throw new AssertionError("written at " + offset + ", not at " + bytes.size());
            }
            while (from.hasRemaining()) {
                bytes.write(from.get());
            }
        }

        @Override
        public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) {
            return false;
        }

        @Override
        public void flush() {
        }

        @Override
        public void complete() {
        }

        @Override
        public void close() {
        }
    }
}
