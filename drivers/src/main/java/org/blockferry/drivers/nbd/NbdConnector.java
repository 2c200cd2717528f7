package org.blockferry.drivers.nbd;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.drivers.nbd.wire.PlainWire;
import org.blockferry.drivers.nbd.wire.TlsCredentials;
import org.blockferry.drivers.nbd.wire.Wire;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/** Makes connections to one address, each within a time limit. Thread-safe. */
final class NbdConnector {
    private final NbdAddress address;
    private final NbdOptions options;
    private final Optional<TlsCredentials> credentials;

    /** @throws BlockException if the TLS files cannot be used, or are named where nothing is to be encrypted */
    NbdConnector(NbdAddress address, NbdOptions options) throws BlockException {
        this.address = address;
        this.options = options;
        if (!address.encrypted() && options.mentionsTls()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, address.name(),
                    "tls-* options need nbds:// or nbds+unix://; without the 's' nothing is encrypted");
        }
        if (!address.encrypted()) {
            credentials = Optional.empty();
        } else if (options.tlsCertificates().isPresent()) {
            credentials = Optional.of(TlsCredentials.client(options.tlsCertificates().get(), options.tlsVerifyPeer()));
        } else {
            credentials = Optional.of(TlsCredentials.systemClient(options.tlsVerifyPeer()));
        }
    }

    NbdAddress address() {
        return address;
    }

    NbdOptions options() {
        return options;
    }

    /** What is done with a handshake that has got as far as agreeing on the kind of replies. */
    @FunctionalInterface
    interface Step<T> {
        T with(ClientHandshake handshake) throws IOException;
    }

    /**
     * Connects and enters the transmission phase.
     *
     * @param limit for the whole way
     * @throws BlockException NOT_FOUND if nobody listens or there is no such export; what {@link ClientHandshake} throws; IO
     */
    NbdConnection connect(Duration limit) throws BlockException {
        return handshake(limit, true, handshake -> {
            Map<String, Integer> contexts = handshake.isStructured()
                    ? handshake.metaContexts(Nbd.OPT_SET_META_CONTEXT, address.export(), wantedContexts()) : Map.of();
            ExportTerms terms = handshake.go(address.export(), contexts);
            return new NbdConnection(handshake.wire(), terms);
        });
    }

    private List<String> wantedContexts() {
        List<String> wanted = new ArrayList<>(List.of(Nbd.BASE_ALLOCATION));
        options.metaContext().ifPresent(wanted::add);
        return wanted;
    }

    /**
     * Connects, negotiates as far as any session does, and hands over.
     *
     * @param keep whether the connection lives on after success
     */
    <T> T handshake(Duration limit, boolean keep, Step<T> step) throws BlockException {
        SocketAddress target = address.socketAddress();
        AtomicBoolean late = new AtomicBoolean();
        try (SocketGuard guard = new SocketGuard(target)) {
            ScheduledFuture<?> alarm = Watchdog.after(limit, () -> {
                late.set(true);
                guard.abort();
            });
            try {
                guard.channel.connect(target);
                ClientHandshake handshake = new ClientHandshake(new PlainWire(guard.channel), address.name());
                handshake.greet();
                if (credentials.isPresent()) {
                    handshake.startTls(credentials.get(), options.tlsHostname().orElse(address.host()));
                }
                handshake.negotiateReplies(options.structuredReplies(), options.extendedHeaders());
                T result = step.with(handshake);
                if (!alarm.cancel(false) && late.get()) {
                    throw new IOException("too late");
                }
                guard.keep = keep;
                return result;
            } finally {
                alarm.cancel(false);
            }
        } catch (BlockException e) {
            throw e;
        } catch (IOException e) {
            throw late.get()
                    ? BlockException.of(Kind.IO, address.name(), "the server at " + address.server()
                    + " did not complete the handshake"
                            + " within " + limit.toMillis() / 1000.0 + " seconds", e)
                    : unreachable(e);
        }
    }

    private BlockException unreachable(IOException e) {
        boolean refused = e instanceof ConnectException;
        boolean noSocket = address.socket().isPresent() && !Files.exists(Path.of(address.socket().get()));
        String why = noSocket ? "there is no such socket" : e.getMessage() == null ? e.toString() : e.getMessage();
        return BlockException.of(noSocket || refused ? Kind.NOT_FOUND : Kind.IO, address.name(),
                "cannot connect to " + address.server() + ": " + why, e);
    }

    /** Closes a channel unless it is to live on. */
    private static final class SocketGuard implements AutoCloseable {
        private final SocketChannel channel;
        private boolean keep;

        SocketGuard(SocketAddress target) throws IOException {
            channel = target instanceof UnixDomainSocketAddress
                    ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
        }

        void abort() {
            try {
                channel.close();
            } catch (IOException e) {
                // Nothing is lost with a channel that is given up.
                keep = false;
            }
        }

        @Override
        public void close() throws IOException {
            if (!keep) {
                channel.close();
            }
        }
    }
}
