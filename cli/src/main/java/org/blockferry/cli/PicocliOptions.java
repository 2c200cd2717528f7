package org.blockferry.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** An {@link OptionTable} as picocli's model: reads every command line, names mistakes, prints the help. */
final class PicocliOptions {
    private static final int WIDTH = 100;

    private final OptionTable table;

    PicocliOptions(OptionTable table) {
        this.table = table;
    }

    /** @throws UsageException in one line: an unknown option, with what may have been meant; a missing value */
    Arguments parse(List<String> words) throws UsageException {
        CommandSpec spec = newSpec();
        for (OptionTable.Group group : table.groups()) {
            group.options().forEach(option -> spec.addOption(newOption(option)));
        }
        try {
            return arguments(newCommandLine(spec).parseArgs(words.toArray(new String[0])));
        } catch (UnmatchedArgumentException e) {
            if (table.hasQemuWords()) {
                throw new UsageException("unrecognized option '" + e.getUnmatched().get(0) + "'");
            }
            List<String> close = e.getSuggestions();
            throw new UsageException("unknown option '" + e.getUnmatched().get(0) + "'"
                    + (close.isEmpty() ? "" : "; did you mean " + String.join(" or ", close) + "?"));
        } catch (ParameterException e) {
            if (table.hasQemuWords() && e instanceof MissingParameterException missing
                    && missing.getMissing().get(0) instanceof OptionSpec option) {
                throw new UsageException("missing argument for option '" + option.shortestName() + "'");
            }
            String message = e.getMessage();
            throw new UsageException(Character.toLowerCase(message.charAt(0)) + message.substring(1));
        }
    }

    private Arguments arguments(ParseResult parsed) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        for (OptionTable.Group group : table.groups()) {
            for (OptionTable.Option option : group.options()) {
                String name = option.names().get(0);
                if (parsed.hasMatchedOption(name)) {
                    values.put(name, option.isFlag() ? List.of("") : parsed.matchedOptionValue(name, List.of()));
                }
            }
        }
        List<String> order = parsed.matchedOptions().stream().map(option -> table.byName().get(option.longestName()).names().get(0)).toList();
        return new Arguments(table.byName(), values, order, parsed.matchedPositionalValue(0, List.of()));
    }

    void printHelp(PrintWriter out) {
        CommandSpec spec = newSpec();
        for (OptionTable.Group group : table.groups()) {
            ArgGroupSpec.Builder section = ArgGroupSpec.builder().validate(false).heading("%n" + plain(group.heading()) + ":%n");
            group.options().forEach(option -> section.addArg(newOption(option)));
            spec.addArgGroup(section.build());
        }
        List<String> text = new ArrayList<>();
        table.examples().forEach(example -> text.add("  blockferry " + plain(example)));
        for (String paragraph : table.description()) {
            text.add("");
            text.add(plain(paragraph));
        }
        spec.usageMessage().customSynopsis("blockferry " + table.command() + " " + table.synopsis()).descriptionHeading("%n")
                .description(text.toArray(new String[0])).sortOptions(false).width(WIDTH);
        newCommandLine(spec).usage(out, Ansi.OFF);
    }

    /** picocli formats headings and the description of a command, but not those of options. */
    private static String plain(String text) {
        return text.replace("%", "%%");
    }

    private static OptionSpec newOption(OptionTable.Option option) {
        OptionSpec.Builder builder = OptionSpec.builder(option.names().toArray(new String[0])).description(option.help());
        if (option.isFlag()) {
            // An array: given twice is no error.
            return builder.type(boolean[].class).arity("0").build();
        }
        return builder.type(List.class).auxiliaryTypes(String.class).arity("1").paramLabel(option.label().get())
                .hideParamSyntax(true).build();
    }

    private CommandSpec newSpec() {
        CommandSpec spec = CommandSpec.create().name("blockferry " + table.command());
        spec.addPositional(PositionalParamSpec.builder().index("0..*").arity("0..*").type(List.class).auxiliaryTypes(String.class)
                .paramLabel("ARGUMENTS").hidden(true).build());
        return spec;
    }

    private static CommandLine newCommandLine(CommandSpec spec) {
        // A file may be called @disk or "disk", quotes included: words are taken as they are.
        return new CommandLine(spec).setExpandAtFiles(false).setTrimQuotes(false).setInterpolateVariables(false)
                .setUnmatchedOptionsArePositionalParams(false);
    }
}
