package org.blockferry.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.blockferry.drivers.nbd.server.NbdServerOptions;
import org.blockferry.drivers.nbd.wire.TlsCredentials;

/**
 * One command line of {@code blockferry serve}, understood.
 *
 * @param socket the Unix socket that was asked for
 * @param tcp the TCP address that was asked for; neither: a Unix socket in a private folder
 */
record ServeRequest(String image, Optional<String> format, boolean readOnly, boolean share, boolean untrusted,
        Optional<Path> socket, Optional<InetSocketAddress> tcp, String name, int shared, boolean depth, List<String> bitmaps, Optional<Path> tlsFolder,
        boolean anyClient, boolean persistent) {
    /** One buffer of 256 KiB for each, beside those shared by all, fits what the launcher allows. */
    private static final int MAX_SHARED = 64;
    private static final int DEFAULT_SHARED = 16;
    /** IANA's port for NBD. */
    private static final int DEFAULT_PORT = 10809;

    /** The options, as the help text shows them. */
    static OptionTable table() {
        return new OptionTable("serve", "[OPTIONS] IMAGE")
                .examples("serve --read-only overlay.qcow2", "serve --persistent --socket /run/disk.sock disk.raw",
                        "serve --port 10809 --bind 0.0.0.0 --tls-creds /etc/pki/nbd disk.qcow2")
                .description(
                        "Serves a disk over NBD: raw and qcow2, as its whole chain reads, written in place unless --read-only. Says on "
                                + "stdout, in one line, the URI for clients once it listens: on a Unix socket that only this user can "
                                + "open, in a folder of its own, unless told otherwise. Ends when its last client has left.",
                        "Ctrl-C and SIGTERM let what is in flight finish, make it durable and remove the socket.",
                        "Exit codes: 0 the last client left, 1 failed, 2 usage, 130 ended by Ctrl-C, 143 by SIGTERM; in all but 1 "
                                + "what clients wrote is on the disk.")
                .group("Image")
                .value("FORMAT", "format of the image; otherwise it is found out", "-f", "--format")
                .flag("take no writes", "--read-only")
                .flag("open the image although others may write to it; only with --read-only", "-U", "--force-share")
                .flag("open nothing that the image names: no backing file, no data file; only with --read-only", "--untrusted")
                .group("Listening")
                .value("PATH", "on this Unix socket, which only this user can open", "--socket")
                .value("N", "on this TCP port of the loopback interface; 0: one that is free", "--port")
                .value("ADDRESS", "on this address, not loopback; port " + DEFAULT_PORT + " unless --port says so", "--bind")
                .value("DIR", "encrypted only, with server-cert.pem and server-key.pem of this folder, for clients that show a "
                        + "certificate of its ca-cert.pem", "--tls-creds")
                .flag("encrypted, but clients need no certificate", "--tls-any-client")
                .group("Clients")
                .value("NAME", "the export's name, by default the empty one", "--name")
                .value("N", "connections at the same time, 1 to " + MAX_SHARED + ", by default " + DEFAULT_SHARED
                        + "; with 1, clients are told to use one", "--shared")
                .flag("also tell which image of the chain holds what (qemu:allocation-depth)", "--allocation-depth")
                .value("NAME", "also tell what this bitmap of the image, or of one below it, calls dirty (qemu:dirty-bitmap:NAME); "
                        + "with writes only one that is disabled; may be repeated", "--bitmap")
                .flag("go on when the last client has left", "--persistent")
                .group("Output")
                .flag("show this text", "-h", "--help");
    }

    /** @throws UsageException naming the option, its value and the bound, or the options that exclude each other */
    static ServeRequest of(Arguments arguments) throws UsageException {
        if (arguments.rest().size() != 1) {
            throw new UsageException(arguments.rest().isEmpty() ? "serve needs an image"
                    : "serve takes one image, not '" + arguments.rest().get(1) + "' as well");
        }
        if (arguments.rest().get(0).equals("-")) {
            // Before it is opened: looking into a pipe waits for whoever is at its other end.
            throw new UsageException("standard input is a stream, which cannot be served");
        }
        boolean readOnly = arguments.has("--read-only");
        for (String option : new String[] {"-U", "--untrusted"}) {
            if (arguments.has(option) && !readOnly) {
                throw new UsageException(option + " is only possible with --read-only");
            }
        }
        if (arguments.has("--socket") && (arguments.has("--port") || arguments.has("--bind"))) {
            throw new UsageException("--socket and " + (arguments.has("--port") ? "--port" : "--bind") + " exclude each other");
        }
        if (arguments.has("--tls-any-client") && !arguments.has("--tls-creds")) {
            throw new UsageException("--tls-any-client is only possible with --tls-creds");
        }
        return new ServeRequest(arguments.rest().get(0), arguments.value("-f"), readOnly, arguments.has("-U"),
                arguments.has("--untrusted"), path(arguments, "--socket"), tcp(arguments), name(arguments),
                arguments.number("--shared", 1, MAX_SHARED).orElse(DEFAULT_SHARED), arguments.has("--allocation-depth"), arguments.values("--bitmap"),
                path(arguments, "--tls-creds"), arguments.has("--tls-any-client"), arguments.has("--persistent"));
    }

    private static Optional<Path> path(Arguments arguments, String option) throws UsageException {
        Optional<String> text = arguments.value(option);
        try {
            if (text.isPresent() && text.get().isEmpty()) {
                throw new UsageException(option + " is empty");
            }
            return text.map(Path::of);
        } catch (InvalidPathException e) {
            throw new UsageException(option + " is '" + text.get() + "': " + e.getReason());
        }
    }

    private static Optional<InetSocketAddress> tcp(Arguments arguments) throws UsageException {
        if (!arguments.has("--port") && !arguments.has("--bind")) {
            return Optional.empty();
        }
        int port = arguments.number("--port", 0, 65535).orElse(DEFAULT_PORT);
        if (!arguments.has("--bind")) {
            return Optional.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        }
        String address = arguments.value("--bind").orElseThrow();
        try {
            if (!address.isEmpty()) {
                return Optional.of(new InetSocketAddress(InetAddress.getByName(address), port));
            }
        } catch (UnknownHostException e) {
            // Said below.
        }
        throw new UsageException("--bind is '" + address + "'; it is an address or a name of this machine");
    }

    private static String name(Arguments arguments) throws UsageException {
        String name = arguments.value("--name").orElse("");
        // doc/proto.md, "Values": strings have up to 4096 bytes.
        if (name.getBytes(StandardCharsets.UTF_8).length > 4096) {
            throw new UsageException("--name has more than the 4096 bytes that the protocol takes");
        }
        return name;
    }

    /** @param privateSocket where to listen if nothing was asked for */
    NbdServerOptions serverOptions(Path privateSocket) throws IOException {
        NbdServerOptions options = tcp.isPresent() ? NbdServerOptions.tcp(tcp.get())
                : NbdServerOptions.unix(socket.orElse(privateSocket));
        options = options.withMaxConnections(shared);
        return tlsFolder.isEmpty() ? options
                : options.withTls(TlsCredentials.server(tlsFolder.get(), !anyClient), true);
    }

    /** Whether strangers reach it in plain text. */
    boolean isOpenToStrangers() {
        return tlsFolder.isEmpty() && tcp.isPresent() && !tcp.get().getAddress().isLoopbackAddress();
    }
}
