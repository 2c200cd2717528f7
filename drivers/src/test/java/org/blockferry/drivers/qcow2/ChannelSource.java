package org.blockferry.drivers.qcow2;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;

/** A file as it is, counting what is asked of it: the storage under the images of these tests. */
final class ChannelSource implements BlockSource {
    private final FileChannel channel;
    private final NodeInfo info;
    private final AtomicLong reads = new AtomicLong();
    private final AtomicLong bytesRead = new AtomicLong();

    ChannelSource(Path path) {
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
            info = new NodeInfo(path.getFileName().toString(), "file", channel.size(), BlockLimits.NONE, Set.of(), 16, 1,
                    Optional.of(path.toRealPath().toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long reads() {
        return reads.get();
    }

    long bytesRead() {
        return bytesRead.get();
    }

    boolean isClosed() {
        return !channel.isOpen();
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public BlockStatus status(ByteRange range) {
        return BlockStatus.data(range);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        reads.incrementAndGet();
        bytesRead.addAndGet(into.remaining());
        ByteRange range = new ByteRange(offset, into.remaining());
        long at = offset;
        try {
            while (into.hasRemaining()) {
                int count = channel.read(into, at);
                if (count < 0) {
                    throw BlockException.request(Kind.OUT_OF_BOUNDS, info.name(), "read", range, "past the end", null);
                }
                at += count;
            }
        } catch (IOException e) {
            throw e instanceof BlockException known ? known
                    : BlockException.request(Kind.IO, info.name(), "read", range, e.toString(), e);
        }
    }

    @Override
    public void close() throws BlockException {
        try {
            channel.close();
        } catch (IOException e) {
            throw BlockException.of(Kind.IO, info.name(), "close", e);
        }
    }
}
