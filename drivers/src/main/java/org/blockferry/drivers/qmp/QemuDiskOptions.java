package org.blockferry.drivers.qmp;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which disk of which QEMU, and how it is reached.
 *
 * @param monitor the Unix socket of a QMP monitor that no other client uses
 * @param node a node's name, or the name or path of the device that it is attached to
 * @param server an NBD URI without an export name, where QEMU's NBD server listens already; empty: one is started for the time
 *     being, on a Unix socket
 * @param socket where to start it; empty: in a folder of its own, which only this user can enter
 * @param granularity bytes for which one bit stands in the bitmaps, a power of two from 512 to 2 GiB; empty: as QEMU chooses
 * @param depth whether it is to be known which image of the chain holds what
 * @param guestEnd what becomes of the guest
 */
public record QemuDiskOptions(
        Path monitor, String node, Optional<String> server, Optional<Path> socket, OptionalInt granularity,
        boolean depth, GuestEnd guestEnd) {

    public QemuDiskOptions {
        Objects.requireNonNull(monitor, "monitor");
        Objects.requireNonNull(node, "node");
        Objects.requireNonNull(server, "server");
        Objects.requireNonNull(socket, "socket");
        Objects.requireNonNull(guestEnd, "guestEnd");
        int bytes = granularity.orElse(512);
        if (bytes < 512 || Integer.bitCount(bytes) != 1) {
            throw new IllegalArgumentException("granularity is " + bytes + "; a power of two from 512 on");
        }
    }

    /** A node of the QEMU with this monitor, all else chosen. */
    public static QemuDiskOptions of(Path monitor, String node) {
        return new QemuDiskOptions(monitor, node, Optional.empty(), Optional.empty(), OptionalInt.empty(), false,
                GuestEnd.PAUSED);
    }

    /** QEMU's NBD server listens there already. */
    public QemuDiskOptions withServer(String uri) {
        return new QemuDiskOptions(monitor, node, Optional.of(uri), socket, granularity, depth, guestEnd);
    }

    /** The NBD server is started on this socket. */
    public QemuDiskOptions withSocket(Path path) {
        return new QemuDiskOptions(monitor, node, server, Optional.of(path), granularity, depth, guestEnd);
    }

    public QemuDiskOptions withGranularity(int bytes) {
        return new QemuDiskOptions(monitor, node, server, socket, OptionalInt.of(bytes), depth, guestEnd);
    }

    public QemuDiskOptions withDepth(boolean value) {
        return new QemuDiskOptions(monitor, node, server, socket, granularity, value, guestEnd);
    }

    public QemuDiskOptions withGuestEnd(GuestEnd value) {
        return new QemuDiskOptions(monitor, node, server, socket, granularity, depth, value);
    }
}
