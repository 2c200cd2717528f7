package org.blockferry.drivers.nbd;

import java.util.Map;
import java.util.Optional;
import org.blockferry.drivers.nbd.wire.Nbd;

/**
 * What a handshake settled for one connection to an export.
 *
 * @param size bytes of the export
 * @param flags transmission flags, bits of {@link Nbd}
 * @param minimumBlock offsets and lengths are multiples of this
 * @param preferredBlock multiples of this are efficient; 0: the server did not say
 * @param maximumPayload the longest read or write
 * @param structured whether replies come in chunks
 * @param extended whether headers carry 64-bit lengths; implies {@code structured}
 * @param contexts the selected metadata contexts and the IDs under which their extents arrive
 * @param description what the server says of the export to people
 * @param canonicalName the server's own name for the export, where it differs
 */
record ExportTerms(
        long size,
        int flags,
        int minimumBlock,
        int preferredBlock,
        int maximumPayload,
        boolean structured,
        boolean extended,
        Map<String, Integer> contexts,
        Optional<String> description,
        Optional<String> canonicalName) {

    ExportTerms {
        contexts = Map.copyOf(contexts);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** The longest request without a payload. */
    long maximumLength() {
        return extended ? Long.MAX_VALUE : Nbd.MAX_COMPACT_LENGTH;
    }
}
