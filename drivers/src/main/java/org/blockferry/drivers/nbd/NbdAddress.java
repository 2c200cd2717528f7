package org.blockferry.drivers.nbd;

import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/**
 * Where an export is: the URIs of {@code doc/uri.md} and the spellings that {@code qemu-img} took before there were any.
 *
 * <pre>
 *   nbd://host[:port]/export            nbds://…      the same, encrypted or not at all
 *   nbd+unix:///export?socket=path      nbds+unix://…
 *   nbd:host:port[:exportname=name]     nbd:unix:path[:exportname=name]
 * </pre>
 *
 * @param name what the user wrote, for messages
 * @param host for TCP; empty for a Unix socket
 * @param port for TCP
 * @param socket the path of a Unix socket; empty for TCP
 * @param export the export's name; the empty name is the server's default export
 * @param encrypted whether TLS is demanded
 * @param query the other parameters of the URI
 */
record NbdAddress(
        String name, String host, int port, Optional<String> socket, String export, boolean encrypted,
        Map<String, String> query) {

    private static final String EXPORT_NAME = ":exportname=";
    /** {@code sun_path} of {@code sockaddr_un}, less its NUL: unix(7). */
    private static final int MAX_SOCKET_PATH = 107;

    NbdAddress {
        query = Map.copyOf(query);
    }

    /** @throws BlockException INVALID_ARGUMENT saying what is wrong with the text; UNSUPPORTED for abstract sockets */
    static NbdAddress parse(String text) throws BlockException {
        int colon = text.indexOf(':');
        String scheme = colon < 0 ? "" : text.substring(0, colon);
        boolean uri = text.startsWith("//", colon + 1);
        NbdAddress address = switch (scheme) {
            case "nbd", "nbd+tcp" -> uri ? tcp(text, colon + 3, false) : oldStyle(text, text.substring(colon + 1));
            case "nbds", "nbds+tcp" -> requireUri(text, uri) ? tcp(text, colon + 3, true) : null;
            case "nbd+unix" -> requireUri(text, uri) ? unix(text, colon + 3, false) : null;
            case "nbds+unix" -> requireUri(text, uri) ? unix(text, colon + 3, true) : null;
            default -> throw wrong(text, "an NBD address begins with nbd:, nbds:, nbd+unix: or nbds+unix:");
        };
        int bytes = address.export.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > Nbd.MAX_STRING || address.export.indexOf('\0') >= 0) {
            throw wrong(text, "the export name has " + bytes + " bytes or a NUL; names have at most " + Nbd.MAX_STRING
                    + " bytes and no NUL");
        }
        return address;
    }

    private static boolean requireUri(String text, boolean uri) throws BlockException {
        if (!uri) {
            throw wrong(text, "'//' is missing after the scheme");
        }
        return true;
    }

    private static NbdAddress oldStyle(String text, String rest) throws BlockException {
        int at = rest.indexOf(EXPORT_NAME);
        String export = at < 0 ? "" : rest.substring(at + EXPORT_NAME.length());
        String where = at < 0 ? rest : rest.substring(0, at);
        if (where.startsWith("unix:")) {
            return new NbdAddress(text, "", 0, Optional.of(socketPath(text, where.substring(5))), export, false, Map.of());
        }
        int colon = where.lastIndexOf(':');
        if (colon <= 0 || where.endsWith("]")) {
            throw wrong(text, "expected nbd:HOST:PORT[:exportname=NAME], nbd:unix:PATH[:exportname=NAME] or nbd://HOST/NAME");
        }
        return new NbdAddress(text, host(text, where.substring(0, colon)), port(text, where.substring(colon + 1)),
                Optional.empty(), export, false, Map.of());
    }

    private static NbdAddress tcp(String text, int from, boolean encrypted) throws BlockException {
        Parts parts = Parts.of(text, from);
        String authority = parts.authority.substring(parts.authority.lastIndexOf('@') + 1);
        int colon = authority.lastIndexOf(':');
        boolean hasPort = colon >= 0 && colon > authority.lastIndexOf(']');
        String host = hasPort ? authority.substring(0, colon) : authority;
        String port = hasPort ? authority.substring(colon + 1) : "";
        if (parts.query.containsKey("socket")) {
            throw wrong(text, "socket= belongs to nbd+unix://");
        }
        return new NbdAddress(text, host.isEmpty() ? "localhost" : host(text, decode(text, host)),
                port.isEmpty() ? Nbd.DEFAULT_PORT : port(text, port), Optional.empty(), parts.export, encrypted, parts.query);
    }

    private static NbdAddress unix(String text, int from, boolean encrypted) throws BlockException {
        Parts parts = Parts.of(text, from);
        String authority = parts.authority.substring(parts.authority.lastIndexOf('@') + 1);
        if (!authority.isEmpty()) {
            throw wrong(text, "a Unix socket has no host '" + authority + "'; write nbd+unix:///EXPORT?socket=PATH");
        }
        String socket = parts.query.remove("socket");
        if (socket == null) {
            throw wrong(text, "the parameter socket=PATH is missing");
        }
        return new NbdAddress(text, "", 0, Optional.of(socketPath(text, socket)), parts.export, encrypted, parts.query);
    }

    private static String socketPath(String text, String path) throws BlockException {
        if (path.startsWith("\0")) {
            throw BlockException.of(Kind.UNSUPPORTED, text, "abstract sockets are not supported by the JDK");
        }
        int bytes = path.getBytes(StandardCharsets.UTF_8).length;
        if (path.isEmpty() || bytes > MAX_SOCKET_PATH) {
            throw wrong(text, "the socket's path has " + bytes + " bytes; the system takes 1 to " + MAX_SOCKET_PATH);
        }
        return path;
    }

    private static String host(String text, String host) throws BlockException {
        if (host.startsWith("[") != host.endsWith("]") || host.isEmpty()) {
            throw wrong(text, "'" + host + "' is no host");
        }
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private static int port(String text, String port) throws BlockException {
        try {
            int value = Integer.parseInt(port);
            if (value >= 1 && value <= 65535) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw wrong(text, "the port is '" + port + "'; a port is a number from 1 to 65535");
        }
        throw wrong(text, "the port is '" + port + "'; a port is a number from 1 to 65535");
    }

    /** The address to connect to; a host name is resolved now. */
    SocketAddress socketAddress() throws BlockException {
        if (socket.isPresent()) {
            try {
                return UnixDomainSocketAddress.of(socket.get());
            } catch (InvalidPathException e) {
                throw wrong(name, "'" + socket.get() + "' is no path");
            }
        }
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw BlockException.of(Kind.NOT_FOUND, name, "the host '" + host + "' is not known");
        }
        return address;
    }

    /** Where the server is, without the export: {@code unix:/path} or {@code host:port}. */
    String server() {
        return socket.map(path -> "unix:" + path).orElse(host + ":" + port);
    }

    private static BlockException wrong(String text, String what) {
        return BlockException.of(Kind.INVALID_ARGUMENT, text, what);
    }

    /** Percent-decoding of RFC 3986, as UTF-8; a plus sign is a plus sign. */
    static String decode(String text, String part) throws BlockException {
        if (part.indexOf('%') < 0) {
            return part;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(part.length());
        byte[] raw = part.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < raw.length; i++) {
            if (raw[i] != '%') {
                bytes.write(raw[i]);
                continue;
            }
            int high = i + 2 < raw.length ? Character.digit(raw[i + 1], 16) : -1;
            int low = i + 2 < raw.length ? Character.digit(raw[i + 2], 16) : -1;
            if (high < 0 || low < 0) {
                throw wrong(text, "'%' is followed by two hexadecimal digits");
            }
            bytes.write(high << 4 | low);
            i += 2;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.toByteArray())).toString();
        } catch (CharacterCodingException e) {
            throw wrong(text, "'" + part + "' does not decode to UTF-8");
        }
    }

    /** A URI after its scheme: authority, export, parameters. The parameters can be taken out. */
    private record Parts(String authority, String export, Map<String, String> query) {

        static Parts of(String text, int from) throws BlockException {
            if (text.indexOf('#', from) >= 0) {
                throw wrong(text, "an NBD URI has no fragment ('#')");
            }
            int question = text.indexOf('?', from);
            String beforeQuery = question < 0 ? text.substring(from) : text.substring(from, question);
            int slash = beforeQuery.indexOf('/');
            String authority = slash < 0 ? beforeQuery : beforeQuery.substring(0, slash);
            String export = slash < 0 ? "" : decode(text, beforeQuery.substring(slash + 1));
            Map<String, String> query = new TreeMap<>();
            if (question >= 0 && question + 1 < text.length()) {
                for (String pair : text.substring(question + 1).split("&")) {
                    int equals = pair.indexOf('=');
                    if (equals <= 0) {
                        throw wrong(text, "the parameter '" + pair + "' has no value");
                    }
                    if (query.put(decode(text, pair.substring(0, equals)), decode(text, pair.substring(equals + 1))) != null) {
                        throw wrong(text, "the parameter '" + pair.substring(0, equals) + "' is given twice");
                    }
                }
            }
            return new Parts(authority, export, query);
        }
    }
}
