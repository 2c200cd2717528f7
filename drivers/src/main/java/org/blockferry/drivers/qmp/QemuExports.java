package org.blockferry.drivers.qmp;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/**
 * QEMU's NBD server and what this run exports there. A QEMU has one such server: where it runs already its address has to be
 * said, for QEMU does not tell it. Owned by one thread.
 */
final class QemuExports implements AutoCloseable {
    private static final Duration DELETE_LIMIT = Duration.ofSeconds(30);

    private final QmpClient qemu;
    private final RunName names;
    private final Optional<Path> folder;
    private final String address;
    private final List<String> exports = new ArrayList<>();
    private final Set<String> deleted = new HashSet<>();
    private boolean started;

    private QemuExports(QmpClient qemu, RunName names, Optional<Path> folder, String address) {
        this.qemu = qemu;
        this.names = names;
        this.folder = folder;
        this.address = address;
        qemu.onEvent(event -> {
            if (event.name().equals("BLOCK_EXPORT_DELETED")) {
                synchronized (deleted) {
                    event.data().text("id").ifPresent(deleted::add);
                    deleted.notifyAll();
                }
            }
        });
        qemu.onLoss(failure -> {
            synchronized (deleted) {
                deleted.notifyAll();
            }
        });
    }

    Optional<Path> folder() {
        return folder;
    }

    /** Starts the server, or takes the one that runs. */
    static QemuExports open(QmpClient qemu, RunName names, QemuDiskOptions options) throws BlockException {
        if (options.server().isPresent()) {
            return new QemuExports(qemu, names, Optional.empty(), options.server().get());
        }
        Optional<Path> folder = options.socket().isPresent() ? Optional.empty() : Optional.of(privateFolder(qemu));
        Path socket = options.socket().isPresent() ? options.socket().get().toAbsolutePath() : folder.get().resolve("nbd");
        String query = URLEncoder.encode(socket.toString(), StandardCharsets.UTF_8).replace("+", "%20");
        QemuExports exports = new QemuExports(qemu, names, folder, "nbd+unix:///?socket=" + query);
        try {
            exports.start(socket);
            return exports;
        } catch (BlockException | RuntimeException | Error e) {
            exports.deleteFolder();
            throw e;
        }
    }

    private static Path privateFolder(QmpClient qemu) throws BlockException {
        try {
            // Only its owner can look into it.
            return Files.createTempDirectory(RunName.folderPrefix());
        } catch (IOException e) {
            throw BlockException.of(Kind.IO, qemu.name(), "no folder for the NBD server's socket: " + e.getMessage(), e);
        }
    }

    private void start(Path socket) throws BlockException {
        Map<String, Object> arguments = Map.of("addr", Map.of("type", "unix", "data", Map.of("path", socket.toString())));
        QmpReply reply = qemu.call("nbd-server-start", arguments);
        if (reply.isError()) {
            String hint = reply.error().contains("already running")
                    ? "; say where it listens" : folder.isPresent() ? "; a socket that QEMU may make can be named" : "";
            throw BlockException.of(reply.isUnknownCommand() ? Kind.UNSUPPORTED : Kind.REFUSED, qemu.name(),
                    "nbd-server-start: " + reply.error() + hint);
        }
        started = true;
    }

    /**
     * Exports a node, read-only.
     *
     * @param what tells this run's exports apart
     * @param more arguments of {@code block-export-add}: {@code bitmaps}, {@code allocation-depth}
     * @return the URI for a client
     */
    String add(String node, String what, Map<String, Object> more) throws BlockException {
        String id = names.named(what);
        Map<String, Object> arguments = new HashMap<>(more);
        arguments.putAll(Map.of("type", "nbd", "id", id, "node-name", node, "name", id, "writable", false));
        synchronized (deleted) {
            deleted.remove(id);
        }
        qemu.execute("block-export-add", arguments);
        exports.add(id);
        return uri(id);
    }

    private String uri(String export) throws BlockException {
        int authority = address.indexOf("://") + 3;
        int query = address.indexOf('?') < 0 ? address.length() : address.indexOf('?');
        int path = address.indexOf('/', authority) < 0 ? query : Math.min(query, address.indexOf('/', authority));
        if (authority < 3 || path + 1 < query) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, QmpReply.printable(address),
                    "not the address of a server; it is an NBD URI without an export name");
        }
        return address.substring(0, path) + "/" + export + address.substring(query);
    }

    /** Ends an export and the connections to it, and waits until QEMU has let go of its node and bitmap. */
    void remove(String what) throws BlockException {
        String id = names.named(what);
        qemu.execute("block-export-del", Map.of("id", id, "mode", "hard"));
        exports.remove(id);
        awaitDeleted(id);
    }

    private void awaitDeleted(String id) throws BlockException {
        long deadline = System.nanoTime() + DELETE_LIMIT.toNanos();
        synchronized (deleted) {
            try {
                while (!deleted.remove(id)) {
                    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                    qemu.requireAlive();
                    if (left <= 0) {
                        throw BlockException.of(Kind.IO, qemu.name(), "QEMU does not end the export " + id + " within "
                                + DELETE_LIMIT.toSeconds() + " s");
                    }
                    deleted.wait(left);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw BlockException.of(Kind.IO, qemu.name(), "interrupted while QEMU ends an export", e);
            }
        }
    }

    /** Whether another's export is on the server. */
    private boolean isSharedWithOthers() throws BlockException {
        return qemu.execute("query-block-exports", Map.of()).elements().stream()
                .anyMatch(export -> export.text("type").equals(Optional.of("nbd")));
    }

    /** Removes what is left of this run's exports, and the server if this run has started it and nobody else uses it. */
    @Override
    public void close() throws BlockException {
        try {
            for (String id : List.copyOf(exports)) {
                exports.remove(id);
                qemu.execute("block-export-del", Map.of("id", id, "mode", "hard"));
                awaitDeleted(id);
            }
            if (started) {
                started = false;
                if (!isSharedWithOthers()) {
                    qemu.execute("nbd-server-stop", Map.of());
                }
            }
        } finally {
            deleteFolder();
        }
    }

    private void deleteFolder() {
        if (folder.isPresent()) {
            deleteFolder(folder.get());
        }
    }

    static void deleteFolder(Path folder) {
        try {
            Files.deleteIfExists(folder.resolve("nbd"));
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            // An empty folder in the temporary folder is all that is left then.
            return;
        }
    }
}
