package org.blockferry.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tests that the README names for what it promises are there. */
class PromisesTest {
    private static final Pattern TEST = Pattern.compile("`([A-Z][A-Za-z0-9]+(?:Test|IT))`");

    @Test
    void eachNamesATestThatExists() throws IOException {
        Path root = Path.of("").toAbsolutePath().getParent();
        String readme = Files.readString(root.resolve("README.md"));
        int start = readme.indexOf("## What is promised");
        assertTrue(start > 0, "the README promises nothing");
        String section = readme.substring(start, readme.indexOf("\n## ", start));
        Set<String> named = new TreeSet<>();
        for (Matcher found = TEST.matcher(section); found.find(); ) {
            named.add(found.group(1));
        }
        assertTrue(named.size() > 10, named.toString());
        for (String module : List.of("engine", "drivers", "cli")) {
            try (Stream<Path> files = Files.walk(root.resolve(module).resolve("src/test/java"))) {
                named.removeAll(files.map(file -> file.getFileName().toString().replaceFirst("[.]java$", "")).toList());
            }
        }
        assertTrue(named.isEmpty(), "named in the README, and not there: " + named);
    }
}
