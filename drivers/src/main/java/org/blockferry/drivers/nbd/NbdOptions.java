package org.blockferry.drivers.nbd;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.util.ByteSize;

/**
 * How to talk to a server. Each option may stand in the query of the URI or among the driver options, which win.
 *
 * @param connections most connections to one export ({@code connections=}); more than one only to a server that promises
 *     {@code CAN_MULTI_CONN}
 * @param requestSize bytes of one read or write on the wire ({@code request-size=}); a power of two
 * @param timeout how long a connection with requests in flight may stand still before it counts as lost ({@code timeout=}
 *     seconds); zero: for ever
 * @param reconnect how long a lost connection is tried again, with what was in flight ({@code reconnect=} seconds); zero: not
 * @param metaContext a metadata context to select beside {@code base:allocation} ({@code meta-context=})
 * @param extendedHeaders whether 64-bit lengths are asked for ({@code extended-headers=})
 * @param structuredReplies whether structured replies are asked for ({@code structured-replies=})
 * @param tlsCertificates folder of PEM files ({@code tls-certificates=})
 * @param tlsVerifyPeer whether the server's certificate is checked ({@code tls-verify-peer=})
 * @param tlsHostname the name to check in the certificate instead of the host ({@code tls-hostname=})
 */
record NbdOptions(
        int connections,
        int requestSize,
        Duration timeout, Duration reconnect,
        Optional<String> metaContext,
        boolean extendedHeaders,
        boolean structuredReplies,
        Optional<Path> tlsCertificates,
        boolean tlsVerifyPeer,
        Optional<String> tlsHostname) {

    /** As nbdcopy: four sockets keep two cores and most servers busy. */
    static final int DEFAULT_CONNECTIONS = 4;
    /**
     * As nbdcopy. Larger ones cost the kernel, which finds memory for each message on a Unix socket. Measured on a quiet machine
     * with two processors, 708 MiB of files in 8 GiB, qemu-nbd to a file; wall (processor) seconds of four runs by turns: 128
     * KiB 0.84 to 2.32 (0.9 to 1.2), 256 KiB 0.79 to 3.29 (0.9 to 1.2), 512 KiB 0.83 to 2.14 (1.0 to 1.5), 1 MiB 1.69 to 2.28
     * (2.1 to 2.3), nbdcopy 0.79 to 0.89 (0.6 to 0.7). A busy machine had said 1 MiB.
     */
    static final int DEFAULT_REQUEST_SIZE = 256 << 10;
    /** Longer than a busy disk needs for anything but a very large flush; a dead server does not hang a copy for ever. */
    static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(5);
    /** The whole way from connect to transmission, however patient the options are otherwise. */
    static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(30);

    private static final int MAX_CONNECTIONS = 64;
    private static final int MIN_REQUEST_SIZE = 4 << 10;
    private static final int MAX_REQUEST_SIZE = 32 << 20;
    private static final long MAX_SECONDS = 7 * 24 * 3600;

    /**
     * Reads the options of a URI's query and of the driver.
     *
     * @param node for messages
     * @throws BlockException INVALID_ARGUMENT naming the option, its value and the bound; UNSUPPORTED for {@code tls-psk-file}
     */
    static NbdOptions parse(String node, Map<String, String> query, Map<String, String> driver) throws BlockException {
        Map<String, String> all = new TreeMap<>(query);
        all.putAll(driver);
        Reader reader = new Reader(node, all);
        if (all.containsKey("tls-psk-file") || "psk".equals(all.get("tls-type")) || "anon".equals(all.get("tls-type"))) {
            throw BlockException.of(BlockException.Kind.UNSUPPORTED, node,
                    "TLS with pre-shared keys or without certificates is not"
                    + " supported (the JDK has no such cipher suites); use certificates: tls-certificates=DIR");
        }
        all.remove("tls-type", "x509");
        NbdOptions options = new NbdOptions(
                reader.number("connections", DEFAULT_CONNECTIONS, 1, MAX_CONNECTIONS),
                reader.powerOfTwo("request-size", DEFAULT_REQUEST_SIZE, MIN_REQUEST_SIZE, MAX_REQUEST_SIZE),
                reader.seconds("timeout", DEFAULT_TIMEOUT),
                reader.seconds("reconnect", Duration.ZERO),
                reader.text("meta-context"), reader.flag("extended-headers", true),
                reader.flag("structured-replies", true),
                reader.text("tls-certificates").map(Path::of),
                reader.flag("tls-verify-peer", true),
                reader.text("tls-hostname"));
        if (!all.isEmpty()) {
            throw BlockException.of(BlockException.Kind.INVALID_ARGUMENT, node, "unknown option '"
                    + all.keySet().iterator().next()
                    + "'; known are socket, connections, request-size, timeout, reconnect, meta-context, extended-headers,"
                    + " structured-replies, tls-certificates, tls-verify-peer, tls-hostname");
        }
        return options;
    }

    /** Whether anything was said that only makes sense with TLS. */
    boolean mentionsTls() {
        return tlsCertificates.isPresent() || tlsHostname.isPresent() || !tlsVerifyPeer;
    }

    /** Takes options out of a map one by one, so that what is left is unknown. */
    private record Reader(String node, Map<String, String> options) {

        Optional<String> text(String name) {
            return Optional.ofNullable(options.remove(name));
        }

        int number(String name, int otherwise, int least, int most) throws BlockException {
            String text = options.remove(name);
            if (text == null) {
                return otherwise;
            }
            try {
                int value = Integer.parseInt(text);
                if (value >= least && value <= most) {
                    return value;
                }
            } catch (NumberFormatException e) {
                throw wrong(name, text, "a number from " + least + " to " + most);
            }
            throw wrong(name, text, "a number from " + least + " to " + most);
        }

        int powerOfTwo(String name, int otherwise, int least, int most) throws BlockException {
            String text = options.remove(name);
            if (text == null) {
                return otherwise;
            }
            long value;
            try {
                value = ByteSize.parse(name, text);
            } catch (IllegalArgumentException e) {
                throw BlockException.of(BlockException.Kind.INVALID_ARGUMENT, node, e.getMessage(), e);
            }
            if (value < least || value > most || Long.bitCount(value) != 1) {
                throw wrong(name, text, "a power of two from " + ByteSize.format(least) + " to " + ByteSize.format(most));
            }
            return (int) value;
        }

        Duration seconds(String name, Duration otherwise) throws BlockException {
            String text = options.remove(name);
            if (text == null) {
                return otherwise;
            }
            String bound = "seconds from 0 to " + MAX_SECONDS;
            try {
                double value = Double.parseDouble(text);
                if (value >= 0 && value <= MAX_SECONDS) {
                    return Duration.ofMillis(Math.round(value * 1000));
                }
            } catch (NumberFormatException e) {
                throw wrong(name, text, bound);
            }
            throw wrong(name, text, bound);
        }

        boolean flag(String name, boolean otherwise) throws BlockException {
            String text = options.remove(name);
            if (text == null) {
                return otherwise;
            }
            return switch (text) {
                case "1", "true", "on", "yes" -> true;
                case "0", "false", "off", "no" -> false;
                default -> throw wrong(name, text, "0 or 1");
            };
        }

        private BlockException wrong(String name, String value, String bound) {
            return BlockException.field(BlockException.Kind.INVALID_ARGUMENT, node, name, "'" + value + "'", bound);
        }
    }
}
