package org.blockferry.drivers.nbd;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.blockferry.drivers.nbd.wire.Nbd;

/**
 * A server that does what no peer does: break the protocol on purpose. After an honest handshake (one export, structured
 * replies unless refused) the script has each connection's streams.
 */
final class ScriptedServer implements AutoCloseable {
    /** What happens on a connection once it is in transmission. */
    @FunctionalInterface
    interface Script {
        void run(DataInputStream in, DataOutputStream out) throws IOException;
    }

    /** One request as it came. */
    record Request(int flags, int command, long cookie, long offset, int length) {
        static Request read(DataInputStream in) throws IOException {
            if (in.readInt() != Nbd.REQUEST_MAGIC) {
                throw new IOException("not a request");
            }
            return new Request(in.readUnsignedShort(), in.readUnsignedShort(), in.readLong(), in.readLong(), in.readInt());
        }
    }

    private final ServerSocketChannel listener;
    private final Path socket;
    private final List<SocketChannel> accepted = new ArrayList<>();

    private ScriptedServer(Path socket, Script everything) throws IOException {
        this.socket = socket;
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
        Thread thread = new Thread(() -> accept(everything), "scripted-server");
        thread.setDaemon(true);
        thread.start();
    }

    /** A server whose every byte is the script's. */
    static ScriptedServer raw(Path socket, Script script) throws IOException {
        return new ScriptedServer(socket, script);
    }

    /** A server that negotiates {@code size} and {@code flags}, then follows the script. */
    static ScriptedServer transmission(Path socket, long size, int flags, boolean structured,
            Script script) throws IOException {
        return new ScriptedServer(socket, (in, out) -> {
            negotiate(in, out, size, flags, structured);
            script.run(in, out);
        });
    }

    private void accept(Script script) {
        try {
            while (true) {
                SocketChannel channel = listener.accept();
                synchronized (accepted) {
                    accepted.add(channel);
                }
                Thread thread = new Thread(() -> serve(channel, script), "scripted-connection");
                thread.setDaemon(true);
                thread.start();
            }
        } catch (IOException e) {
            assert !listener.isOpen();
        }
    }

    private static void serve(SocketChannel channel, Script script) {
        try (channel) {
            DataOutputStream out = new DataOutputStream(Channels.newOutputStream(channel));
            script.run(new DataInputStream(Channels.newInputStream(channel)), out);
            out.flush();
        } catch (IOException e) {
            assert e != null : "the client hung up, as it should";
        }
    }

    private static void negotiate(DataInputStream in, DataOutputStream out, long size, int flags, boolean structured)
            throws IOException {
        out.writeLong(Nbd.INIT_MAGIC);
        out.writeLong(Nbd.OPTION_MAGIC);
        out.writeShort(Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES);
        in.readInt();
        while (true) {
            in.readLong();
            int option = in.readInt();
            in.readFully(new byte[in.readInt()]);
            switch (option) {
                case Nbd.OPT_STRUCTURED_REPLY -> reply(out, option, structured ? Nbd.REP_ACK : Nbd.REP_ERR_UNSUP, 0);
                case Nbd.OPT_SET_META_CONTEXT -> {
                    reply(out, option, Nbd.REP_META_CONTEXT, 4 + Nbd.BASE_ALLOCATION.length());
                    out.writeInt(1);
                    out.writeBytes(Nbd.BASE_ALLOCATION);
                    reply(out, option, Nbd.REP_ACK, 0);
                }
                case Nbd.OPT_GO -> {
                    reply(out, option, Nbd.REP_INFO, 12);
                    out.writeShort(Nbd.INFO_EXPORT);
                    out.writeLong(size);
                    out.writeShort(Nbd.HAS_FLAGS | flags);
                    reply(out, option, Nbd.REP_ACK, 0);
                    return;
                }
                default -> reply(out, option, Nbd.REP_ERR_UNSUP, 0);
            }
        }
    }

    static void reply(DataOutputStream out, int option, int type, int length) throws IOException {
        out.writeLong(Nbd.OPTION_REPLY_MAGIC);
        out.writeInt(option);
        out.writeInt(type);
        out.writeInt(length);
    }

    static void simple(DataOutputStream out, int error, long cookie) throws IOException {
        out.writeInt(Nbd.SIMPLE_REPLY_MAGIC);
        out.writeInt(error);
        out.writeLong(cookie);
    }

    static void chunk(DataOutputStream out, int flags, int type, long cookie, int length) throws IOException {
        out.writeInt(Nbd.STRUCTURED_REPLY_MAGIC);
        out.writeShort(flags);
        out.writeShort(type);
        out.writeLong(cookie);
        out.writeInt(length);
    }

    static void data(DataOutputStream out, int flags, long cookie, long offset, byte[] bytes) throws IOException {
        chunk(out, flags, Nbd.REPLY_OFFSET_DATA, cookie, 8 + bytes.length);
        out.writeLong(offset);
        out.write(bytes);
    }

    String uri() {
        return "nbd+unix:///?socket=" + socket;
    }

    @Override
    public void close() throws IOException {
        listener.close();
        synchronized (accepted) {
            for (SocketChannel each : accepted) {
                each.close();
            }
        }
    }
}
