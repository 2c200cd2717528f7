package org.blockferry.engine.toy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ProtocolDriver;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/** Files in memory, under paths. Counts the nodes that are open, so that a test sees one that was left behind. */
public final class ToyFiles implements ProtocolDriver {
    private static final int BLOCK = 512;

    /** What a path leads to. */
    private static final class Content {
        private final int inode;
        private byte[] bytes;

        Content(int inode, byte[] bytes) {
            this.inode = inode;
            this.bytes = bytes;
        }
    }

    private final Map<String, Content> files = new TreeMap<>();
    private final Set<String> folders = new HashSet<>();
    private final Set<String> devices = new HashSet<>();
    private final Set<String> opened = new TreeSet<>();
    private final AtomicInteger inodes = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicLong unreadableFrom = new AtomicLong(Long.MAX_VALUE);
    private final AtomicLong unwritableFrom = new AtomicLong(Long.MAX_VALUE);
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private byte[] input = {};
    private boolean identities = true;

    /** This file system with the toy formats. */
    public DriverRegistry registry() {
        return DriverRegistry.of(List.of(this, new ToyStream(input, output)), List.of(new ToyRaw(), new ToyFormat()));
    }

    /** What comes from {@code -}. */
    public ToyFiles input(byte[] bytes) {
        input = bytes.clone();
        return this;
    }

    /** What went to {@code -}. */
    public byte[] output() {
        return output.toByteArray();
    }

    public ToyFiles put(String path, byte[] bytes) {
        files.put(path, new Content(inodes.incrementAndGet(), bytes.clone()));
        return this;
    }

    /** Another name for the same file. */
    public ToyFiles link(String path, String existing) {
        files.put(path, files.get(existing));
        return this;
    }

    public ToyFiles folder(String path) {
        folders.add(path);
        return this;
    }

    /** A file of fixed length that can only be written in place. */
    public ToyFiles device(String path, byte[] bytes) {
        devices.add(path);
        return put(path, bytes);
    }

    /** From now on no node tells its identity. */
    public ToyFiles withoutIdentities() {
        identities = false;
        return this;
    }

    /** From now on reads that reach past this offset of any file fail. */
    public void failReadsFrom(long offset) {
        unreadableFrom.set(offset);
    }

    /** From now on writes that reach past this offset of any file fail. */
    public void failWritesFrom(long offset) {
        unwritableFrom.set(offset);
    }

    public byte[] bytes(String path) {
        return files.get(path).bytes.clone();
    }

    public Set<String> names() {
        return files.keySet();
    }

    /** Nodes that were opened and not closed. */
    public int openNodes() {
        return open.get();
    }

    /** Every path that was ever opened. */
    public Set<String> everOpened() {
        return opened;
    }

    @Override
    public String name() {
        return "file";
    }

    @Override
    public Set<String> schemes() {
        return Set.of("file");
    }

    @Override
    public BlockSource openSource(ImageLocation location, OpenOptions options) throws BlockException {
        return new Node(location, lookUp(location), Optional.empty());
    }

    @Override
    public BlockTarget openTarget(ImageLocation location, OpenOptions options) throws BlockException {
        return new Node(location, lookUp(location), Optional.empty());
    }

    @Override
    public BlockTarget create(ImageLocation location, CreateOptions options) throws BlockException {
        if (devices.contains(location.rest())) {
            return new Node(location, lookUp(location), Optional.empty());
        }
        byte[] bytes = new byte[options.isLengthKnown() ? (int) options.length() : 0];
        return new Node(location, new Content(inodes.incrementAndGet(), bytes), Optional.of(location.rest()));
    }

    @Override
    public boolean exists(ImageLocation location) {
        return files.containsKey(location.rest()) || folders.contains(location.rest());
    }

    @Override
    public boolean isFixed(ImageLocation location) {
        return devices.contains(location.rest());
    }

    private Content lookUp(ImageLocation location) throws BlockException {
        opened.add(location.rest());
        if (folders.contains(location.rest())) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, location.text(), "Is a directory");
        }
        Content content = files.get(location.rest());
        if (content == null) {
            throw BlockException.of(Kind.NOT_FOUND, location.text(), "No such file or directory");
        }
        return content;
    }

    private final class Node implements BlockStorage {
        private final ImageLocation location;
        private final Content content;
        /** The name that appears when this new file is complete. */
        private final Optional<String> appears;
        private boolean closed;

        Node(ImageLocation location, Content content, Optional<String> appears) {
            this.location = location;
            this.content = content;
            this.appears = appears;
            open.incrementAndGet();
        }

        @Override
        public NodeInfo info() {
            return new NodeInfo(location.text(), "file", content.bytes.length, BlockLimits.NONE,
                    appears.isPresent() ? Set.of(Trait.READS_ZERO_WHEN_NEW, Trait.FAST_ZERO) : Set.of(), 8, 8,
                    identities ? Optional.of("inode:" + content.inode) : Optional.empty());
        }

        @Override
        public BlockStatus status(ByteRange range) {
            synchronized (content) {
                requireOpen();
                int at = (int) range.offset();
                boolean zero = isZero(at);
                int end = at;
                while (end < content.bytes.length && isZero(end) == zero) {
                    end = Math.min(content.bytes.length, (end / BLOCK + 1) * BLOCK);
                }
                ByteRange run = ByteRange.between(at, end);
                return zero ? BlockStatus.zero(run) : BlockStatus.data(run);
            }
        }

        private boolean isZero(int at) {
            int start = at / BLOCK * BLOCK;
            int end = Math.min(content.bytes.length, start + BLOCK);
            return Arrays.equals(content.bytes, start, end, new byte[BLOCK], 0, end - start);
        }

        @Override
        public void read(long offset, ByteBuffer into) throws BlockException {
            synchronized (content) {
                requireOpen();
                if (offset + into.remaining() > unreadableFrom.get()) {
                    throw BlockException.request(Kind.IO, location.text(), "read", new ByteRange(offset, into.remaining()),
                            "Input/output error", null);
                }
                into.put(content.bytes, (int) offset, into.remaining());
            }
        }

        @Override
        public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
            synchronized (content) {
                requireOpen();
                if (offset + from.remaining() > unwritableFrom.get()) {
                    throw BlockException.request(Kind.NO_SPACE, location.text(), "write",
                            new ByteRange(offset, from.remaining()), "No space left on device", null);
                }
                grow(offset + from.remaining());
                from.get(content.bytes, (int) offset, from.remaining());
            }
        }

        @Override
        public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) {
            synchronized (content) {
                requireOpen();
                grow(range.end());
                Arrays.fill(content.bytes, (int) range.offset(), (int) range.end(), (byte) 0);
                return true;
            }
        }

        private void grow(long length) {
            if (length > content.bytes.length) {
                if (devices.contains(location.rest())) {
                    throw new AssertionError("write past the end of " + location);
                }
                content.bytes = Arrays.copyOf(content.bytes, (int) length);
            }
        }

        @Override
        public void flush() {
            requireOpen();
        }

        @Override
        public void setLength(long length) {
            synchronized (content) {
                content.bytes = Arrays.copyOf(content.bytes, (int) length);
            }
        }

        @Override
        public boolean allocate(ByteRange range) {
            synchronized (content) {
                grow(range.end());
                return true;
            }
        }

        @Override
        public void complete() {
            requireOpen();
            appears.ifPresent(path -> files.put(path, content));
        }

        private void requireOpen() {
            if (closed) {
                throw new AssertionError(location + " is used after it was closed");
            }
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                open.decrementAndGet();
            }
        }

        @Override
        public String toString() {
            return location.text();
        }
    }
}
