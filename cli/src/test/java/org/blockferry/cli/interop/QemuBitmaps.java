package org.blockferry.cli.interop;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;

/** What QEMU says of the persistent bitmaps of an image: names, granularities, flags, and what is dirty in those that can be read. */
final class QemuBitmaps {
    private QemuBitmaps() {
    }

    /** One line for each bitmap, with its runs. */
    static List<String> of(Path image) {
        Path folder = image.getParent();
        String name = image.getFileName().toString();
        Object details = CliRun.object(Peers.run(folder, "qemu-img", "info", "-f", "qcow2", "--output", "json", name).out())
                .get("format-specific");
        Object bitmaps = ((Map<?, ?>) ((Map<?, ?>) details).get("data")).get("bitmaps");
        List<String> said = new ArrayList<>();
        for (Object each : bitmaps == null ? List.of() : (List<?>) bitmaps) {
            Map<?, ?> bitmap = (Map<?, ?>) each;
            String map = bitmap.get("flags").toString().contains("in-use") ? "" : dirty(image, (String) bitmap.get("name"));
            said.add(bitmap.get("name") + " " + bitmap.get("granularity") + " " + bitmap.get("flags") + "\n" + map);
        }
        return said;
    }

    /** The runs of one bitmap, as nbdinfo prints them. */
    static String dirty(Path image, String bitmap) {
        return Peers.run(image.getParent(), "nbdinfo", "--map=qemu:dirty-bitmap:" + bitmap, "--", "[", "qemu-nbd", "-r", "-B", bitmap,
                "-f", "qcow2", image.getFileName().toString(), "]").out();
    }
}
