package org.blockferry.drivers.qmp;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.opentest4j.AssertionFailedError;

/**
 * A running QEMU, or its storage daemon, with a monitor for the test beside the one for whom is tested. Closing it ends it.
 *
 * <p>An emulator without a machine has everything of QEMU that matters to disks, and starts at once.
 */
public final class QemuUnderTest implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;

    private final Path folder;
    private final PeerProcess process;
    private final QmpClient monitor;
    private final List<QmpEvent> events = new ArrayList<>();

    private QemuUnderTest(Path folder, PeerProcess process, QmpClient monitor) {
        this.folder = folder;
        this.process = process;
        this.monitor = monitor;
        monitor.onEvent(event -> {
            synchronized (events) {
                events.add(event);
                events.notifyAll();
            }
        });
    }

    /** An emulator without a machine; the arguments are its disks. */
    public static QemuUnderTest emulator(Path folder, String... arguments) throws IOException {
        return machine(folder, "-machine none", arguments);
    }

    /** An emulator with a machine, such as {@code -machine q35}, software-emulated. */
    public static QemuUnderTest machine(Path folder, String machine, String... arguments) throws IOException {
        Peers.require("qemu-system-x86_64");
        List<String> command = new ArrayList<>(List.of("qemu-system-x86_64"));
        command.addAll(List.of(machine.split(" ")));
        command.addAll(List.of("-nodefaults", "-display", "none", "-qmp", "unix:other.qmp,server=on,wait=off",
                "-qmp", "unix:qmp,server=on,wait=off", "-qmp",
                "unix:test.qmp,server=on,wait=off"));
        command.addAll(List.of(arguments));
        return start(folder, command);
    }

    /** The storage daemon; the arguments are its disks. */
    public static QemuUnderTest daemon(Path folder, String... arguments) throws IOException {
        Peers.require("qemu-storage-daemon");
        List<String> command = new ArrayList<>(List.of("qemu-storage-daemon", "--chardev",
                "socket,path=qmp,server=on,wait=off,id=m", "--monitor", "chardev=m", "--chardev",
                "socket,path=test.qmp,server=on,wait=off,id=t", "--monitor", "chardev=t"));
        command.addAll(List.of(arguments));
        return start(folder, command);
    }

    private static QemuUnderTest start(Path folder, List<String> command) throws IOException {
        Files.deleteIfExists(folder.resolve("test.qmp"));
        Files.deleteIfExists(folder.resolve("qmp"));
        PeerProcess process = Peers.start(folder, command.toArray(String[]::new));
        try {
            // The monitors are made in the order of the arguments; a socket is there a moment before somebody listens.
            AtomicReference<QmpClient> monitor = new AtomicReference<>();
            process.await("its monitor listens", () -> {
                try {
                    monitor.set(QmpClient.connect(folder.resolve("test.qmp")));
                    return true;
                } catch (BlockException e) {
                    return false;
                }
            });
            return new QemuUnderTest(folder, process, monitor.get());
        } catch (RuntimeException | Error e) {
            process.close();
            throw e;
        }
    }

    /** The monitor for whom is tested. */
    public Path qmp() {
        return folder.resolve("qmp");
    }

    /** The process, to be killed. */
    public Process process() {
        return process.process();
    }

    /** Runs a command that must succeed; the answer is a tree of maps, lists, strings and numbers. */
    public Object execute(String command, Map<String, Object> arguments) throws BlockException {
        return monitor.execute(command, arguments).tree();
    }

    /** Runs a command that must succeed. */
    public Object execute(String command) throws BlockException {
        return execute(command, Map.of());
    }

    /** Starts QEMU's one NBD server on {@code folder/nbd}. */
    public QemuUnderTest nbdServer() throws BlockException {
        Map<String, Object> address = Map.of("type", "unix", "data", Map.of("path", folder.resolve("nbd").toString()));
        execute("nbd-server-start", Map.of("addr", address));
        return this;
    }

    /** Exports a node for a guest to write to; whoever comes between later is below this. */
    public String export(String node, String name) throws BlockException {
        execute("block-export-add", Map.of("type", "nbd", "id", name, "node-name", node, "name", name, "writable", true));
        return "nbd+unix:///" + name + "?socket=" + folder.resolve("nbd");
    }

    /** Waits for an event that has not been waited for yet, and those before it are forgotten; its data. */
    public Object awaitEvent(String name) {
        return awaitEvent(name, data -> true);
    }

    /** As {@link #awaitEvent(String)}, for one with such data. */
    public Object awaitEvent(String name, Predicate<Map<?, ?>> wanted) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        synchronized (events) {
            try {
                while (true) {
                    for (int i = 0; i < events.size(); i++) {
                        QmpEvent event = events.get(i);
                        if (event.name().equals(name) && wanted.test((Map<?, ?>) event.data().tree())) {
                            events.subList(0, i + 1).clear();
                            return event.data().tree();
                        }
                    }
                    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                    if (left <= 0) {
                        throw new TimeoutException();
                    }
                    events.wait(left);
                }
            } catch (InterruptedException | TimeoutException e) {
                throw new AssertionFailedError("no event " + name + " but " + events + "\n" + process.err(), e);
            }
        }
    }

    /** Waits until a device of the machine has made so many more writes. */
    public void awaitWrites(int more) throws BlockException {
        long wanted = writes() + more;
        process.await("its guest writes", () -> {
            try {
                return writes() >= wanted;
            } catch (BlockException e) {
                throw new AssertionFailedError(e.getMessage(), e);
            }
        });
    }

    /** Writes that the devices of the machine have made. */
    public long writes() throws BlockException {
        return monitor.execute("query-blockstats", Map.of()).elements().stream()
                .mapToLong(device -> device.get("stats").number("wr_operations").orElse(0L)).sum();
    }

    /** Ends it now. */
    public void quit() {
        close();
    }

    @Override
    public void close() {
        monitor.close();
        process.close();
    }
}
