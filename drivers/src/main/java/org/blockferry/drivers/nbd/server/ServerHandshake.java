package org.blockferry.drivers.nbd.server;

import java.io.EOFException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.drivers.nbd.wire.TlsWire;
import org.blockferry.drivers.nbd.wire.Wire;

/**
 * The server's side of the negotiation ({@code doc/proto.md}, "Handshake"): fixed newstyle with every option, strict about what
 * it reads. One thread; the caller bounds the time. A client can make it read {@link #MAX_SKIPPED} bytes and {@link
 * #MAX_OPTIONS} options, and no more.
 */
final class ServerHandshake {
    /** Two names of 4096 bytes and some queries; what is longer is skipped and refused. */
    private static final int MAX_OPTION = 64 << 10;
    private static final int MAX_SKIPPED = 1 << 20;
    private static final int MAX_OPTIONS = 1000;
    private static final int MAX_QUERIES = 100;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Map<String, ExportAccess> exports;
    private final NbdServerOptions options;
    private final BooleanSupplier mayEnter;
    private final ByteBuffer out = ByteBuffer.allocate(3 * Nbd.MAX_STRING);
    private ByteBuffer data = ByteBuffer.allocate(512);
    private Wire wire;
    private boolean noZeroes;
    private boolean structured;
    private boolean extended;
    private Optional<ExportAccess> contextsFor = Optional.empty();
    private List<String> contexts = List.of();

    /** @param mayEnter asked, once, before a client enters transmission; no: the server is full or stopping */
    ServerHandshake(Wire wire, Map<String, ExportAccess> exports, NbdServerOptions options, BooleanSupplier mayEnter) {
        this.wire = wire;
        this.exports = exports;
        this.options = options;
        this.mayEnter = mayEnter;
    }

    /** The wire to go on with: the given one, or TLS over it. */
    Wire wire() {
        return wire;
    }

    /**
     * Negotiates until the client enters transmission.
     *
     * @return empty if it ended the session, politely or by breaking the protocol
     */
    Optional<Terms> run() throws IOException {
        try {
            return greet() ? haggle() : Optional.empty();
        } catch (EOFException | BufferUnderflowException e) {
            return Optional.empty();
        }
    }

    private boolean greet() throws IOException {
        out.clear();
        out.putLong(Nbd.INIT_MAGIC).putLong(Nbd.OPTION_MAGIC).putShort((short) (Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES));
        send();
        receive(4);
        int flags = data.getInt();
        noZeroes = (flags & Nbd.FLAG_NO_ZEROES) != 0;
        // "The server MUST drop the connection if the client sets an unknown flag."
        return (flags & ~(Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES)) == 0;
    }

    private Optional<Terms> haggle() throws IOException {
        for (int i = 0; i < MAX_OPTIONS; i++) {
            receive(16);
            long magic = data.getLong();
            int option = data.getInt();
            int length = data.getInt();
            if (magic != Nbd.OPTION_MAGIC || length < 0 || length > MAX_SKIPPED) {
                return Optional.empty();
            }
            if (length > MAX_OPTION) {
                skip(length);
                refuse(option, Nbd.REP_ERR_TOO_BIG, "an option has at most " + MAX_OPTION + " bytes");
                continue;
            }
            receive(length);
            if (option == Nbd.OPT_ABORT) {
                reply(option, Nbd.REP_ACK);
                return Optional.empty();
            }
            if (mustEncrypt() && option != Nbd.OPT_STARTTLS) {
                if (option == Nbd.OPT_EXPORT_NAME) {
                    return Optional.empty();
                }
                refuse(option, Nbd.REP_ERR_TLS_REQD, "this server talks TLS only");
                continue;
            }
            if (option == Nbd.OPT_EXPORT_NAME) {
                return exportName(length);
            }
            Optional<Terms> terms = answer(option, length);
            if (terms.isPresent()) {
                return terms;
            }
        }
        return Optional.empty();
    }

    private boolean mustEncrypt() {
        return options.tlsRequired() && !wire.isEncrypted();
    }

    private Optional<Terms> answer(int option, int length) throws IOException {
        try {
            switch (option) {
                case Nbd.OPT_LIST -> list(length);
                case Nbd.OPT_STARTTLS -> startTls(length);
                case Nbd.OPT_INFO, Nbd.OPT_GO -> {
                    return info(option);
                }
                case Nbd.OPT_STRUCTURED_REPLY -> {
                    if (length != 0) {
                        refuse(option, Nbd.REP_ERR_INVALID, "the option takes no data");
                    } else if (extended) {
                        refuse(option, Nbd.REP_ERR_INVALID, "extended headers were agreed on already");
                    } else {
                        structured = true;
                        reply(option, Nbd.REP_ACK);
                    }
                }
                case Nbd.OPT_EXTENDED_HEADERS -> {
                    if (length != 0) {
                        refuse(option, Nbd.REP_ERR_INVALID, "the option takes no data");
                    } else {
                        structured = true;
                        extended = true;
                        reply(option, Nbd.REP_ACK);
                    }
                }
                case Nbd.OPT_LIST_META_CONTEXT, Nbd.OPT_SET_META_CONTEXT -> metaContexts(option);
                default -> refuse(option, Nbd.REP_ERR_UNSUP, "");
            }
        } catch (BufferUnderflowException | CharacterCodingException e) {
            if (option == Nbd.OPT_SET_META_CONTEXT) {
                forgetContexts();
            }
            refuse(option, Nbd.REP_ERR_INVALID, "the option's data is malformed");
        }
        return Optional.empty();
    }

    private Optional<ExportAccess> visible(String name) {
        return Optional.ofNullable(exports.get(name));
    }

    private boolean isHidden(ExportAccess export) {
        return export.export().tlsOnly() && !wire.isEncrypted();
    }

    private Optional<Terms> exportName(int length) throws IOException {
        String name;
        try {
            name = string(length);
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
        Optional<ExportAccess> export = visible(name);
        if (export.isEmpty() || isHidden(export.get()) || !mayEnter.getAsBoolean()) {
            return Optional.empty();
        }
        out.clear();
        out.putLong(export.get().size()).putShort((short) export.get().transmissionFlags(structured, options.maxConnections()));
        if (!noZeroes) {
            out.put(new byte[124]);
        }
        send();
        return Optional.of(terms(export.get()));
    }

    private Terms terms(ExportAccess export) {
        return new Terms(export, structured, extended,
                contextsFor.isPresent() && contextsFor.get() == export ? contexts : List.of());
    }

    private void list(int length) throws IOException {
        if (length != 0) {
            refuse(Nbd.OPT_LIST, Nbd.REP_ERR_INVALID, "the option takes no data");
            return;
        }
        for (ExportAccess each : exports.values()) {
            if (!isHidden(each)) {
                startReply(Nbd.OPT_LIST, Nbd.REP_SERVER);
                putString(each.export().name());
                out.put(each.export().description().getBytes(StandardCharsets.UTF_8));
                endReply();
            }
        }
        reply(Nbd.OPT_LIST, Nbd.REP_ACK);
    }

    private void startTls(int length) throws IOException {
        if (length != 0 || wire.isEncrypted()) {
            refuse(Nbd.OPT_STARTTLS, Nbd.REP_ERR_INVALID, wire.isEncrypted() ? "TLS is on already"
                    : "the option takes no data");
        } else if (options.tls().isEmpty()) {
            refuse(Nbd.OPT_STARTTLS, Nbd.REP_ERR_POLICY, "this server has no TLS credentials");
        } else {
            reply(Nbd.OPT_STARTTLS, Nbd.REP_ACK);
            wire = TlsWire.handshake(wire, options.tls().get().serverEngine());
            // "The server MUST NOT preserve any negotiation state issued before this command."
            structured = false;
            extended = false;
            forgetContexts();
        }
    }

    private Optional<Terms> info(int option) throws IOException {
        String name = string(data.getInt());
        int requests = data.getShort() & 0xffff;
        boolean wantsName = false;
        boolean wantsDescription = false;
        boolean wantsSizes = false;
        for (int i = 0; i < requests; i++) {
            int request = data.getShort() & 0xffff;
            wantsName |= request == Nbd.INFO_NAME;
            wantsDescription |= request == Nbd.INFO_DESCRIPTION;
            wantsSizes |= request == Nbd.INFO_BLOCK_SIZE;
        }
        if (data.hasRemaining()) {
            refuse(option, Nbd.REP_ERR_INVALID, "the option's data is too long");
            return Optional.empty();
        }
        Optional<ExportAccess> found = visible(name);
        if (found.isEmpty()) {
            refuse(option, Nbd.REP_ERR_UNKNOWN, "there is no export of this name");
            return Optional.empty();
        }
        ExportAccess export = found.get();
        if (isHidden(export)) {
            refuse(option, Nbd.REP_ERR_TLS_REQD, "this export is for TLS only");
            return Optional.empty();
        }
        boolean enters = option == Nbd.OPT_GO;
        if (enters && export.export().minimumBlock() > 1 && !wantsSizes) {
            sendSizes(option, export);
            refuse(option, Nbd.REP_ERR_BLOCK_SIZE_REQD, "requests must be multiples of " + export.export().minimumBlock()
                    + " bytes");
            return Optional.empty();
        }
        if (enters && !mayEnter.getAsBoolean()) {
            refuse(option, Nbd.REP_ERR_SHUTDOWN, "the server takes no more clients");
            return Optional.empty();
        }
        startReply(option, Nbd.REP_INFO);
        out.putShort((short) Nbd.INFO_EXPORT).putLong(export.size())
                .putShort((short) export.transmissionFlags(structured, options.maxConnections()));
        endReply();
        if (wantsName) {
            sendText(option, Nbd.INFO_NAME, name);
        }
        if (wantsDescription && !export.export().description().isEmpty()) {
            sendText(option, Nbd.INFO_DESCRIPTION, export.export().description());
        }
        if (wantsSizes) {
            sendSizes(option, export);
        }
        reply(option, Nbd.REP_ACK);
        return enters ? Optional.of(terms(export)) : Optional.empty();
    }

    private void sendText(int option, int info, String text) throws IOException {
        startReply(option, Nbd.REP_INFO);
        out.putShort((short) info).put(text.getBytes(StandardCharsets.UTF_8));
        endReply();
    }

    private void sendSizes(int option, ExportAccess export) throws IOException {
        int minimum = export.export().minimumBlock();
        int cluster = export.export().source().info().limits().clusterSize();
        startReply(option, Nbd.REP_INFO);
        out.putShort((short) Nbd.INFO_BLOCK_SIZE).putInt(minimum);
        // "At least as large as the maximum of the minimum block size and 2^9"; 4 KiB is what file systems work in.
        out.putInt(Math.max(Math.max(minimum, 4096), Math.min(cluster, Nbd.MAX_PAYLOAD))).putInt(Nbd.MAX_PAYLOAD);
        endReply();
    }

    private void metaContexts(int option) throws IOException {
        boolean set = option == Nbd.OPT_SET_META_CONTEXT;
        if (set) {
            forgetContexts();
        }
        if (!structured) {
            refuse(option, Nbd.REP_ERR_INVALID, "structured replies must be agreed on first");
            return;
        }
        String name = string(data.getInt());
        int queries = data.getInt();
        if (queries < 0 || queries > MAX_QUERIES) {
            refuse(option, Nbd.REP_ERR_TOO_BIG, "at most " + MAX_QUERIES + " queries are answered");
            return;
        }
        List<String> asked = new ArrayList<>();
        for (int i = 0; i < queries; i++) {
            asked.add(string(data.getInt()));
        }
        Optional<ExportAccess> export = visible(name);
        if (data.hasRemaining() || export.isEmpty() || isHidden(export.get())) {
            refuse(option, data.hasRemaining() ? Nbd.REP_ERR_INVALID
                    : export.isPresent() ? Nbd.REP_ERR_TLS_REQD : Nbd.REP_ERR_UNKNOWN, "");
            return;
        }
        List<String> chosen = choose(export.get(), asked, set);
        for (int i = 0; i < chosen.size(); i++) {
            startReply(option, Nbd.REP_META_CONTEXT);
            out.putInt(set ? i + 1 : 0).put(chosen.get(i).getBytes(StandardCharsets.UTF_8));
            endReply();
        }
        if (set) {
            contextsFor = export;
            contexts = chosen;
        }
        reply(option, Nbd.REP_ACK);
    }

    /** Exact names; for listing also no query at all, and a namespace with an empty leaf ({@code base:}, {@code qemu:}). */
    private static List<String> choose(ExportAccess export, List<String> asked, boolean set) {
        List<String> all = new ArrayList<>(List.of(Nbd.BASE_ALLOCATION));
        export.export().contexts().keySet().stream().sorted().forEach(all::add);
        if (asked.isEmpty()) {
            return set ? List.of() : all;
        }
        Set<String> chosen = new LinkedHashSet<>();
        for (String query : asked) {
            for (String each : all) {
                if (each.equals(query) || !set && query.endsWith(":") && each.startsWith(query)) {
                    chosen.add(each);
                }
            }
        }
        return new ArrayList<>(chosen);
    }

    private void forgetContexts() {
        contextsFor = Optional.empty();
        contexts = List.of();
    }

    // Bytes.

    private void startReply(int option, int type) {
        out.clear();
        out.putLong(Nbd.OPTION_REPLY_MAGIC).putInt(option).putInt(type).putInt(0);
    }

    private void endReply() throws IOException {
        out.putInt(16, out.position() - 20);
        send();
    }

    private void reply(int option, int type) throws IOException {
        startReply(option, type);
        endReply();
    }

    private void refuse(int option, int type, String message) throws IOException {
        startReply(option, type);
        out.put(message.getBytes(StandardCharsets.UTF_8));
        endReply();
    }

    private void putString(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.putInt(bytes.length).put(bytes);
    }

    private void send() throws IOException {
        out.flip();
        wire.write(out, NOTHING);
    }

    private void receive(int bytes) throws IOException {
        if (data.capacity() < bytes) {
            data = ByteBuffer.allocate(MAX_OPTION);
        }
        data.clear().limit(bytes);
        wire.readFully(data);
        data.flip();
    }

    private void skip(int bytes) throws IOException {
        for (int left = bytes; left > 0; left -= Math.min(left, MAX_OPTION)) {
            receive(Math.min(left, MAX_OPTION));
        }
    }

    /** A string of the option's data; longer than the data is {@link BufferUnderflowException}. */
    private String string(int bytes) throws CharacterCodingException {
        if (bytes < 0 || bytes > data.remaining() || bytes > Nbd.MAX_STRING) {
            throw new BufferUnderflowException();
        }
        ByteBuffer part = data.slice(data.position(), bytes);
        data.position(data.position() + bytes);
        return StandardCharsets.UTF_8.newDecoder().decode(part).toString();
    }
}
