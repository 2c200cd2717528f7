/**
 * What both ends of NBD share: the numbers of the protocol, its error values, and a byte stream with or without TLS.
 *
 * <pre>
 *   nbd (client) ──┐                      ┌── PlainWire   SocketChannel, TCP or Unix
 *                  ├──▶ Nbd, NbdErrno, Wire
 *   nbd.server  ───┘                      └── TlsWire     SSLEngine over a PlainWire ◀── TlsCredentials (PEM files)
 * </pre>
 *
 * <p>Nothing here knows what a disk is. Source of all protocol facts: {@code doc/proto.md} of NetworkBlockDevice/nbd, with the
 * section named where it matters. All numbers travel in network byte order, which is what {@code ByteBuffer} does by itself.
 */
package org.blockferry.drivers.nbd.wire;
