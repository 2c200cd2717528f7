package org.blockferry.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The options of one command, each declared once, in the order of the help text. Parses a command line into {@link Arguments},
 * which are asked by an option's name, and prints the help: usage, examples, description, options under headings.
 *
 * <p>Options may be given in any order and between arguments, short ones in clusters ({@code -nW}), values joined or apart
 * ({@code -Oraw}, {@code -O raw}, {@code --offload=auto}); {@code --} ends them. Of an option that is given twice the last value
 * counts, as it does for qemu-img.
 *
 * <p>Design note: picocli decides what a command line means, says what is wrong with one, and prints the help ({@link
 * PicocliOptions}). But its classes are of a version that a class-data archive cannot hold verified, and cost each start 30 ms. A
 * line that is plainly well-formed is therefore read here, in one loop; any doubt is left to picocli. A test holds the two against
 * each other.
 *
 * <p>Owned by one thread.
 */
final class OptionTable {
    /**
     * One option.
     *
     * @param names as written, dashes included; the first one is the one that others ask by
     * @param label what its value is; empty: it takes none
     * @param implied the value when none is given, which then can only be after an equal sign; empty: one must be given
     */
    record Option(List<String> names, Optional<String> label, Optional<String> implied, String help) {
        boolean isFlag() {
            return label.isEmpty();
        }
    }

    /** Options under a heading. */
    record Group(String heading, List<Option> options) {
    }

    private final String command;
    private final String synopsis;
    private final List<Group> groups = new ArrayList<>();
    private final Map<String, Option> byName = new HashMap<>();
    private List<String> examples = List.of();
    private List<String> description = List.of();
    private boolean qemuWords;

    /** @param synopsis what follows the command's name in the usage line */
    OptionTable(String command, String synopsis) {
        this.command = command;
        this.synopsis = synopsis;
    }

    OptionTable examples(String... lines) {
        examples = List.of(lines);
        return this;
    }

    OptionTable description(String... paragraphs) {
        description = List.of(paragraphs);
        return this;
    }

    /** What is wrong with a line is said as qemu-img says it, for scripts that look for that. */
    OptionTable qemuWords() {
        qemuWords = true;
        return this;
    }

    boolean hasQemuWords() {
        return qemuWords;
    }

    /** The options that follow stand under this heading. */
    OptionTable group(String heading) {
        groups.add(new Group(heading, new ArrayList<>()));
        return this;
    }

    /** An option without a value. */
    OptionTable flag(String help, String... names) {
        return add(new Option(List.of(names), Optional.empty(), Optional.empty(), help));
    }

    /** An option with a value. */
    OptionTable value(String label, String help, String... names) {
        return add(new Option(List.of(names), Optional.of(label), Optional.empty(), help));
    }

    /** An option whose value may be left out: {@code --name} is {@code --name=implied}. */
    OptionTable valueOr(String implied, String label, String help, String name) {
        return add(new Option(List.of(name), Optional.of(label), Optional.of(implied), help));
    }

    private OptionTable add(Option option) {
        groups.get(groups.size() - 1).options.add(option);
        option.names.forEach(name -> byName.put(name, option));
        return this;
    }

    /** @throws UsageException in one line: an unknown option, a missing value */
    Arguments parse(List<String> written) throws UsageException {
        List<String> words = withImplied(written);
        Optional<Arguments> plain = parsePlain(words);
        return plain.isPresent() ? plain.get() : new PicocliOptions(this).parse(words);
    }

    /** Says what is implied. The value of another option never looks like one of these. */
    private List<String> withImplied(List<String> written) {
        List<String> words = new ArrayList<>(written);
        for (int i = 0; i < words.size() && !words.get(i).equals("--"); i++) {
            Option option = byName.get(words.get(i));
            if (option != null && option.implied.isPresent()) {
                words.set(i, words.get(i) + "=" + option.implied.get());
            }
        }
        return words;
    }

    void printHelp(PrintWriter out) {
        new PicocliOptions(this).printHelp(out);
    }

    /** Reads a line that leaves no doubt; empty when there is any. */
    Optional<Arguments> parsePlain(List<String> words) {
        Given given = new Given(new LinkedHashMap<>(), new ArrayList<>());
        List<String> rest = new ArrayList<>();
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (word.equals("--")) {
                rest.addAll(words.subList(i + 1, words.size()));
                break;
            }
            if (word.length() < 2 || word.charAt(0) != '-') {
                rest.add(word);
                continue;
            }
            int consumed = word.startsWith("--") ? readLong(words, i, given) : readCluster(words, i, given);
            if (consumed == 0) {
                return Optional.empty();
            }
            i += consumed - 1;
        }
        return Optional.of(new Arguments(byName, given.values, given.order, rest));
    }

    /** {@code --name}, {@code --name=value}, {@code --name value}: words consumed, 0 in doubt. */
    private int readLong(List<String> words, int at, Given given) {
        String word = words.get(at);
        int equals = word.indexOf('=');
        Option option = byName.get(equals < 0 ? word : word.substring(0, equals));
        if (option == null || option.isFlag() && equals >= 0) {
            return 0;
        }
        if (option.isFlag()) {
            given.put(option, "");
            return 1;
        }
        if (equals >= 0) {
            given.put(option, word.substring(equals + 1));
            return 1;
        }
        return readNext(words, at, option, given);
    }

    /** {@code -nW}, {@code -Oraw}, {@code -nO raw}: words consumed, 0 in doubt. */
    private int readCluster(List<String> words, int at, Given given) {
        String word = words.get(at);
        for (int i = 1; i < word.length(); i++) {
            Option option = byName.get("-" + word.charAt(i));
            if (option == null) {
                return 0;
            }
            if (option.isFlag()) {
                given.put(option, "");
                continue;
            }
            String joined = word.substring(i + 1);
            if (joined.isEmpty()) {
                return readNext(words, at, option, given);
            }
            if (joined.charAt(0) == '=') {
                return 0;
            }
            given.put(option, joined);
            return 1;
        }
        return 1;
    }

    /** The value is the next word, unless that might be an option. */
    private static int readNext(List<String> words, int at, Option option, Given given) {
        if (at + 1 == words.size() || words.get(at + 1).startsWith("-")) {
            return 0;
        }
        given.put(option, words.get(at + 1));
        return 2;
    }

    /** The options of a line, as far as it is read. */
    private record Given(Map<String, List<String>> values, List<String> order) {
        void put(Option option, String value) {
            order.add(option.names.get(0));
            values.computeIfAbsent(option.names.get(0), name -> new ArrayList<>()).add(value);
        }
    }

    String command() {
        return command;
    }

    String synopsis() {
        return synopsis;
    }

    List<Group> groups() {
        return groups;
    }

    Map<String, Option> byName() {
        return byName;
    }

    List<String> examples() {
        return examples;
    }

    List<String> description() {
        return description;
    }
}
