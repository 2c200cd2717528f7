package org.blockferry.drivers.qmp;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BlockException;

/**
 * Removes what runs that were killed have left in QEMU.
 *
 * <p>Whether a run is still alive QEMU knows: as long as it is, it is connected to its data export, which QEMU then refuses to
 * remove in its mode "safe". A run makes that export first and its bitmaps after it, and removes them the other way round; so a
 * bitmap without an export has no run either.
 */
final class StaleObjects {
    private final QmpClient qemu;

    private StaleObjects(QmpClient qemu) {
        this.qemu = qemu;
    }

    /**
     * Looks for leftovers and removes them.
     *
     * @return what was removed, for people
     */
    static List<String> remove(QmpClient qemu) throws BlockException {
        return new StaleObjects(qemu).remove();
    }

    private List<String> remove() throws BlockException {
        List<String> removed = new ArrayList<>();
        Set<RunName> alive = new LinkedHashSet<>();
        boolean ownServer = false;
        List<QmpValue> exports = qemu.execute("query-block-exports", Map.of()).elements();
        int others = 0;
        for (QmpValue export : exports) {
            String id = export.text("id").orElse("");
            Optional<RunName> run = RunName.of(id);
            if (run.isEmpty() || qemu.call("block-export-del", Map.of("id", id, "mode", "safe")).isError()) {
                run.ifPresent(alive::add);
                others += export.text("type").equals(Optional.of("nbd")) ? 1 : 0;
                continue;
            }
            removed.add("export " + id);
            ownServer |= run.get().ownServer();
        }
        for (QmpValue node : QemuNode.all(qemu)) {
            for (QmpValue bitmap : node.get("dirty-bitmaps").elements()) {
                String name = bitmap.text("name").orElse("");
                Optional<RunName> run = RunName.of(name);
                // A node that a filter stands above is named twice; the second time its bitmap is gone.
                if (run.isPresent() && !alive.contains(run.get()) && !qemu.call("block-dirty-bitmap-remove",
                        Map.of("node", node.text("node-name").orElse(""), "name", name)).isError()) {
                    removed.add("bitmap " + name);
                }
            }
        }
        if (ownServer && others == 0 && !qemu.call("nbd-server-stop", Map.of()).isError()) {
            removed.add("the NBD server");
        }
        return removed;
    }
}
