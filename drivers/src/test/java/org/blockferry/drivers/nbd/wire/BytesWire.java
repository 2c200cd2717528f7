package org.blockferry.drivers.nbd.wire;

import java.nio.ByteBuffer;

/** The other end is bytes that were there before, and takes everything. */
public final class BytesWire implements Wire {
    private final ByteBuffer in;
    private boolean ended;

    public BytesWire(byte[] bytes, int from) {
        in = ByteBuffer.wrap(bytes, Math.min(from, bytes.length), bytes.length - Math.min(from, bytes.length));
    }

    @Override
    public int read(ByteBuffer into) {
        if (ended || !in.hasRemaining()) {
            return -1;
        }
        int bytes = Math.min(in.remaining(), into.remaining());
        into.put(in.slice(in.position(), bytes));
        in.position(in.position() + bytes);
        return bytes;
    }

    @Override
    public void write(ByteBuffer head, ByteBuffer payload) {
        head.position(head.limit());
        payload.position(payload.limit());
    }

    @Override
    public void shutdownInput() {
        ended = true;
    }

    @Override
    public void close() {
        ended = true;
    }

    @Override
    public void abort() {
        ended = true;
    }

    @Override
    public boolean isEncrypted() {
        return false;
    }
}
