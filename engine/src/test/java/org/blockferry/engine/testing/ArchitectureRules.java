package org.blockferry.engine.testing;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * Which package may know which. Each module's test imports its own classes once and checks the rules.
 *
 * <pre>
 *   block ◀── graph ◀──────┐
 *     ▲  ◀── plan  ◀───────┤
 *     ▲        ▲           │
 *     └── pipeline ◀───── job          util: known by all, knows nobody
 *
 *   drivers.X ──▶ engine.block, engine.util, and the drivers it says (file ──▶ posix)
 * </pre>
 */
public final class ArchitectureRules {
    private static final String ROOT = "org.blockferry.";

    private ArchitectureRules() {
    }

    /** The classes of a package and those below it, without tests and without what is in other jars. */
    public static JavaClasses mainClassesOf(String packageName) {
        return new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_JARS).importPackages(packageName);
    }

    /**
     * Of all that is Blockferry, the package {@code who} and those below it know only themselves and these.
     *
     * @param who without the root package: {@code engine.plan}
     * @param known likewise
     */
    public static ArchRule knowsOnly(String who, String... known) {
        String[] allowed = Stream.concat(Stream.of(who), Arrays.stream(known)).map(name -> ROOT + name).toArray(String[]::new);
        DescribedPredicate<JavaClass> stranger = DescribedPredicate.describe("are Blockferry's and not of "
                + String.join(", ", allowed), type -> type.getPackageName().startsWith(ROOT)
                        && Arrays.stream(allowed).noneMatch(name -> isIn(type.getPackageName(), name)));
        return noClasses().that().resideInAPackage(ROOT + who + "..").should().dependOnClassesThat(stranger)
                .allowEmptyShould(true);
    }

    private static boolean isIn(String packageName, String parent) {
        return packageName.equals(parent) || packageName.startsWith(parent + ".");
    }

    /** No package of {@code parent} knows another in a circle. */
    public static ArchRule freeOfCycles(String parent) {
        return slices().matching(ROOT + parent + ".(*)..").should().beFreeOfCycles().allowEmptyShould(true);
    }

    /** A library does not write to the user's terminal: no System.out, no System.err, no printStackTrace. */
    public static ArchRule writesToNoTerminal() {
        return GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.allowEmptyShould(true);
    }

    /** A library does not end the process that embeds it. */
    public static ArchRule endsNoProcess() {
        return noClasses().should().callMethod(System.class, "exit", int.class).orShould().callMethod(Runtime.class, "exit", int.class)
                .orShould().callMethod(Runtime.class, "halt", int.class).allowEmptyShould(true);
    }

    /** slf4j is the way to log. */
    public static ArchRule logsThroughSlf4jOnly() {
        return GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING.allowEmptyShould(true);
    }
}
