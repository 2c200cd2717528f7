package org.blockferry.cli;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;

/** Writes the URI of an export: NBD's {@code doc/uri.md}, RFC 3986. */
final class NbdUri {
    private static final String UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";

    private NbdUri() {
    }

    static String of(SocketAddress address, String export, boolean encrypted) {
        String scheme = encrypted ? "nbds" : "nbd";
        if (address instanceof UnixDomainSocketAddress unix) {
            return scheme + "+unix:///" + escape(export) + "?socket=" + escape(unix.getPath().toAbsolutePath().toString());
        }
        InetSocketAddress tcp = (InetSocketAddress) address;
        return scheme + "://" + host(tcp.getAddress()) + ":" + tcp.getPort() + "/" + escape(export);
    }

    private static String host(InetAddress address) {
        if (address.isAnyLocalAddress()) {
            // Every address of this machine: its name is the one that others may know.
            try {
                return InetAddress.getLocalHost().getHostName();
            } catch (UnknownHostException e) {
                return "localhost";
            }
        }
        String text = address.getHostAddress();
        return address instanceof Inet6Address ? "[" + text.replace("%", "%25") + "]" : text;
    }

    private static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            if (each >= 0 && UNRESERVED.indexOf(each) >= 0) {
                escaped.append((char) each);
            } else {
                escaped.append('%').append(Character.toUpperCase(Character.forDigit(each >> 4 & 15, 16)))
                        .append(Character.toUpperCase(Character.forDigit(each & 15, 16)));
            }
        }
        return escaped.toString();
    }
}
