package org.blockferry.drivers.nbd;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ImageLocation;

/** Asks a server what it has ({@code NBD_OPT_LIST}, {@code NBD_OPT_INFO}), without opening any of it. */
public final class NbdExports {
    private NbdExports() {
    }

    /**
     * Lists the exports of the server at {@code location}, whose export name does not matter.
     *
     * @param options as {@link NbdDriver} takes them
     * @throws BlockException NOT_FOUND if nobody listens; ACCESS_DENIED or UNSUPPORTED if the server does not list; IO
     */
    public static List<NbdExport> list(ImageLocation location, Map<String, String> options) throws BlockException {
        NbdConnector connector = NbdDriver.connector(location, options);
        return connector.handshake(NbdOptions.HANDSHAKE_TIMEOUT, false, handshake -> {
            List<NbdExport> exports = new ArrayList<>();
            for (Map.Entry<String, String> each : handshake.list().entrySet()) {
                exports.add(describe(handshake, each.getKey(), each.getValue()));
            }
            handshake.abort();
            return exports;
        });
    }

    private static NbdExport describe(ClientHandshake handshake, String name, String description) throws IOException {
        List<String> contexts = List.copyOf(
                handshake.metaContexts(Nbd.OPT_LIST_META_CONTEXT, name, List.of()).keySet());
        try {
            Optional<ExportTerms> terms = handshake.info(Nbd.OPT_INFO, name, Map.of());
            if (terms.isPresent()) {
                ExportTerms told = terms.get();
                return new NbdExport(name, told.description().orElse(description), OptionalLong.of(told.size()),
                        told.has(Nbd.READ_ONLY), told.has(Nbd.CAN_MULTI_CONN), told.minimumBlock(), told.preferredBlock(),
                        told.maximumPayload(), contexts, Optional.empty());
            }
            return unknown(name, description, contexts, "the server does not describe exports");
        } catch (BlockException e) {
            return unknown(name, description, contexts, e.getMessage());
        }
    }

    private static NbdExport unknown(String name, String description, List<String> contexts, String why) {
        return new NbdExport(name, description, OptionalLong.empty(), false, false, 1, 0, Nbd.MAX_PAYLOAD, contexts,
                Optional.of(why));
    }
}
