package org.blockferry.drivers.nbd.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.blockferry.drivers.nbd.wire.BytesWire;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.testing.ArrayDisk;

/** Fuzz target: any bytes as a client's side of a session. The server ends it, and the disk is as long as before. */
public final class NbdServerFuzz {
    private static final int DISK = 64 << 10;
    private static final ByteBuffer BUFFER = ByteBuffer.allocateDirect(4096);
    private static final NbdServerOptions OPTIONS = NbdServerOptions.unix(Path.of("unused"));

    private NbdServerFuzz() {
    }

    /** The first byte says where the session begins and what was agreed on; the others are the client. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        int way = bytes.length == 0 ? 0 : bytes[0];
        ArrayDisk disk = ArrayDisk.blank("d", DISK);
        ServedExport plain = (way & 8) != 0 ? ServedExport.readOnly("d", disk) : ServedExport.writable("d", disk);
        ServedExport served = plain.withContext("qemu:x", range -> new MetadataContext.Extent(1 + range.offset() % 4096, 1))
                .withMinimumBlock((way & 16) != 0 ? 512 : 1);
        ExportAccess export = new ExportAccess(served);
        BytesWire wire = new BytesWire(bytes, 1);
        try {
            Optional<Terms> terms;
            if ((way & 1) != 0) {
                boolean extended = (way & 4) != 0;
                boolean structured = extended || (way & 2) != 0;
                List<String> contexts = new ArrayList<>(structured ? List.of(Nbd.BASE_ALLOCATION, "qemu:x") : List.of());
                terms = Optional.of(new Terms(export, structured, extended, contexts));
            } else {
                terms = new ServerHandshake(wire, Map.of("d", export), OPTIONS, () -> true).run();
            }
            if (terms.isPresent() && !new Session(wire, terms.get(), 1, () -> false).work(BUFFER.clear())) {
                throw new AssertionError("one worker is not the last one");
            }
        } catch (IOException e) {
            throw new AssertionError("a handshake that ends with an exception: " + e, e);
        }
        if (disk.content().length != DISK) {
            throw new AssertionError("the disk has " + disk.content().length + " bytes");
        }
    }
}
