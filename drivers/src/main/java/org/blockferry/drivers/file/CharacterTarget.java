package org.blockferry.drivers.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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

/** A character device, {@code /dev/null} above all: takes bytes in ascending order and gives none back. One writer. */
final class CharacterTarget implements BlockTarget {
    static final long NO_LENGTH = NodeInfo.UNKNOWN_LENGTH;

    private final NodeInfo info;
    private final FileChannel channel;
    private long position;

    private CharacterTarget(NodeInfo info, FileChannel channel) {
        this.info = info;
        this.channel = channel;
    }

    static CharacterTarget open(String node, Path path, FileFacts facts, long length) throws BlockException {
        try {
            NodeInfo info = new NodeInfo(node, FileDriver.NAME, length, BlockLimits.NONE, Set.of(Trait.APPEND_ONLY), 1, 1,
                    Optional.of(facts.identity()));
            return new CharacterTarget(info, FileChannel.open(path, StandardOpenOption.WRITE));
        } catch (IOException e) {
            throw FileErrors.of(node, e);
        }
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        ByteRange range = new ByteRange(offset, from.remaining());
        if (offset != position) {
            throw BlockException.request(Kind.UNSUPPORTED, info.name(), "write", range,
                    "a character device is written in order, and 0x" + Long.toHexString(position) + " comes next",
                    new IOException("out of order"));
        }
        try {
            while (from.hasRemaining()) {
                position += channel.write(from);
            }
        } catch (IOException e) {
            throw FileErrors.request(info.name(), "write", range, e);
        }
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) {
        return false;
    }

    @Override
    public void flush() {
        // What a character device has taken is out of our hands.
    }

    @Override
    public void complete() {
        // Nothing is kept back.
    }

    @Override
    public void close() throws BlockException {
        try {
            channel.close();
        } catch (IOException e) {
            throw FileErrors.of(info.name(), "close", e);
        }
    }
}
