package org.blockferry.cli;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.blockferry.engine.util.ByteSize;
import picocli.CommandLine.ParseResult;

/** What the user wrote, asked by the names of options. Immutable. */
final class Arguments {
    private final ParseResult parsed;

    Arguments(ParseResult parsed) {
        this.parsed = parsed;
    }

    boolean has(String option) {
        return parsed.hasMatchedOption(option);
    }

    /** The values of an option, in the order they were given. */
    List<String> values(String option) {
        return parsed.matchedOptionValue(option, List.of());
    }

    /** The last value of an option. */
    Optional<String> value(String option) {
        List<String> all = values(option);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
    }

    /** A size in bytes: {@code 64K}, {@code 1.5G}. */
    OptionalLong size(String option) throws UsageException {
        Optional<String> text = value(option);
        if (text.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(ByteSize.parse(option, text.get()));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    /** A whole number from {@code least} to {@code most}. */
    OptionalInt number(String option, int least, int most) throws UsageException {
        Optional<String> text = value(option);
        if (text.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            int number = Integer.parseInt(text.get());
            if (number >= least && number <= most) {
                return OptionalInt.of(number);
            }
        } catch (NumberFormatException e) {
            // Said below, with the bounds.
        }
        throw new UsageException(option + " is '" + text.get() + "'; it is a whole number from " + least + " to " + most);
    }

    /** The words that are not options. */
    List<String> rest() {
        return parsed.matchedPositionalValue(0, List.of());
    }
}
