package org.blockferry.drivers.nbd.server;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;

/**
 * A disk under a name. The disk stays its owner's, who closes it after the server. Immutable.
 *
 * @param name as clients ask for it; the empty name is the default export
 * @param description for people; may be empty
 * @param source what is read
 * @param target where writes go; empty: read-only. Reads of {@code source} see what was written to it.
 * @param contexts metadata contexts beside {@code base:allocation}, by their full names
 * @param minimumBlock what offsets and lengths of requests must be multiples of; 1 for any
 * @param tlsOnly whether this export is only for clients that encrypt, on a server that does not demand it of all
 */
public record ServedExport(
        String name,
        String description,
        BlockSource source, Optional<BlockTarget> target,
        Map<String, MetadataContext> contexts,
        int minimumBlock,
        boolean tlsOnly) {

    public ServedExport {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(target, "target");
        contexts = Map.copyOf(contexts);
        requireString("name", name);
        requireString("description", description);
        contexts.keySet().forEach(context -> requireString("metadata context", context));
        if (contexts.containsKey(Nbd.BASE_ALLOCATION)) {
            throw new IllegalArgumentException(Nbd.BASE_ALLOCATION + " is the status of the source; it is not given");
        }
        if (Integer.bitCount(minimumBlock) != 1 || minimumBlock < 1 || minimumBlock > Nbd.MAX_MINIMUM_BLOCK) {
            throw new IllegalArgumentException("minimumBlock is " + minimumBlock + ", not a power of two up to 65536");
        }
        if (!source.info().isLengthKnown()) {
            throw new IllegalArgumentException(source.info().name() + ": a stream cannot be served");
        }
    }

    private static void requireString(String what, String text) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > Nbd.MAX_STRING || text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("the " + what + " has " + bytes
                    + " bytes or a NUL; the protocol takes 4096 and none");
        }
    }

    /** A disk that clients read. */
    public static ServedExport readOnly(String name, BlockSource source) {
        return new ServedExport(name, "", source, Optional.empty(), Map.of(), 1, false);
    }

    /** A disk that clients read and write in place. */
    public static ServedExport writable(String name, BlockStorage storage) {
        return new ServedExport(name, "", storage, Optional.of(storage), Map.of(), 1, false);
    }

    public ServedExport withDescription(String text) {
        return new ServedExport(name, text, source, target, contexts, minimumBlock, tlsOnly);
    }

    /** With one more metadata context, such as {@code qemu:allocation-depth}. */
    public ServedExport withContext(String context, MetadataContext meaning) {
        Map<String, MetadataContext> more = new LinkedHashMap<>(contexts);
        more.put(context, meaning);
        return new ServedExport(name, description, source, target, more, minimumBlock, tlsOnly);
    }

    public ServedExport withMinimumBlock(int bytes) {
        return new ServedExport(name, description, source, target, contexts, bytes, tlsOnly);
    }

    /** For clients that encrypt only. */
    public ServedExport withTlsOnly() {
        return new ServedExport(name, description, source, target, contexts, minimumBlock, true);
    }

    boolean isReadOnly() {
        return target.isEmpty();
    }
}
