package org.blockferry.drivers.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Past the page cache (O_DIRECT). The kernel and Java take only requests whose offset, length and memory address are multiples
 * of the alignment; others are served here through an aligned buffer.
 *
 * <p>Design note: the two ends of an unaligned write go through the page cache instead of being read, changed and written back.
 * Two writers that share a block, each owning one side of it, would otherwise overwrite each other; the kernel's page lock
 * keeps them apart. For the same reason the alignment is at least a page: a page is then either written past the cache or in
 * it, and never both at once.
 */
final class DirectPath implements DataPath {
    private static final int BOUNCE_SIZE = 1 << 20;

    private final FileChannel direct;
    private final FileChannel buffered;
    private final int alignment;
    private final ConcurrentLinkedQueue<ByteBuffer> bounces = new ConcurrentLinkedQueue<>();

    /**
     * @param direct opened with O_DIRECT
     * @param buffered the same file through the page cache
     * @param alignment a power of two; what Java asks for of {@code direct}, and at least a page
     */
    DirectPath(FileChannel direct, FileChannel buffered, int alignment) {
        this.direct = direct;
        this.buffered = buffered;
        this.alignment = alignment;
    }

    int alignment() {
        return alignment;
    }

    @Override
    public int read(ByteBuffer into, long offset) throws IOException {
        int whole = alignDown(into.remaining());
        if (isAligned(offset) && whole > 0 && isAlignedMemory(into)) {
            int limit = into.limit();
            into.limit(into.position() + whole);
            int count = direct.read(into, offset);
            into.limit(limit);
            return count;
        }
        ByteBuffer bounce = takeBounce();
        try {
            long start = alignDown(offset);
            int skip = (int) (offset - start);
            bounce.limit((int) Math.min(bounce.capacity(), alignUp(skip + (long) into.remaining())));
            int count = direct.read(bounce, start) - skip;
            if (count <= 0) {
                return -1;
            }
            int useful = Math.min(count, into.remaining());
            into.put(bounce.slice(skip, useful));
            return useful;
        } finally {
            bounces.add(bounce);
        }
    }

    @Override
    public void write(ByteBuffer from, long offset) throws IOException {
        int end = from.limit();
        int head = (int) Math.min(from.remaining(), alignUp(offset) - offset);
        long position = writePart(buffered, from, offset, head);
        int middle = alignDown(from.remaining());
        if (middle > 0 && isAlignedMemory(from)) {
            position = writePart(direct, from, position, middle);
        } else if (middle > 0) {
            position = writeBounced(from, position, middle);
        }
        writePart(buffered, from, position, end - from.position());
    }

    private static long writePart(FileChannel channel, ByteBuffer from, long offset, int length) throws IOException {
        int limit = from.limit();
        long position = offset;
        from.limit(from.position() + length);
        while (from.hasRemaining()) {
            position += channel.write(from, position);
        }
        from.limit(limit);
        return position;
    }

    private long writeBounced(ByteBuffer from, long offset, int length) throws IOException {
        ByteBuffer bounce = takeBounce();
        try {
            long position = offset;
            int left = length;
            while (left > 0) {
                int piece = Math.min(left, bounce.capacity());
                bounce.clear().put(from.slice(from.position(), piece)).flip();
                position = writePart(direct, bounce, position, piece);
                from.position(from.position() + piece);
                left -= piece;
            }
            return position;
        } finally {
            bounces.add(bounce);
        }
    }

    /** One for each thread that is inside an unaligned request at the same time. */
    private ByteBuffer takeBounce() {
        ByteBuffer bounce = bounces.poll();
        return bounce != null ? bounce.clear()
                : ByteBuffer.allocateDirect(Math.max(BOUNCE_SIZE, alignment) + alignment).alignedSlice(alignment);
    }

    @Override
    public void flush() throws IOException {
        // One inode: this waits for what either channel wrote.
        direct.force(false);
    }

    @Override
    public long length() throws IOException {
        return direct.size();
    }

    @Override
    public void close() throws IOException {
        try (buffered) {
            direct.close();
        }
    }

    private boolean isAligned(long value) {
        return (value & alignment - 1) == 0;
    }

    private boolean isAlignedMemory(ByteBuffer buffer) {
        return buffer.isDirect() && buffer.alignmentOffset(buffer.position(), alignment) == 0;
    }

    private int alignDown(int value) {
        return value & -alignment;
    }

    private long alignDown(long value) {
        return value & -(long) alignment;
    }

    private long alignUp(long value) {
        return value + alignment - 1 & -(long) alignment;
    }
}
