package org.blockferry.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LauncherTest {

    @ParameterizedTest
    @ValueSource(strings = {"--version", "-V", "version"})
    void theVersionIsThatOfTheBuild(String word) {
        CliRun run = CliRun.of(word).expect(0);
        assertEquals("blockferry " + System.getProperty("blockferry.version", Version.TEXT), run.out().strip());
        assertEquals("", run.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "-h", "help"})
    void helpNamesTheCommands(String word) {
        CliRun run = CliRun.of(word).expect(0);
        assertTrue(run.out().contains("copy  copy an image"), run.out());
        assertEquals("", run.err());
    }

    @Test
    void helpOfACommandIsReachedBothWays() {
        String help = CliRun.of("copy", "--help").expect(0).out();
        assertTrue(help.startsWith("Usage: blockferry copy [OPTIONS] SOURCE... TARGET"), help);
        assertEquals(help, CliRun.of("help", "copy").expect(0).out());
    }

    @Test
    void withoutACommandTheHelpGoesToStderrAsAUsageError() {
        CliRun run = CliRun.of().expect(2);
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("Usage: blockferry"), run.err());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "kopy  | blockferry: there is no command 'kopy' here; commands: copy",
            "--foo | blockferry: there is no option '--foo' here; commands: copy"})
    void anUnknownWordIsNamed(String word, String message) {
        CliRun run = CliRun.of(word).expect(2);
        assertTrue(run.err().startsWith(message), run.err());
        assertEquals(List.of("Try 'blockferry --help' for more."), run.err().lines().skip(1).toList());
        assertEquals("", run.out());
    }
}
