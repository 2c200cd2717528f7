package org.blockferry.drivers.qmp;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.blockferry.drivers.nbd.MetadataSink;
import org.blockferry.drivers.nbd.NbdDriver;
import org.blockferry.drivers.nbd.NbdSource;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;

/**
 * Knows what was written to a node, by bitmaps that QEMU keeps. One of them records; to be asked, it is relieved by a new one.
 *
 * <p>No write is missed: QEMU sets a bit when a write is complete and before it is answered, in every bitmap that records at
 * that moment. The new bitmap records before the old one stops, so a write is in the old one, and then its data can be read, or
 * in the new one, or in both. Only a bitmap that has stopped can be exported read-only, and one that is exported cannot be
 * cleared: hence two. Owned by one thread.
 */
final class DirtyTracker implements AutoCloseable {
    private static final String CONTEXT = "qemu:dirty-bitmap:";

    private final QmpClient qemu;
    private final QemuExports exports;
    private final RunName names;
    private final QemuNode node;
    private final OptionalInt granularity;
    private String recording = "";
    private String stopped = "";
    private long count;

    DirtyTracker(QmpClient qemu, QemuExports exports, RunName names, QemuNode node, OptionalInt granularity) {
        this.qemu = qemu;
        this.exports = exports;
        this.names = names;
        this.node = node;
        this.granularity = granularity;
    }

    /** Begins to record. */
    void start() throws BlockException {
        recording = add(true);
    }

    private String add(boolean enabled) throws BlockException {
        String name = names.named("bits" + count++);
        Map<String, Object> arguments = new HashMap<>(Map.of("node", node.name(), "name", name));
        granularity.ifPresent(bytes -> arguments.put("granularity", bytes));
        if (!enabled) {
            arguments.put("disabled", true);
        }
        qemu.execute("block-dirty-bitmap-add", arguments);
        return name;
    }

    /** Bytes that are marked by now: what {@link #take} would tell at least. */
    long marked() throws BlockException {
        return bitmap(recording).number("count").orElse(0L);
    }

    /** Bytes for which one bit stands. */
    long granularity() throws BlockException {
        return bitmap(recording).number("granularity").orElse(1L);
    }

    private QmpValue bitmap(String name) throws BlockException {
        return QemuNode.describe(qemu, node.name()).stream().flatMap(found -> found.get("dirty-bitmaps").elements().stream())
                .filter(bitmap -> bitmap.text("name").filter(name::equals).isPresent()).findFirst()
                .orElseThrow(() -> BlockException.of(Kind.NOT_FOUND, qemu.name(), "node '" + node.name() + "' has no bitmap '"
                        + QmpReply.printable(name) + "'"));
    }

    /**
     * Tells what became dirty since {@link #start} or the last call, and forgets it. After a failure it is unknown, and the
     * whole disk would have to be copied again.
     */
    void take(MetadataSink sink) throws BlockException {
        String next = add(true);
        String old = recording;
        stopped = old;
        recording = next;
        qemu.execute("block-dirty-bitmap-disable", Map.of("node", node.name(), "name", old));
        tellAndRemove(old, sink);
    }

    /** Tells what a bitmap of somebody else has marked, and leaves that as it is. */
    void tell(String bitmap, MetadataSink sink) throws BlockException {
        QmpValue found = bitmap(bitmap);
        if (found.flag("inconsistent") || found.flag("busy")) {
            throw BlockException.of(Kind.IN_USE, qemu.name(), "bitmap '" + QmpReply.printable(bitmap) + "' is "
                    + (found.flag("busy") ? "in use" : "inconsistent, it says nothing"));
        }
        String copy = add(false);
        stopped = copy;
        qemu.execute("block-dirty-bitmap-merge",
                Map.of("node", node.name(), "target", copy, "bitmaps", List.of(bitmap)));
        tellAndRemove(copy, sink);
    }

    /** Clears a bitmap of somebody else. */
    void clear(String bitmap) throws BlockException {
        qemu.execute("block-dirty-bitmap-clear", Map.of("node", node.name(), "name", bitmap));
    }

    private void tellAndRemove(String bitmap, MetadataSink sink) throws BlockException {
        String uri = exports.add(node.name(), "bits", Map.of("bitmaps", List.of(bitmap)));
        OpenOptions options = OpenOptions.DEFAULT.withDriverOptions(
                Map.of("meta-context", CONTEXT + bitmap, "connections", "1"));
        try (NbdSource source = (NbdSource) new NbdDriver().openSource(new ImageLocation("nbd", uri, uri), options)) {
            source.metadata(CONTEXT + bitmap, new ByteRange(0, node.length()), sink);
        }
        exports.remove("bits");
        remove(bitmap);
        stopped = "";
    }

    private void remove(String bitmap) throws BlockException {
        qemu.execute("block-dirty-bitmap-remove", Map.of("node", node.name(), "name", bitmap));
    }

    /** Removes the bitmaps. */
    @Override
    public void close() throws BlockException {
        String first = stopped;
        String second = recording;
        stopped = "";
        recording = "";
        for (String name : new String[] {first, second}) {
            if (!name.isEmpty()) {
                remove(name);
            }
        }
    }
}
