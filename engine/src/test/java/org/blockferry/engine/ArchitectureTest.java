package org.blockferry.engine;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;
import org.blockferry.engine.block.BlockStatusTest;
import org.blockferry.engine.testing.ArchitectureRules;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ArchitectureTest {
    private static final JavaClasses ENGINE = ArchitectureRules.mainClassesOf("org.blockferry.engine");

    static Stream<Named<ArchRule>> rules() {
        return Stream.of(
                Named.of("util knows nobody", ArchitectureRules.knowsOnly("engine.util")),
                Named.of("block knows util only", ArchitectureRules.knowsOnly("engine.block", "engine.util")),
                Named.of("graph knows block", ArchitectureRules.knowsOnly("engine.graph", "engine.block", "engine.util")),
                Named.of("plan knows block", ArchitectureRules.knowsOnly("engine.plan", "engine.block", "engine.util")),
                Named.of("pipeline knows plan and block",
                        ArchitectureRules.knowsOnly("engine.pipeline", "engine.plan", "engine.block", "engine.util")),
                Named.of("salvage knows plan and block",
                        ArchitectureRules.knowsOnly("engine.salvage", "engine.plan", "engine.block", "engine.util")),
                Named.of("resume knows block", ArchitectureRules.knowsOnly("engine.resume", "engine.block", "engine.util")),
                Named.of("digest knows block", ArchitectureRules.knowsOnly("engine.digest", "engine.block", "engine.util")),
                Named.of("job knows the engine", ArchitectureRules.knowsOnly("engine.job", "engine")),
                Named.of("maintain knows the engine", ArchitectureRules.knowsOnly("engine.maintain", "engine")),
                Named.of("mirror knows the engine", ArchitectureRules.knowsOnly("engine.mirror", "engine")),
                Named.of("the engine knows no other module", ArchitectureRules.knowsOnly("engine")),
                Named.of("inspect knows the engine", ArchitectureRules.knowsOnly("engine.inspect", "engine")),
                Named.of("no cycles", ArchitectureRules.freeOfCycles("engine")),
                Named.of("no terminal", ArchitectureRules.writesToNoTerminal()),
                Named.of("no exit", ArchitectureRules.endsNoProcess()),
                Named.of("slf4j only", ArchitectureRules.logsThroughSlf4jOnly()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rules")
    void keeps(ArchRule rule) {
        rule.check(ENGINE);
    }

    @Test
    void everyPackageOfTheEngineHasARule() {
        List<String> known = List.of("util", "block", "graph", "plan", "pipeline", "salvage", "job", "maintain", "inspect",
                "mirror", "digest", "resume");
        ENGINE.forEach(type -> assertTrue(known.contains(type.getPackageName().split("\\.")[3]), type.getName()
                + " has no rule"));
    }

    @Test
    void aRuleFindsWhatBreaksIt() {
        JavaClasses broken = new ClassFileImporter().importClasses(BlockStatusTest.class);
        AssertionError e = assertThrows(AssertionError.class,
                () -> ArchitectureRules.knowsOnly("engine.block", "engine.util").check(broken));
        assertTrue(e.getMessage().contains("ArrayDisk"), e.getMessage());
    }
}
