package org.blockferry.engine.util;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/** Unix sockets that only their owner can open. */
public final class PrivateSocket {
    /** {@code sun_path} of {@code sockaddr_un}, less its NUL: unix(7). */
    private static final int MAX_SOCKET_PATH = 107;
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

    private PrivateSocket() {
    }

    /**
     * Binds a Unix socket that is open to nobody else, not even for a moment: Java has no umask, so it is made in a private
     * folder beside its place and moved there once its mode is right. (Where that longer path does not fit, it is made in place
     * and has the mode that the umask gives until it is changed.) A socket that nobody listens on any more is replaced.
     *
     * @throws BindException if somebody listens there, or what stands there is no socket
     */
    public static void bind(ServerSocketChannel listener, Path place, int backlog) throws IOException {
        if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            removeStale(place);
        }
        Path parent = place.toAbsolutePath().getParent();
        Path folder = parent.resolve(".s" + Integer.toHexString(ThreadLocalRandom.current().nextInt(1 << 16)));
        Path made = folder.resolve("s");
        if (made.toString().getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH) {
            listener.bind(UnixDomainSocketAddress.of(place), backlog);
            Files.setPosixFilePermissions(place, OWNER_ONLY);
            return;
        }
        Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try {
            listener.bind(UnixDomainSocketAddress.of(made), backlog);
            Files.setPosixFilePermissions(made, OWNER_ONLY);
            Files.move(made, place);
        } finally {
            Files.deleteIfExists(made);
            Files.delete(folder);
        }
    }

    private static void removeStale(Path place) throws IOException {
        // S_IFMT and S_IFSOCK of inode(7).
        if (((int) Files.getAttribute(place, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 0170000) != 0140000) {
            throw new BindException("a file that is no socket stands there");
        }
        try {
            SocketChannel.open(UnixDomainSocketAddress.of(place)).close();
        } catch (ConnectException e) {
            // A socket that a server left behind.
            Files.delete(place);
            return;
        }
        throw new BindException("somebody listens there already");
    }
}
