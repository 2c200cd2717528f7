package org.blockferry.drivers.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.drivers.nbd.wire.TlsCredentials;
import org.blockferry.drivers.nbd.wire.TlsWire;
import org.blockferry.drivers.nbd.wire.Wire;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.util.Printable;

/**
 * The client's side of the negotiation ({@code doc/proto.md}, "Handshake"): fixed newstyle with every option that helps, and
 * the two older styles as far as a default export goes. One thread; the caller bounds the time by closing the wire.
 *
 * <p>Everything that a server says is bounded before it is believed: replies to options, their number, block sizes, the size.
 */
final class ClientHandshake {
    /** No reply to an option has reason to be longer: a name, a description, and their lengths. */
    private static final int MAX_REPLY = 4 * Nbd.MAX_STRING;
    /** A server that answers one option more often than this is not listing exports. */
    private static final int MAX_REPLIES = 100_000;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final String node;
    private final ByteBuffer buffer = ByteBuffer.allocate(MAX_REPLY + 64);
    private Wire wire;
    private boolean fixed;
    private boolean noZeroes;
    private boolean structured;
    private boolean extended;
    /** Set for an oldstyle server, which names its only export unasked. */
    private Optional<ExportTerms> oldstyle = Optional.empty();

    /** @param node what the user called the export, for messages */
    ClientHandshake(Wire wire, String node) {
        this.wire = wire;
        this.node = node;
    }

    /** The wire to go on with: the given one, or TLS over it. */
    Wire wire() {
        return wire;
    }

    /** Reads the server's greeting and answers it. */
    void greet() throws IOException {
        receive(16);
        long magic = buffer.getLong();
        if (magic != Nbd.INIT_MAGIC) {
            throw nonsense("the greeting is 0x" + Long.toHexString(magic) + ", not NBDMAGIC; this is no NBD server");
        }
        long style = buffer.getLong();
        if (style == Nbd.OLDSTYLE_MAGIC) {
            receive(8 + 4 + 124);
            long size = buffer.getLong();
            oldstyle = Optional.of(terms(size, buffer.getInt() & 0xffff, new BlockSizes(), Map.of(), new Described()));
            return;
        }
        if (style != Nbd.OPTION_MAGIC) {
            throw nonsense("the second word of the greeting is 0x" + Long.toHexString(style) + "; IHAVEOPT was expected");
        }
        receive(2);
        int flags = buffer.getShort();
        fixed = (flags & Nbd.FLAG_FIXED_NEWSTYLE) != 0;
        noZeroes = (flags & Nbd.FLAG_NO_ZEROES) != 0;
        buffer.clear();
        buffer.putInt(flags & (Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES));
        send();
    }

    /**
     * Encrypts what follows. There is no falling back: a server that cannot is an error.
     *
     * @param host checked against the server's certificate, unless empty
     */
    void startTls(TlsCredentials credentials, String host) throws IOException {
        if (!fixed) {
            throw BlockException.of(Kind.REFUSED, node, "the server cannot encrypt (it does not speak fixed newstyle), and nbds"
                    + " demands it");
        }
        sendOption(Nbd.OPT_STARTTLS);
        Reply reply = reply(Nbd.OPT_STARTTLS);
        if (reply.type != Nbd.REP_ACK) {
            throw BlockException.of(Kind.REFUSED, node, "the server does not encrypt, and nbds demands it" + reply.said());
        }
        try {
            wire = TlsWire.handshake(wire, credentials.clientEngine(host));
        } catch (IOException e) {
            throw BlockException.of(Kind.REFUSED, node, "TLS: " + e.getMessage(), e);
        }
    }

    /** Asks for chunks and, if wanted, 64-bit lengths; a server that has neither is fine. */
    void negotiateReplies(boolean wantStructured, boolean wantExtended) throws IOException {
        if (!fixed || !wantStructured) {
            return;
        }
        // "Extended headers imply structured replies", so the second question is needed only after a no.
        extended = wantExtended && accepted(Nbd.OPT_EXTENDED_HEADERS);
        structured = extended || accepted(Nbd.OPT_STRUCTURED_REPLY);
    }

    private boolean accepted(int option) throws IOException {
        sendOption(option);
        Reply reply = reply(option);
        requireNoTls(reply);
        return reply.type == Nbd.REP_ACK;
    }

    /** Whether metadata contexts can be selected. */
    boolean isStructured() {
        return structured;
    }

    /**
     * Selects (or lists) metadata contexts of an export.
     *
     * @return the contexts that the server has, with their IDs; empty if it has none of them or does not know the option
     */
    Map<String, Integer> metaContexts(int option, String export, List<String> queries) throws IOException {
        Map<String, Integer> found = new LinkedHashMap<>();
        if (!structured) {
            return found;
        }
        startOption(option);
        putString(export);
        buffer.putInt(queries.size());
        queries.forEach(this::putString);
        endOption();
        for (int i = 0; i < MAX_REPLIES; i++) {
            Reply reply = reply(option);
            if (reply.type == Nbd.REP_ACK) {
                return found;
            }
            if (reply.isError()) {
                requireNoTls(reply);
                return Map.of();
            }
            if (reply.type != Nbd.REP_META_CONTEXT || reply.length < 4) {
                throw unexpected(reply);
            }
            int id = buffer.getInt();
            found.put(getString(reply.length - 4), id);
        }
        throw nonsense("it answers " + Nbd.optionName(option) + " without end");
    }

    /**
     * Enters the transmission phase with {@code export}.
     *
     * @param contexts what {@link #metaContexts} selected for it
     * @throws BlockException NOT_FOUND if the server has no such export; REFUSED if it demands TLS; ACCESS_DENIED by its policy
     */
    ExportTerms go(String export, Map<String, Integer> contexts) throws IOException {
        if (oldstyle.isPresent()) {
            if (!export.isEmpty()) {
                throw BlockException.of(Kind.NOT_FOUND, node, "an oldstyle server has one export without a name, not '" + export
                        + "'");
            }
            return oldstyle.get();
        }
        if (fixed) {
            Optional<ExportTerms> terms = info(Nbd.OPT_GO, export, contexts);
            if (terms.isPresent()) {
                return terms.get();
            }
        }
        return exportName(export, contexts);
    }

    /**
     * Asks for an export without entering it.
     *
     * @return empty if the server does not know the option
     * @throws BlockException as {@link #go}
     */
    Optional<ExportTerms> info(int option, String export, Map<String, Integer> contexts) throws IOException {
        startOption(option);
        putString(export);
        buffer.putShort((short) 3);
        buffer.putShort((short) Nbd.INFO_BLOCK_SIZE);
        buffer.putShort((short) Nbd.INFO_NAME);
        buffer.putShort((short) Nbd.INFO_DESCRIPTION);
        endOption();
        Optional<long[]> sizeAndFlags = Optional.empty();
        BlockSizes sizes = new BlockSizes();
        Described described = new Described();
        for (int i = 0; i < MAX_REPLIES; i++) {
            Reply reply = reply(option);
            if (reply.type == Nbd.REP_ACK) {
                long[] found = sizeAndFlags.orElseThrow(() -> nonsense("it accepts the export without saying its size"));
                return Optional.of(terms(found[0], (int) found[1], sizes, contexts, described));
            }
            if (reply.type == Nbd.REP_ERR_UNSUP) {
                return Optional.empty();
            }
            if (reply.isError()) {
                requireNoTls(reply);
                throw refusal(reply, export);
            }
            if (reply.type != Nbd.REP_INFO || reply.length < 2) {
                throw unexpected(reply);
            }
            int type = buffer.getShort() & 0xffff;
            switch (type) {
                case Nbd.INFO_EXPORT -> {
                    requireLength(reply, 12);
                    sizeAndFlags = Optional.of(new long[] {buffer.getLong(), buffer.getShort() & 0xffff});
                }
                case Nbd.INFO_BLOCK_SIZE -> {
                    requireLength(reply, 14);
                    sizes = new BlockSizes(buffer.getInt(), buffer.getInt(), buffer.getInt());
                }
                case Nbd.INFO_NAME -> described = new Described(Optional.of(getString(reply.length - 2)), described.text);
                case Nbd.INFO_DESCRIPTION -> described = new Described(described.name,
                        Optional.of(Printable.line(getString(reply.length - 2))));
                default -> {
                    // "A client MUST ignore information types that it does not recognize."
                    assert type > Nbd.INFO_BLOCK_SIZE;
                }
            }
        }
        throw nonsense("it answers " + Nbd.optionName(option) + " without end");
    }

    /** The option of the older servers, which say no by hanging up. */
    private ExportTerms exportName(String export, Map<String, Integer> contexts) throws IOException {
        startOption(Nbd.OPT_EXPORT_NAME);
        buffer.put(export.getBytes(StandardCharsets.UTF_8));
        endOption();
        try {
            receive(noZeroes ? 10 : 10 + 124);
        } catch (EOFException e) {
            throw BlockException.of(Kind.NOT_FOUND, node, "the server hung up when asked for the export '" + export + "'", e);
        }
        long size = buffer.getLong();
        return terms(size, buffer.getShort() & 0xffff, new BlockSizes(), contexts, new Described());
    }

    /**
     * The names and descriptions of the server's exports.
     *
     * @throws BlockException ACCESS_DENIED if its policy forbids listing; UNSUPPORTED if it cannot
     */
    Map<String, String> list() throws IOException {
        Map<String, String> exports = new LinkedHashMap<>();
        if (oldstyle.isPresent()) {
            exports.put("", "");
            return exports;
        }
        if (!fixed) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "the server cannot list its exports");
        }
        sendOption(Nbd.OPT_LIST);
        for (int i = 0; i < MAX_REPLIES; i++) {
            Reply reply = reply(Nbd.OPT_LIST);
            if (reply.type == Nbd.REP_ACK) {
                return exports;
            }
            if (reply.isError()) {
                requireNoTls(reply);
                throw BlockException.of(reply.type == Nbd.REP_ERR_POLICY ? Kind.ACCESS_DENIED : Kind.UNSUPPORTED, node,
                        "the server does not list its exports" + reply.said());
            }
            if (reply.type != Nbd.REP_SERVER || reply.length < 4) {
                throw unexpected(reply);
            }
            int length = buffer.getInt();
            if (length < 0 || length > reply.length - 4) {
                throw nonsense("the length of an export's name is " + Integer.toUnsignedString(length) + "; its reply has "
                        + reply.length + " bytes");
            }
            String name = getString(length);
            exports.put(name, Printable.line(getString(reply.length - 4 - length)));
        }
        throw nonsense("it lists more than " + MAX_REPLIES + " exports");
    }

    /** Ends the session before transmission, politely; a server that has hung up already is fine too. */
    void abort() throws IOException {
        if (fixed) {
            sendOption(Nbd.OPT_ABORT);
        }
    }

    private ExportTerms terms(long size, int flags, BlockSizes sizes, Map<String, Integer> contexts, Described described)
            throws BlockException {
        if (size < 0) {
            throw BlockException.field(Kind.UNSUPPORTED, node, "the export's size", Long.toUnsignedString(size),
                    "sizes up to 2^63-1 are supported");
        }
        sizes.check(node);
        int maximum = sizes.maximum == 0 ? Nbd.MAX_PAYLOAD
                : (int) Math.min(Integer.toUnsignedLong(sizes.maximum), Nbd.MAX_PAYLOAD);
        // A maximum need not be a power of two; pieces are cut on the minimum, and no piece is empty.
        maximum = Math.max(maximum - maximum % sizes.minimum, sizes.minimum);
        return new ExportTerms(size, (flags & Nbd.HAS_FLAGS) == 0 ? 0 : flags, sizes.minimum, sizes.preferred, maximum,
                structured, extended, contexts, described.text, described.name);
    }

    // One option and one reply.

    private void sendOption(int option) throws IOException {
        startOption(option);
        endOption();
    }

    private void startOption(int option) {
        buffer.clear();
        buffer.putLong(Nbd.OPTION_MAGIC);
        buffer.putInt(option);
        buffer.putInt(0);
    }

    private void endOption() throws IOException {
        buffer.putInt(12, buffer.position() - 16);
        send();
    }

    private void putString(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        buffer.putInt(bytes.length);
        buffer.put(bytes);
    }

    private void send() throws IOException {
        buffer.flip();
        wire.write(buffer, NOTHING);
    }

    private void receive(int bytes) throws IOException {
        buffer.clear().limit(bytes);
        wire.readFully(buffer);
        buffer.flip();
    }

    private Reply reply(int option) throws IOException {
        receive(20);
        long magic = buffer.getLong();
        if (magic != Nbd.OPTION_REPLY_MAGIC) {
            throw nonsense("the magic of a reply to " + Nbd.optionName(option) + " is 0x" + Long.toHexString(magic));
        }
        int answered = buffer.getInt();
        int type = buffer.getInt();
        int length = buffer.getInt();
        if (answered != option) {
            throw nonsense("it answers " + Nbd.optionName(answered) + " where " + Nbd.optionName(option) + " was asked");
        }
        if (length < 0 || length > MAX_REPLY) {
            throw nonsense("its reply to " + Nbd.optionName(option) + " has " + Integer.toUnsignedString(length)
                    + " bytes; at most " + MAX_REPLY + " make sense");
        }
        receive(length);
        // Bit 31 marks errors, whose data is a message.
        String message = type < 0 ? Printable.line(getString(length)) : "";
        return new Reply(option, type, length, message);
    }

    private String getString(int bytes) {
        byte[] raw = new byte[bytes];
        buffer.get(raw);
        return new String(raw, StandardCharsets.UTF_8);
    }

    private record Reply(int option, int type, int length, String message) {
        boolean isError() {
            return type < 0;
        }

        String said() {
            return message.isEmpty() ? "" : " (it says: " + message + ")";
        }
    }

    private BlockException refusal(Reply reply, String export) {
        return switch (reply.type) {
            case Nbd.REP_ERR_UNKNOWN -> BlockException.of(Kind.NOT_FOUND, node,
                    "the server has no export '" + export + "'" + reply.said());
            case Nbd.REP_ERR_POLICY -> BlockException.of(Kind.ACCESS_DENIED, node,
                    "the server's policy forbids the export '" + export + "'" + reply.said());
            case Nbd.REP_ERR_SHUTDOWN -> BlockException.of(Kind.IO, node, "the server is being shut down" + reply.said());
            default -> BlockException.of(Kind.IO, node, "the server refuses the export '" + export + "' with error 0x"
                    + Integer.toHexString(reply.type) + reply.said());
        };
    }

    private void requireNoTls(Reply reply) throws BlockException {
        if (reply.type == Nbd.REP_ERR_TLS_REQD) {
            throw BlockException.of(Kind.REFUSED, node, "the server demands encryption; use nbds:// or nbds+unix://"
                    + reply.said());
        }
    }

    private void requireLength(Reply reply, int length) throws BlockException {
        if (reply.length != length) {
            throw nonsense("an information reply has " + reply.length + " bytes; " + length + " were expected");
        }
    }

    private BlockException unexpected(Reply reply) {
        return nonsense("it answers " + Nbd.optionName(reply.option) + " with type 0x" + Integer.toHexString(reply.type)
                + " and "
                + reply.length + " bytes");
    }

    private BlockException nonsense(String what) {
        return BlockException.of(Kind.INVALID_FORMAT, node, "the server answers nonsense: " + what);
    }

    private record Described(Optional<String> name, Optional<String> text) {
        Described() {
            this(Optional.empty(), Optional.empty());
        }
    }

    /** "Block size constraints"; maximum 0 stands for "not said". */
    private record BlockSizes(int minimum, int preferred, int maximum) {
        BlockSizes() {
            this(1, 0, 0);
        }

        void check(String node) throws BlockException {
            if (Integer.bitCount(minimum) != 1 || minimum < 0 || minimum > Nbd.MAX_MINIMUM_BLOCK) {
                throw BlockException.field(Kind.INVALID_FORMAT, node, "the server's minimum block size",
                        Integer.toUnsignedString(minimum), "a power of two up to " + Nbd.MAX_MINIMUM_BLOCK + " was expected");
            }
            if (preferred != 0 && (Integer.bitCount(preferred) != 1 || preferred < 0)) {
                throw BlockException.field(Kind.INVALID_FORMAT, node, "the server's preferred block size",
                        Integer.toUnsignedString(preferred), "a power of two was expected");
            }
            if (maximum != 0 && Integer.compareUnsigned(maximum, minimum) < 0) {
                throw BlockException.field(Kind.INVALID_FORMAT, node, "the server's maximum block size",
                        Integer.toUnsignedString(maximum), "it must not be below the minimum, " + minimum);
            }
        }
    }
}
