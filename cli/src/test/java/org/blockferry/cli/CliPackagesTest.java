package org.blockferry.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Who may use what: the command line knows the engine, and each library has its place. */
class CliPackagesTest {
    private static final JavaClasses CLASSES = new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.blockferry.cli");

    /** But for the NBD server and QEMU's monitor, which are no drivers, and for the list of a server's exports. */
    @Test
    void noDriverIsKnownHereByName() {
        noClasses().that().haveNameNotMatching(".*\\.(Serve(Command|Request|dDisk)|Mirror(Command|Request|Base)|Job(Command|ControlHandler|Socket)|ExportList)(\\$.*)?").should().dependOnClassesThat(resideInAPackage("org.blockferry.drivers..")
                .and(not(resideInAPackage("org.blockferry.drivers.posix")))).check(CLASSES);
    }

    @Test
    void picocliStaysInOnePlace() {
        noClasses().that().haveNameNotMatching(".*\\.PicocliOptions(\\$.*)?")
                .should().dependOnClassesThat().resideInAPackage("picocli..").check(CLASSES);
    }

    @Test
    void theBarsLibraryIsLoadedByTheBarOnly() {
        noClasses().that().doNotHaveSimpleName("BarProgress").should().dependOnClassesThat().resideInAPackage("me.tongfei..")
                .check(CLASSES);
    }

    @Test
    void theProcessIsEndedByMainAndByTheThirdCtrlC() {
        noClasses().that().doNotHaveSimpleName("Main").and().doNotHaveSimpleName("Cancellation").and().haveNameNotMatching(".*MirrorCommand.*")
                .should().callMethod(System.class, "exit", int.class).orShould().callMethod(Runtime.class, "halt", int.class)
                .check(CLASSES);
    }
}
