package org.blockferry.drivers.qcow2;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * A file for images under test, as plain as can be, that counts what is asked of it and can be told to behave as others do: as
 * a device of fixed length with something else on it, as storage that is full, as a file that offloads a part of what it is
 * asked to.
 */
final class ChannelDisk implements BlockStorage {
    private final Path path;
    private final FileChannel channel;
    private final Set<Trait> traits = EnumSet.of(Trait.READS_ZERO_WHEN_NEW);
    private BlockLimits limits = BlockLimits.NONE;
    private long fixedLength = -1;
    private volatile long capacity = Long.MAX_VALUE;
    private volatile long offloadLimit;
    private long hookOffset = -1;
    private Hook hook = () -> { };
    private boolean completed;

    final AtomicLong writes = new AtomicLong();
    final AtomicLong writtenBytes = new AtomicLong();
    final AtomicLong reads = new AtomicLong();

    /** A new file. */
    ChannelDisk(Path path) throws IOException {
        this(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING);
    }

    private ChannelDisk(Path path, StandardOpenOption... options) throws IOException {
        this.path = path;
        channel = FileChannel.open(path, options);
    }

    /** A file that is there, for reading. */
    static ChannelDisk open(Path path) throws IOException {
        return new ChannelDisk(path, StandardOpenOption.READ);
    }

    /** A disk of fixed length, full of bytes that are not zero. */
    static ChannelDisk device(Path path, int length) throws IOException {
        ChannelDisk disk = new ChannelDisk(path);
        byte[] old = new byte[length];
        Arrays.fill(old, (byte) 0xa5);
        Files.write(path, old);
        disk.fixedLength = length;
        disk.traits.clear();
        return disk;
    }

    /** A write that ends past {@code bytes} fails. */
    ChannelDisk withCapacity(long bytes) {
        capacity = bytes;
        return this;
    }

    /** Offloads at most so many bytes of each request. */
    ChannelDisk withOffload(long most) {
        traits.add(Trait.OFFLOAD);
        offloadLimit = most;
        return this;
    }

    /** What is done ahead of a write at an offset. */
    @FunctionalInterface
    interface Hook {
        void run() throws InterruptedException;
    }

    /** Does something ahead of a write that begins at {@code offset}. */
    ChannelDisk onWriteAt(long offset, Hook hook) {
        hookOffset = offset;
        this.hook = hook;
        return this;
    }

    ChannelDisk withRequestAlignment(int bytes) {
        limits = limits.withRequestAlignment(bytes);
        return this;
    }

    @Override
    public NodeInfo info() {
        try {
            return new NodeInfo(path.toString(), "channel", fixedLength >= 0 ? fixedLength : channel.size(), limits, traits, 64,
                    64,
                    Optional.empty());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public BlockStatus status(ByteRange range) {
        return BlockStatus.of(range, BlockStatus.LOCAL | BlockStatus.MAPPED);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        reads.incrementAndGet();
        try {
            for (long at = offset; into.hasRemaining(); ) {
                int n = channel.read(into, at);
                if (n < 0) {
                    throw BlockException.request(Kind.OUT_OF_BOUNDS, path.toString(), "read",
                            new ByteRange(offset, into.remaining()), "past the end", null);
                }
                at += n;
            }
        } catch (IOException e) {
            throw BlockException.of(Kind.IO, path.toString(), "read", e);
        }
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        if (flags.contains(WriteFlag.COMPRESSED)) {
            throw new AssertionError("a file compresses nothing");
        }
        long end = offset + from.remaining();
        if (end > capacity || fixedLength >= 0 && end > fixedLength) {
            throw BlockException.request(Kind.NO_SPACE, path.toString(), "write", new ByteRange(offset, from.remaining()),
                    "No space left on device", null);
        }
        if (offset == hookOffset) {
            try {
                hook.run();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        writes.incrementAndGet();
        writtenBytes.addAndGet(from.remaining());
        try {
            for (long at = offset; from.hasRemaining(); ) {
                at += channel.write(from, at);
            }
        } catch (IOException e) {
            throw BlockException.of(Kind.IO, path.toString(), "write", e);
        }
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) {
        return false;
    }

    @Override
    public void flush() {
        // Nobody pulls the plug.
    }

    @Override
    public long offload(BlockStatus from, long to, long length) throws BlockException {
        int moved = (int) Math.min(length, offloadLimit);
        ByteBuffer bytes = ByteBuffer.allocate(moved);
        from.host().read(from.hostOffset(), bytes);
        write(to, bytes.flip(), WriteFlag.NONE);
        return moved;
    }

    @Override
    public void setLength(long length) throws BlockException {
        try {
            if (length < channel.size()) {
                channel.truncate(length);
            } else if (fixedLength >= 0) {
                throw BlockException.of(Kind.UNSUPPORTED, path.toString(), "length is fixed");
            } else if (length > channel.size()) {
                // A channel cannot grow a file without writing to it.
                try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
                    file.setLength(length);
                }
            }
        } catch (IOException e) {
            throw BlockException.of(Kind.IO, path.toString(), "truncate", e);
        }
    }

    @Override
    public boolean allocate(ByteRange range) {
        return false;
    }

    @Override
    public void complete() {
        completed = true;
    }

    boolean isCompleted() {
        return completed;
    }

    /** Leaves the file there, completed or not, so that tests see what a crash would leave. */
    @Override
    public void close() throws BlockException {
        try {
            channel.close();
        } catch (IOException e) {
            throw BlockException.of(Kind.IO, path.toString(), "close", e);
        }
    }
}
