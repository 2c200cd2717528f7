package org.blockferry.drivers.qmp;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/**
 * A block node of a running QEMU.
 *
 * @param name its node name
 * @param length bytes of its disk
 */
record QemuNode(String name, long length) {
    /** Drivers of QEMU that know bytes only, no images. */
    private static final Set<String> PROTOCOLS = Set.of("file", "host_device", "host_cdrom", "nbd", "ssh", "http", "https",
            "ftp", "ftps", "iscsi", "rbd", "nfs", "gluster", "nvme", "io_uring", "virtio-blk-vhost-vdpa");

    /** @throws BlockException NOT_FOUND if neither a node nor a device has that name */
    static QemuNode find(QmpClient qemu, String wanted) throws BlockException {
        Optional<QmpValue> node = describe(qemu, wanted);
        if (node.isEmpty()) {
            Optional<String> attached = attachedTo(qemu, wanted);
            node = attached.isPresent() ? describe(qemu, attached.get()) : Optional.empty();
        }
        if (node.isEmpty()) {
            throw BlockException.of(Kind.NOT_FOUND, qemu.name(),
                    "QEMU has no node and no device '" + QmpReply.printable(wanted) + "'" + known(qemu));
        }
        Optional<Long> length = node.get().get("image").number("virtual-size");
        Optional<String> name = node.get().text("node-name");
        if (length.isEmpty() || name.isEmpty() || length.get() < 0) {
            throw BlockException.of(Kind.IO, qemu.name(),
                    "QEMU does not tell the length of '" + QmpReply.printable(wanted) + "'");
        }
        return new QemuNode(name.get(), length.get());
    }

    /**
     * The image that is so many layers below a node.
     *
     * @throws BlockException NOT_FOUND if its chain is not that long
     */
    static String below(QmpClient qemu, String name, int layers) throws BlockException {
        List<QmpValue> nodes = all(qemu);
        String at = name;
        for (int i = 0; i < layers; i++) {
            String above = at;
            Optional<String> file = nodes.stream().filter(node -> node.text("node-name").equals(Optional.of(above)))
                    .flatMap(node -> node.text("backing_file").stream()).findFirst();
            // The node of the format and that of the file below it have the same file name.
            at = nodes.stream().filter(node -> file.isPresent() && node.text("file").equals(file)
                            && node.text("drv").filter(PROTOCOLS::contains).isEmpty())
                    .flatMap(node -> node.text("node-name").stream()).findFirst()
                    .orElseThrow(() -> BlockException.of(Kind.NOT_FOUND, qemu.name(),
                            "node '" + above + "' has no backing file"));
        }
        return at;
    }

    private static String known(QmpClient qemu) throws BlockException {
        List<String> names = new ArrayList<>();
        for (QmpValue node : all(qemu)) {
            // Those that QEMU named itself begin with '#'.
            node.text("node-name").filter(name -> !name.startsWith("#")).ifPresent(names::add);
        }
        return names.isEmpty() ? "" : "; nodes are " + QmpReply.printable(String.join(", ", names));
    }

    /** What QEMU tells of every node, without those below each. */
    static List<QmpValue> all(QmpClient qemu) throws BlockException {
        return qemu.execute("query-named-block-nodes", Map.of("flat", true)).elements();
    }

    /** What QEMU tells of a node. */
    static Optional<QmpValue> describe(QmpClient qemu, String name) throws BlockException {
        return all(qemu).stream().filter(node -> node.text("node-name").equals(Optional.of(name))).findFirst();
    }

    /** The node below a device; the storage daemon has no devices, and no such command. */
    private static Optional<String> attachedTo(QmpClient qemu, String device) throws BlockException {
        QmpReply reply = qemu.call("query-block", Map.of());
        if (reply.isError()) {
            return Optional.empty();
        }
        return reply.value().elements().stream()
                .filter(block -> block.text("device").equals(Optional.of(device))
                        || block.text("qdev").equals(Optional.of(device)))
                .flatMap(block -> block.get("inserted").text("node-name").stream()).findFirst();
    }
}
