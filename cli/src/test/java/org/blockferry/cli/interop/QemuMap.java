package org.blockferry.cli.interop;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;

/** What {@code qemu-img map --output=json} says of an image, asked by offset. */
final class QemuMap {
    private final List<Map<String, Object>> runs;

    private QemuMap(List<Map<String, Object>> runs) {
        this.runs = runs;
    }

    @SuppressWarnings("unchecked")
    static QemuMap of(Path folder, String format, String image) {
        String json = Peers.run(folder, "qemu-img", "map", "-f", format, "--output=json", image).out();
        return new QemuMap((List<Map<String, Object>>) CliRun.object("{\"runs\":" + json + "}").get("runs"));
    }

    /** {@code depth present zero data} of the byte at {@code offset}, with t and f: {@code 1 t f t}. */
    String at(long offset) {
        for (Map<String, Object> run : runs) {
            long start = (Long) run.get("start");
            if (offset >= start && offset < start + (Long) run.get("length")) {
                return run.get("depth") + " " + flag(run, "present") + " " + flag(run, "zero") + " " + flag(run, "data");
            }
        }
        throw new AssertionError("nothing is said of " + offset + " in " + runs);
    }

    private static String flag(Map<String, Object> run, String name) {
        return run.get(name).equals(Boolean.TRUE) ? "t" : "f";
    }
}
