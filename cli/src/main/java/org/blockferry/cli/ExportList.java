package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import org.blockferry.drivers.nbd.NbdExport;
import org.blockferry.drivers.nbd.NbdExports;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.ImageLocation;

/** {@code info --list}: the exports of an NBD server, in the manner of {@code qemu-nbd --list}. */
final class ExportList {
    private ExportList() {
    }

    static void print(PrintWriter out, DriverRegistry drivers, String server, boolean json) throws IOException {
        ImageLocation location = drivers.locate(server);
        if (!location.protocol().equals("nbd")) {
            throw BlockException.of(BlockException.Kind.UNSUPPORTED, server, "only an NBD server has exports to list");
        }
        List<NbdExport> exports = NbdExports.list(location, Map.of());
        if (json) {
            printJson(out, exports);
            return;
        }
        out.println("exports available: " + exports.size());
        for (NbdExport each : exports) {
            line(out, " export: '" + each.name() + "'");
            if (!each.description().isEmpty()) {
                line(out, "  description: " + each.description());
            }
            if (each.refusal().isPresent()) {
                line(out, "  refused: " + each.refusal().get());
            }
            if (each.size().isPresent()) {
                line(out, "  size:  " + each.size().getAsLong());
                line(out, "  read-only: " + (each.readOnly() ? "yes" : "no"));
                line(out, "  several connections: " + (each.canMultiConn() ? "yes" : "no"));
                line(out, "  min block: " + each.minimumBlock());
            }
            line(out, "  available meta contexts: " + each.contexts().size());
            each.contexts().forEach(context -> line(out, "   " + context));
        }
    }

    /** Names and descriptions come from the server. */
    private static void line(PrintWriter out, String text) {
        out.println(ErrorReport.oneLine(text));
    }

    private static void printJson(PrintWriter out, List<NbdExport> exports) throws IOException {
        JsonOutput.stream(out, json -> {
            json.writeArrayFieldStart("exports");
            for (NbdExport each : exports) {
                json.writeStartObject();
                json.writeStringField("name", each.name());
                json.writeStringField("description", each.description());
                if (each.refusal().isPresent()) {
                    json.writeStringField("refused", each.refusal().get());
                }
                if (each.size().isPresent()) {
                    json.writeNumberField("size", each.size().getAsLong());
                    json.writeBooleanField("read-only", each.readOnly());
                    json.writeBooleanField("multi-conn", each.canMultiConn());
                    json.writeNumberField("min-block", each.minimumBlock());
                }
                json.writeArrayFieldStart("contexts");
                for (String context : each.contexts()) {
                    json.writeString(context);
                }
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }
}
