package org.blockferry.drivers.nbd.wire;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Bytes as they are, over a TCP or Unix socket in blocking mode. */
public final class PlainWire implements Wire {
    private final SocketChannel channel;
    /** Owned by the writing thread; kept so that a gathering write allocates nothing. */
    private final ByteBuffer[] pair = new ByteBuffer[2];

    /**
     * Takes {@code channel} over. TCP sockets get TCP_NODELAY (requests are small and answers wait for them) and keep-alive.
     */
    public PlainWire(SocketChannel channel) throws IOException {
        this.channel = channel;
        if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        return channel.read(into);
    }

    @Override
    public void write(ByteBuffer head, ByteBuffer payload) throws IOException {
        if (!payload.hasRemaining()) {
            while (head.hasRemaining()) {
                channel.write(head);
            }
            return;
        }
        pair[0] = head;
        pair[1] = payload;
        while (head.hasRemaining() || payload.hasRemaining()) {
            channel.write(pair);
        }
        pair[1] = null;
    }

    @Override
    public void shutdownInput() throws IOException {
        channel.shutdownInput();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    @Override
    public void abort() {
        try {
            channel.close();
        } catch (IOException e) {
            // Closing is all that was wanted; a descriptor that fails to close is gone as well.
            assert !channel.isOpen();
        }
    }

    @Override
    public boolean isEncrypted() {
        return false;
    }

    /** Where the other end is, for messages. */
    public SocketAddress remote() throws IOException {
        return channel.getRemoteAddress();
    }
}
