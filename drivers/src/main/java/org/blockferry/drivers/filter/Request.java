package org.blockferry.drivers.filter;

import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.blockferry.engine.block.ByteRange;

/**
 * One request to a node.
 *
 * @param node the name of the node
 * @param operation what is asked
 * @param range the bytes that it is about; empty for open, flush, complete and close; from 0 to the new length for set-length
 * @param flags of a write or zero, by the names of their enum constants
 */
public record Request(String node, Operation operation, ByteRange range, Set<? extends Enum<?>> flags) {
    public Request {
        Objects.requireNonNull(node, "node");
        Objects.requireNonNull(operation, "operation");
        Objects.requireNonNull(range, "range");
        flags = Set.copyOf(flags);
    }

    /** For logs: {@code zero 0x10000+0x70000 may-unmap}, {@code flush}. */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(operation.word());
        if (!range.isEmpty()) {
            line.append(' ').append(range);
        }
        TreeSet<String> words = new TreeSet<>();
        flags.forEach(flag -> words.add(flag.name().toLowerCase(Locale.ROOT).replace('_', '-')));
        words.forEach(word -> line.append(' ').append(word));
        return line.toString();
    }
}
