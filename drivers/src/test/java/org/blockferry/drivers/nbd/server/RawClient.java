package org.blockferry.drivers.nbd.server;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.blockferry.drivers.nbd.wire.Nbd;

/** A client that sends whatever a test wants sent. */
final class RawClient implements AutoCloseable {
    final SocketChannel channel;
    final DataInputStream in;
    final DataOutputStream out;

    /** A reply to an option. */
    record OptionReply(int option, int type, byte[] data) {
    }

    /** A structured chunk. */
    record Chunk(int flags, int type, long cookie, byte[] data) {
        int error() {
            return ByteBuffer.wrap(data).getInt();
        }
    }

    RawClient(Path socket) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        in = new DataInputStream(Channels.newInputStream(channel));
        out = new DataOutputStream(Channels.newOutputStream(channel));
    }

    RawClient greet() throws IOException {
        in.readLong();
        in.readLong();
        in.readShort();
        out.writeInt(3);
        return this;
    }

    RawClient option(int option, byte[] data) throws IOException {
        out.writeLong(Nbd.OPTION_MAGIC);
        out.writeInt(option);
        out.writeInt(data.length);
        out.write(data);
        return this;
    }

    OptionReply reply() throws IOException {
        if (in.readLong() != Nbd.OPTION_REPLY_MAGIC) {
            throw new IOException("not a reply");
        }
        int option = in.readInt();
        int type = in.readInt();
        byte[] data = new byte[in.readInt()];
        in.readFully(data);
        return new OptionReply(option, type, data);
    }

    /** Greets and enters transmission with structured replies and base:allocation. */
    RawClient enter(String export) throws IOException {
        greet();
        option(Nbd.OPT_STRUCTURED_REPLY, new byte[0]).reply();
        option(Nbd.OPT_SET_META_CONTEXT, meta(export, Nbd.BASE_ALLOCATION));
        while (reply().type() == Nbd.REP_META_CONTEXT) {
            continue;
        }
        option(Nbd.OPT_GO, go(export));
        OptionReply reply = reply();
        while (reply.type() == Nbd.REP_INFO) {
            reply = reply();
        }
        if (reply.type() != Nbd.REP_ACK) {
            throw new IOException("refused: 0x" + Integer.toHexString(reply.type()));
        }
        return this;
    }

    static byte[] go(String export) {
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(4 + name.length + 4).putInt(name.length).put(name).putShort((short) 1)
                .putShort((short) Nbd.INFO_BLOCK_SIZE).array();
    }

    static byte[] meta(String export, String query) {
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        byte[] asked = query.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(12 + name.length + asked.length).putInt(name.length).put(name).putInt(1)
                .putInt(asked.length).put(asked).array();
    }

    RawClient request(int flags, int command, long cookie, long offset, int length) throws IOException {
        out.writeInt(Nbd.REQUEST_MAGIC);
        out.writeShort(flags);
        out.writeShort(command);
        out.writeLong(cookie);
        out.writeLong(offset);
        out.writeInt(length);
        return this;
    }

    Chunk chunk() throws IOException {
        if (in.readInt() != Nbd.STRUCTURED_REPLY_MAGIC) {
            throw new IOException("not a chunk");
        }
        int flags = in.readUnsignedShort();
        int type = in.readUnsignedShort();
        long cookie = in.readLong();
        byte[] data = new byte[in.readInt()];
        in.readFully(data);
        return new Chunk(flags, type, cookie, data);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
