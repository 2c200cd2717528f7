package org.blockferry.drivers.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.blockferry.drivers.nbd.wire.BytesWire;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockException;

/** Fuzz target: any bytes as a server's side of a session, and as the address of one. Each ends in an answer or an exception. */
public final class NbdClientFuzz {
    private static final int BYTES = 4096;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private NbdClientFuzz() {
    }

    /** The first byte says which way the client goes; the others are the server. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        int way = bytes.length == 0 ? 0 : bytes[0];
        try {
            if ((way & 0x80) != 0) {
                NbdAddress.parse("nbd" + new String(bytes, 1, bytes.length - 1, StandardCharsets.UTF_8));
                return;
            }
            session(bytes, way);
        } catch (BlockException e) {
            if (e.getMessage().lines().count() != 1) {
                throw new AssertionError("not a line: " + e.getMessage(), e);
            }
        } catch (IOException e) {
            // The end of the bytes.
            assert e.getMessage() == null || !e.getMessage().isEmpty();
        }
    }

    private static void session(byte[] bytes, int way) throws IOException {
        ClientHandshake handshake = new ClientHandshake(new BytesWire(bytes, 1), "nbd:fuzz");
        handshake.greet();
        handshake.negotiateReplies((way & 1) != 0, (way & 2) != 0);
        Map<String, Integer> contexts = handshake.isStructured()
                ? handshake.metaContexts(Nbd.OPT_SET_META_CONTEXT, "e", List.of(Nbd.BASE_ALLOCATION)) : Map.of();
        ExportTerms terms = handshake.go((way & 4) != 0 ? "e" : "", contexts);
        NbdConnection connection = new NbdConnection(handshake.wire(), terms);
        for (int i = 0; i < 4; i++) {
            int command = switch (way >> 3 & 3) {
                case 0 -> Nbd.CMD_READ;
                case 1 -> Nbd.CMD_FLUSH;
                case 2 -> contexts.isEmpty() ? Nbd.CMD_READ : Nbd.CMD_BLOCK_STATUS;
                default -> i % 2 == 0 || contexts.isEmpty() ? Nbd.CMD_READ : Nbd.CMD_BLOCK_STATUS;
            };
            ByteBuffer into = command == Nbd.CMD_READ ? ByteBuffer.allocateDirect(BYTES) : NOTHING;
            int place = connection.submit(command, 0, 0, command == Nbd.CMD_FLUSH ? 0 : BYTES, NOTHING, into, 0,
                    (context, length, flags) -> {
                        if (length < 1) {
                            throw new AssertionError("an extent of " + length + " bytes");
                        }
                    }, true);
            try {
                connection.await(place);
            } finally {
                connection.release(place);
            }
        }
        connection.close();
    }
}
