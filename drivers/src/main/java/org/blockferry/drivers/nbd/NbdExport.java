package org.blockferry.drivers.nbd;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a server says of one of its exports.
 *
 * @param name as a URI names it
 * @param description for people; may be empty
 * @param size bytes; empty if the server does not tell without being opened
 * @param readOnly whether it takes no writes, as far as it says
 * @param canMultiConn whether several connections see the same bytes
 * @param minimumBlock see {@code doc/proto.md}, "Block size constraints"
 * @param preferredBlock 0: not said
 * @param maximumPayload the longest read or write
 * @param contexts its metadata contexts
 * @param refusal why nothing more is known, if the server lists the export but does not describe it
 */
public record NbdExport(
        String name,
        String description,
        OptionalLong size, boolean readOnly,
        boolean canMultiConn,
        int minimumBlock,
        int preferredBlock,
        int maximumPayload,
        List<String> contexts,
        Optional<String> refusal) {

    public NbdExport {
        contexts = List.copyOf(contexts);
    }
}
