package org.blockferry.drivers;

import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.blockferry.engine.testing.ArchitectureRules;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ArchitectureTest {
    private static final JavaClasses DRIVERS = ArchitectureRules.mainClassesOf("org.blockferry.drivers");

    /** The drivers that know another package beside the SPI. Everybody else knows {@code engine.block} and {@code engine.util}. */
    private static final Map<String, List<String>> MORE = Map.of(
            "file", List.of("drivers.posix"),
            "qmp", List.of("drivers.nbd"),
            "qcow2", List.of("drivers.codec"));

    private static TreeSet<String> packages() {
        TreeSet<String> names = new TreeSet<>();
        DRIVERS.forEach(type -> names.add(type.getPackageName().split("\\.")[3]));
        return names;
    }

    static Stream<Named<ArchRule>> rules() {
        Stream<Named<ArchRule>> directions = packages().stream().map(name -> {
            List<String> more = MORE.getOrDefault(name, List.of());
            String[] known = Stream.concat(Stream.of("engine.block", "engine.util"), more.stream()).toArray(String[]::new);
            return Named.of(name + " knows " + String.join(", ", known), ArchitectureRules.knowsOnly("drivers." + name, known));
        });
        return Stream.concat(directions, Stream.of(
                Named.of("no cycles", ArchitectureRules.freeOfCycles("drivers")),
                Named.of("no terminal", ArchitectureRules.writesToNoTerminal()),
                Named.of("no exit", ArchitectureRules.endsNoProcess()),
                Named.of("slf4j only", ArchitectureRules.logsThroughSlf4jOnly())));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void keeps(ArchRule rule) {
        rule.check(DRIVERS);
    }

    @Test
    void thereAreDriversToCheck() {
        assertFalse(packages().isEmpty());
    }
}
