package org.blockferry.drivers.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Through the page cache. */
final class BufferedPath implements DataPath {
    /** Java copies through a direct buffer as large as a request that came in a heap buffer, and keeps it: so ask in pieces. */
    static final int HEAP_PIECE = 1 << 20;

    private final FileChannel channel;

    BufferedPath(FileChannel channel) {
        this.channel = channel;
    }

    @Override
    public int read(ByteBuffer into, long offset) throws IOException {
        if (into.isDirect() || into.remaining() <= HEAP_PIECE) {
            return channel.read(into, offset);
        }
        ByteBuffer piece = into.slice(into.position(), HEAP_PIECE);
        int count = channel.read(piece, offset);
        into.position(into.position() + Math.max(count, 0));
        return count;
    }

    @Override
    public void write(ByteBuffer from, long offset) throws IOException {
        int start = from.position();
        int limit = from.limit();
        while (from.position() < limit) {
            if (!from.isDirect()) {
                from.limit(Math.min(limit, from.position() + HEAP_PIECE));
            }
            channel.write(from, offset + from.position() - start);
            from.limit(limit);
        }
    }

    @Override
    public void flush() throws IOException {
        channel.force(false);
    }

    @Override
    public long length() throws IOException {
        return channel.size();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
