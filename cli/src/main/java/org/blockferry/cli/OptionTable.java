package org.blockferry.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The options of one command, each declared once, in the order of the help text. Parses a command line into {@link Arguments},
 * which are asked by an option's name, and prints the help: usage, examples, description, options under headings.
 *
 * <p>Options may be given in any order and between arguments, short ones in clusters ({@code -nW}), values joined or apart
 * ({@code -Oraw}, {@code -O raw}, {@code --offload=auto}); {@code --} ends them. Of an option that is given twice the last value
 * counts, as it does for qemu-img.
 *
 * <p>Owned by one thread.
 */
final class OptionTable {
    private record Group(String heading, List<OptionSpec> options) {
    }

    private final String command;
    private final String synopsis;
    private final List<Group> groups = new ArrayList<>();
    private String[] examples = {};
    private String[] description = {};

    /** @param synopsis what follows the command's name in the usage line */
    OptionTable(String command, String synopsis) {
        this.command = command;
        this.synopsis = synopsis;
    }

    OptionTable examples(String... lines) {
        examples = lines;
        return this;
    }

    OptionTable description(String... paragraphs) {
        description = paragraphs;
        return this;
    }

    /** The options that follow stand under this heading. */
    OptionTable group(String heading) {
        groups.add(new Group(heading, new ArrayList<>()));
        return this;
    }

    /** An option without a value. */
    OptionTable flag(String help, String... names) {
        // An array: given twice is no error.
        return add(OptionSpec.builder(names).type(boolean[].class).arity("0").description(help));
    }

    /** An option with a value. */
    OptionTable value(String label, String help, String... names) {
        return add(OptionSpec.builder(names).type(List.class).auxiliaryTypes(String.class).arity("1").paramLabel(label)
                .hideParamSyntax(true).description(help));
    }

    private OptionTable add(OptionSpec.Builder option) {
        groups.get(groups.size() - 1).options.add(option.build());
        return this;
    }

    /** picocli formats headings and the description of a command, but not those of options. */
    private static String plain(String text) {
        return text.replace("%", "%%");
    }

    /** @throws UsageException in one line: an unknown option, a missing value */
    Arguments parse(List<String> words) throws UsageException {
        CommandSpec spec = newSpec();
        groups.forEach(group -> group.options.forEach(spec::addOption));
        try {
            return new Arguments(newCommandLine(spec).parseArgs(words.toArray(new String[0])));
        } catch (UnmatchedArgumentException e) {
            List<String> close = e.getSuggestions();
            throw new UsageException("unknown option '" + e.getUnmatched().get(0) + "'"
                    + (close.isEmpty() ? "" : "; did you mean " + String.join(" or ", close) + "?"));
        } catch (ParameterException e) {
            String message = e.getMessage();
            throw new UsageException(Character.toLowerCase(message.charAt(0)) + message.substring(1));
        }
    }

    void printHelp(PrintWriter out) {
        CommandSpec spec = newSpec();
        for (Group group : groups) {
            ArgGroupSpec.Builder section = ArgGroupSpec.builder().validate(false).heading("%n" + plain(group.heading) + ":%n");
            group.options.forEach(section::addArg);
            spec.addArgGroup(section.build());
        }
        List<String> text = new ArrayList<>();
        for (String example : examples) {
            text.add("  blockferry " + plain(example));
        }
        for (String paragraph : description) {
            text.add("");
            text.add(plain(paragraph));
        }
        spec.usageMessage().customSynopsis("blockferry " + command + " " + synopsis).descriptionHeading("%n")
                .description(text.toArray(new String[0])).sortOptions(false).width(100);
        newCommandLine(spec).usage(out, Ansi.OFF);
    }

    private CommandSpec newSpec() {
        CommandSpec spec = CommandSpec.create().name("blockferry " + command);
        spec.addPositional(PositionalParamSpec.builder().index("0..*").arity("0..*").type(List.class).auxiliaryTypes(String.class)
                .paramLabel("ARGUMENTS").hidden(true).build());
        spec.parser().collectErrors(false);
        return spec;
    }

    private static CommandLine newCommandLine(CommandSpec spec) {
        // A file may be called @disk or "disk", quotes included: words are taken as they are.
        return new CommandLine(spec).setExpandAtFiles(false).setTrimQuotes(false).setInterpolateVariables(false)
                .setUnmatchedOptionsArePositionalParams(false);
    }
}
