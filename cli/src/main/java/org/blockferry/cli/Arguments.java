package org.blockferry.cli;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.blockferry.engine.util.ByteSize;

/** What the user wrote, asked by the names of options. Immutable. */
final class Arguments {
    private final Map<String, OptionTable.Option> byName;
    private final Map<String, List<String>> values;
    private final List<String> order;
    private final List<String> rest;

    /**
     * @param byName the options that there are, by each of their names
     * @param values what was given, by an option's first name; an option without a value has empty ones
     * @param order the first names of the options, as they were given, again if they were given again
     * @param rest the words that are not options
     */
    Arguments(Map<String, OptionTable.Option> byName, Map<String, List<String>> values, List<String> order, List<String> rest) {
        this.byName = byName;
        this.values = values;
        this.order = order;
        this.rest = rest;
    }

    boolean has(String option) {
        return values.containsKey(first(option));
    }

    /** The values of an option, in the order they were given. */
    List<String> values(String option) {
        return values.getOrDefault(first(option), List.of());
    }

    /** The options by their first names, in the order they were given; one that was given twice stands here twice. */
    List<String> order() {
        return order;
    }

    private String first(String name) {
        OptionTable.Option option = byName.get(name);
        if (option == null) {
            throw new AssertionError("there is no option " + name);
        }
        return option.names().get(0);
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

    /** The words that are not options, in their order. */
    List<String> rest() {
        return rest;
    }
}
