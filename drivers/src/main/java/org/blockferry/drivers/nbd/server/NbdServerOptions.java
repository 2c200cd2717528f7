package org.blockferry.drivers.nbd.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.blockferry.drivers.nbd.wire.TlsCredentials;

/**
 * How a server listens and what a client may cost.
 *
 * @param address a Unix socket, made with mode 0600 and removed at the end, or a TCP address
 * @param tls credentials; empty: TLS is not offered
 * @param tlsRequired whether clients that do not encrypt are refused
 * @param maxConnections clients in transmission at once; a further one is told that the server takes no more
 * @param requestsPerConnection most requests of one connection served at once, each by a worker thread with a buffer of
 *     {@link #BUFFER_BYTES}; beyond the first, workers are shared out among connections
 * @param handshakeTimeout from accepting to transmission
 * @param stallTimeout how long a client may keep the rest of a request that it has begun, or take no byte of a reply; zero: for
 *     ever. Between requests a client may be silent as long as it likes.
 * @param stopTimeout how long {@link NbdServer#close} waits for what is in flight
 */
public record NbdServerOptions(
        SocketAddress address,
        Optional<TlsCredentials> tls,
        boolean tlsRequired,
        int maxConnections,
        int requestsPerConnection,
        Duration handshakeTimeout, Duration stallTimeout,
        Duration stopTimeout) {

    /** What a worker reads or writes at once; larger requests go through it in pieces. */
    public static final int BUFFER_BYTES = 256 << 10;

    public NbdServerOptions {
        Objects.requireNonNull(address, "address");
        Objects.requireNonNull(tls, "tls");
        Objects.requireNonNull(handshakeTimeout, "handshakeTimeout");
        Objects.requireNonNull(stallTimeout, "stallTimeout");
        Objects.requireNonNull(stopTimeout, "stopTimeout");
        if (maxConnections < 1 || requestsPerConnection < 1) {
            throw new IllegalArgumentException(
                    "maxConnections " + maxConnections + ", requestsPerConnection " + requestsPerConnection);
        }
        if (tlsRequired && tls.isEmpty()) {
            throw new IllegalArgumentException("TLS is required, and there are no credentials for it");
        }
    }

    private static NbdServerOptions at(SocketAddress address) {
        return new NbdServerOptions(address, Optional.empty(), false, 64, 8, Duration.ofSeconds(15), Duration.ofMinutes(2),
                Duration.ofSeconds(10));
    }

    /** On a Unix socket that only this user can open. */
    public static NbdServerOptions unix(Path socket) {
        return at(UnixDomainSocketAddress.of(socket));
    }

    /** On the loopback interface; port 0 lets the system choose. */
    public static NbdServerOptions loopback(int port) {
        return at(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** On any TCP address: whoever asks for it should also ask for TLS. */
    public static NbdServerOptions tcp(InetSocketAddress address) {
        return at(address);
    }

    public NbdServerOptions withTls(TlsCredentials credentials, boolean required) {
        return new NbdServerOptions(address, Optional.of(credentials), required, maxConnections, requestsPerConnection,
                handshakeTimeout, stallTimeout, stopTimeout);
    }

    public NbdServerOptions withMaxConnections(int connections) {
        return new NbdServerOptions(address, tls, tlsRequired, connections, requestsPerConnection, handshakeTimeout,
                stallTimeout, stopTimeout);
    }

    public NbdServerOptions withRequestsPerConnection(int requests) {
        return new NbdServerOptions(address, tls, tlsRequired, maxConnections, requests, handshakeTimeout, stallTimeout,
                stopTimeout);
    }

    public NbdServerOptions withTimeouts(Duration handshake, Duration stall, Duration stop) {
        return new NbdServerOptions(address, tls, tlsRequired, maxConnections, requestsPerConnection, handshake, stall, stop);
    }
}
