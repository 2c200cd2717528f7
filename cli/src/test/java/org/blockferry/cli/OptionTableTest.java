package org.blockferry.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionTableTest {

    private static OptionTable table() {
        return new OptionTable("try", "[OPTIONS] FILE")
                .examples("try -S 4K file", "try 100% file")
                .description("Tries 100% of it.")
                .group("First")
                .flag("do not", "-n", "--not")
                .flag("out of order", "-W")
                .group("Second")
                .value("SIZE", "how much", "-S", "--size")
                .value("NUMBER", "how many, up to 100%", "-m");
    }

    private static Arguments parse(String... words) throws UsageException {
        return table().parse(List.of(words));
    }

    @Test
    void shortOptionsClusterAndTakeJoinedValues() throws Exception {
        Arguments arguments = parse("-nWS64K", "file");
        assertTrue(arguments.has("-n") && arguments.has("--not") && arguments.has("-W"));
        assertEquals(OptionalLong.of(65536), arguments.size("-S"));
        assertEquals(List.of("file"), arguments.rest());
    }

    @Test
    void longOptionsTakeTheirValueAfterAnEqualSignOrAsTheNextWord() throws Exception {
        assertEquals(Optional.of("1"), parse("--size=1", "f").value("-S"));
        assertEquals(Optional.of("1"), parse("--size", "1", "f").value("--size"));
    }

    @Test
    void optionsAndArgumentsMix() throws Exception {
        Arguments arguments = parse("a", "-n", "b", "-S", "1", "c");
        assertEquals(List.of("a", "b", "c"), arguments.rest());
    }

    @Test
    void ofAnOptionGivenTwiceTheLastValueCounts() throws Exception {
        assertEquals(OptionalInt.of(3), parse("-m", "2", "-m3", "-n", "-n").number("-m", 1, 16));
    }

    @Test
    void wordsAreTakenAsTheyAre() throws Exception {
        assertEquals(List.of("@file", "\"quoted\"", "-", "${x}", "--n"), parse("@file", "\"quoted\"", "-", "${x}", "--", "--n").rest());
    }

    @Test
    void whatIsNotGivenIsAbsent() throws Exception {
        Arguments arguments = parse();
        assertFalse(arguments.has("-n"));
        assertEquals(Optional.empty(), arguments.value("-S"));
        assertEquals(OptionalLong.empty(), arguments.size("-S"));
        assertEquals(OptionalInt.empty(), arguments.number("-m", 1, 2));
        assertEquals(List.of(), arguments.rest());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "--nott         | unknown option '--nott'; did you mean --not?",
            "-x             | unknown option '-x'",
            "--size         | missing required parameter for option '--size' (SIZE)"})
    void aWrongOptionIsNamed(String word, String message) {
        assertEquals(message, assertThrows(UsageException.class, () -> parse(word)).getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "-S | 1Q  | -S is '1Q'; a size is",
            "-S | -1  | -S is '-1'; a size is",
            "-S | 9E  | -S is '9E'; a size is"})
    void aWrongSizeIsNamedWithItsBound(String option, String value, String message) throws Exception {
        Arguments arguments = parse(option + value);
        assertTrue(assertThrows(UsageException.class, () -> arguments.size("-S")).getMessage().startsWith(message));
    }

    @ParameterizedTest
    @CsvSource({"0", "17", "x", "1.5", "99999999999"})
    void aWrongNumberIsNamedWithItsBounds(String value) throws Exception {
        Arguments arguments = parse("-m", value);
        assertEquals("-m is '" + value + "'; it is a whole number from 1 to 16",
                assertThrows(UsageException.class, () -> arguments.number("-m", 1, 16)).getMessage());
    }

    @Test
    void aPlainLineMeansToUsWhatItMeansToPicocli() throws Exception {
        List<String> words = List.of("-n", "-W", "-nW", "-Wn", "--not", "-S", "-S1", "--size", "--size=2", "-S=3", "-m", "-m4", "-nm5",
                "--", "-", "file", "a=b", "@x", "", "-x", "--nott", "--not=1", "64K", "-nS", "--size=", "\"q\"");
        long seed = 20261122;
        Random random = new Random(seed);
        int plain = 0;
        for (int round = 0; round < 4000; round++) {
            List<String> line = random.ints(random.nextInt(7), 0, words.size()).mapToObj(words::get).toList();
            Optional<Arguments> ours = table().parsePlain(line);
            if (ours.isEmpty()) {
                continue;
            }
            plain++;
            Arguments theirs = new PicocliOptions(table()).parse(line);
            String message = "seed " + seed + ", line " + line;
            assertEquals(theirs.rest(), ours.get().rest(), message);
            for (String option : List.of("-n", "--not", "-W", "-S", "--size", "-m")) {
                assertEquals(theirs.has(option), ours.get().has(option), message);
                assertEquals(theirs.value(option), ours.get().value(option), message);
            }
        }
        assertTrue(plain > 400, plain + " plain lines");
    }

    @Test
    void helpHasExamplesBeforeTheDescriptionAndOptionsUnderTheirHeadings() {
        StringWriter text = new StringWriter();
        table().printHelp(new PrintWriter(text));
        assertEquals("""
                Usage: blockferry try [OPTIONS] FILE

                  blockferry try -S 4K file
                  blockferry try 100% file

                Tries 100% of it.

                First:
                  -n, --not         do not
                  -W                out of order

                Second:
                  -S, --size=SIZE   how much
                  -m=NUMBER         how many, up to 100%
                """, text.toString().replace(System.lineSeparator(), "\n"));
    }
}
