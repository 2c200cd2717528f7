package org.blockferry.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The launcher as users start it: by a shell, with signals, from anywhere. Runs after the jar is made. */
@Timeout(300)
class LauncherIT {
    private static final String VERSION = "blockferry " + Version.TEXT;
    /** A source that never ends soon: 10 GiB at 1 MiB per second. */
    private static final String[] SLOW = {"copy", "--json", "-r", "1M", "sparse-random:10G?seed=7&percent=100"};

    @TempDir
    Path folder;

    private CliRun run(String launcher, Path in, Map<String, String> environment, String... args) throws Exception {
        try (LauncherProcess process = LauncherProcess.start(launcher, in, environment, args)) {
            return process.finish();
        }
    }

    private LauncherProcess startSlowCopy(Path target) throws Exception {
        List<String> args = new ArrayList<>(List.of(SLOW));
        args.add(target.toString());
        LauncherProcess process = LauncherProcess.start(args.toArray(new String[0]));
        process.awaitErr(line -> line.contains("\"progress\""));
        return process;
    }

    private List<String> filesLeft() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void itStartsFromAnotherFolder() throws Exception {
        CliRun run = run(LauncherProcess.launcher().toString(), folder, Map.of(), "--version");
        assertEquals(new CliRun(0, VERSION + "\n", ""), run);
    }

    @Test
    void itStartsThroughSymbolicLinksAbsoluteAndRelative() throws Exception {
        Path bin = Files.createDirectories(folder.resolve("a/bin"));
        Files.createSymbolicLink(bin.resolve("first"), LauncherProcess.launcher());
        Files.createSymbolicLink(folder.resolve("second"), Path.of("a/bin/first"));
        assertEquals(VERSION + "\n", run("./second", folder, Map.of(), "--version").expect(0).out());
        assertEquals(VERSION + "\n", run("../second", bin.getParent(), Map.of(), "--version").expect(0).out());
        Files.delete(bin.resolve("first"));
        Files.delete(folder.resolve("second"));
    }

    @Test
    void itStartsFromThePath() throws Exception {
        Files.createSymbolicLink(folder.resolve("blockferry"), LauncherProcess.launcher());
        String path = folder + ":" + System.getenv("PATH");
        assertEquals(VERSION + "\n", run("blockferry", Path.of("/"), Map.of("PATH", path), "--version").expect(0).out());
        Files.delete(folder.resolve("blockferry"));
    }

    @Test
    void filesAreNamedFromTheFolderOfTheUser() throws Exception {
        Files.write(folder.resolve("a b.raw"), new byte[70000]);
        run(LauncherProcess.launcher().toString(), folder, Map.of(), "copy", "a b.raw", "c d.raw").expect(0);
        assertEquals(70000, Files.size(folder.resolve("c d.raw")));
    }

    @Test
    void withoutJavaItSaysSoInOneLine() throws Exception {
        CliRun run = run(LauncherProcess.launcher().toString(), folder, Map.of("PATH", folder.toString(), "JAVA_HOME", ""), "--version");
        assertEquals(new CliRun(1, "", "blockferry: no Java found: install a JDK 17 or newer, or set JAVA_HOME"), run);
    }

    @Test
    void aJavaHomeWithoutJavaIsNamed() throws Exception {
        CliRun run = run(LauncherProcess.launcher().toString(), folder, Map.of("JAVA_HOME", folder.toString()), "--version");
        assertEquals(new CliRun(1, "",
                "blockferry: JAVA_HOME is '" + folder + "', but there is no bin/java in it; a JDK 17 or newer is needed"), run);
    }

    @ParameterizedTest
    @CsvSource({"11.0.2", "1.8.0_392", "16"})
    void anOldJavaIsNamedWithItsVersionAndNotStarted(String version) throws Exception {
        Path java = Files.createDirectories(folder.resolve("bin")).resolve("java");
        script(java, "echo started >&2; exit 7");
        Files.writeString(folder.resolve("release"), "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"" + version + "\"\n");
        CliRun run = run(LauncherProcess.launcher().toString(), folder, Map.of("JAVA_HOME", folder.toString()), "--version");
        assertEquals(new CliRun(1, "", "blockferry: " + java + " is Java " + version
                + "; a JDK 17 or newer is needed (JAVA_HOME names another one)"), run);
    }

    @Test
    void anOldJavaWithoutAReleaseFileIsAskedForItsVersion() throws Exception {
        Path java = Files.createDirectories(folder.resolve("bin")).resolve("java");
        script(java, "echo 'java version \"1.7.0_80\"' >&2");
        CliRun run = run(LauncherProcess.launcher().toString(), folder, Map.of("JAVA_HOME", folder.toString()), "--version");
        assertEquals("blockferry: " + java + " is Java 1.7.0_80; a JDK 17 or newer is needed (JAVA_HOME names another one)", run.err());
        assertEquals(1, run.code());
    }

    @Test
    void exitCodesPass() throws Exception {
        try (LauncherProcess usage = LauncherProcess.start("copy");
                LauncherProcess failure = LauncherProcess.start("copy", folder.resolve("no").toString(), "null:")) {
            usage.finish().expect(2);
            failure.finish().expect(1);
        }
    }

    @Test
    void optionsForTheJvmPass() throws Exception {
        CliRun run = run(LauncherProcess.launcher().toString(), folder, Map.of("BLOCKFERRY_JAVA_OPTS", "-Xmx80m -XX:+PrintFlagsFinal"),
                "--version");
        assertTrue(run.expect(0).out().matches("(?s).*MaxHeapSize += 83886080 .*" + VERSION + "\\R"), run.out());
    }

    @Test
    void withDebuggingAnErrorSaysWhereItCameFrom() throws Exception {
        CliRun run = run(LauncherProcess.launcher().toString(), folder, Map.of("BLOCKFERRY_DEBUG", "1"), "copy", "no-such-file", "null:");
        assertTrue(run.expect(1).err().contains("\tat org.blockferry."), run.err());
    }

    @Test
    void standardOutputThatCannotBeWrittenIsAFailure() throws Exception {
        String command = "exec \"$0\" --version >/dev/full";
        try (LauncherProcess process = LauncherProcess.start("/bin/sh", folder, Map.of(), "-c", command,
                LauncherProcess.launcher().toString())) {
            assertEquals("blockferry: cannot write to standard output", process.finish().expect(1).err());
        }
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
    void aSignalEndsACopyInGoodOrderAndLeavesNoTarget(String signal, int code) throws Exception {
        try (LauncherProcess process = startSlowCopy(folder.resolve("disk.raw"))) {
            process.signal(signal);
            CliRun run = process.finish().expect(code);
            assertEquals("cancelled", run.json().get("status"));
            assertTrue(run.json().get("target_state").toString().startsWith("not there"), run.out());
            assertTrue(run.err().contains("blockferry: SIG" + signal + ": finishing what is in flight"), run.err());
            assertTrue(run.err().contains("blockferry: cancelled by SIG" + signal + "; target not there: "), run.err());
        }
        assertEquals(List.of(), filesLeft());
    }

    @Test
    void aCancelledCopyLeavesWhatStoodUnderTheName() throws Exception {
        Path target = folder.resolve("disk.raw");
        Files.writeString(target, "precious");
        try (LauncherProcess process = startSlowCopy(target)) {
            process.signal("INT");
            assertTrue(process.finish().expect(130).json().get("target_state").toString().startsWith("unchanged"));
        }
        assertEquals("precious", Files.readString(target));
        assertEquals(List.of("disk.raw"), filesLeft());
    }

    @Test
    void sigusr1AsksHowFarItIs() throws Exception {
        try (LauncherProcess process = LauncherProcess.start("copy", "--rate=1M", SLOW[SLOW.length - 1],
                folder.resolve("disk.raw").toString())) {
            awaitFile();
            process.signal("USR1");
            String line = process.awaitErr(text -> text.contains(" of 10 GiB ("));
            assertTrue(line.matches("blockferry: \\S+ \\S+ of 10 GiB \\(0 %\\), \\S+ \\S+/s.*"), line);
            process.signal("TERM");
            process.finish().expect(143);
        }
    }

    @Test
    void aPipeTakesAnImageFromOneCopyToAnother() throws Exception {
        byte[] content = new byte[3 << 20];
        new java.util.Random(9).nextBytes(content);
        java.util.Arrays.fill(content, 1 << 20, 2 << 20, (byte) 0);
        Files.write(folder.resolve("disk.raw"), content);
        String command = "\"$0\" copy disk.raw disk.qcow2 && \"$0\" copy disk.qcow2 - | \"$0\" copy - back.raw";
        try (LauncherProcess process = LauncherProcess.start("/bin/sh", folder, Map.of(), "-c", command,
                LauncherProcess.launcher().toString())) {
            assertEquals(new CliRun(0, "", ""), process.finish());
        }
        assertEquals(-1, java.util.Arrays.mismatch(content, Files.readAllBytes(folder.resolve("back.raw"))));
    }

    @Test
    void itsMemoryStaysWithinTheStatedBound() throws Exception {
        try (LauncherProcess process = LauncherProcess.start("copy", "--json", "sparse-random:1T?seed=5&percent=50", "null:")) {
            process.awaitErr(line -> line.contains("\"progress\"") && (Double) CliRun.object(line).get("seconds") > 2);
            long peak = Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                    .filter(line -> line.startsWith("VmHWM:")).mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst()
                    .orElseThrow();
            assertTrue(peak < 128 << 10, "peak resident memory is " + peak + " KiB");
            process.signal("TERM");
            process.finish().expect(143);
        }
    }

    /** Waits until a copy has begun, which shows by a file in the folder. */
    private void awaitFile() throws Exception {
        try (var watch = folder.getFileSystem().newWatchService()) {
            folder.register(watch, java.nio.file.StandardWatchEventKinds.ENTRY_CREATE);
            if (filesLeft().isEmpty()) {
                assertTrue(watch.poll(60, java.util.concurrent.TimeUnit.SECONDS) != null, "no copy has begun");
            }
        }
    }

    @Test
    void startersAtTheSameTimeBuildWhatIsMissingOnce() throws Exception {
        Path root = folder.resolve("fresh");
        Path bin = Files.createDirectories(root.resolve("cli/bin"));
        for (String name : List.of("blockferry", "make")) {
            Files.copy(LauncherProcess.launcher().resolveSibling(name), bin.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
        }
        Path jar = LauncherProcess.launcher().getParent().resolveSibling("target/blockferry.jar");
        Path tools = Files.createDirectories(folder.resolve("tools"));
        script(tools.resolve("mvn"), "echo \"$@\" >>" + folder.resolve("calls") + "; echo building; cp " + jar + " "
                + root.resolve("cli/target/blockferry.jar"));
        Map<String, String> environment = Map.of("PATH", tools + ":" + System.getenv("PATH"));
        List<LauncherProcess> starters = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            starters.add(LauncherProcess.start(bin.resolve("blockferry").toString(), folder, environment, "--version"));
        }
        StringBuilder err = new StringBuilder();
        for (LauncherProcess starter : starters) {
            CliRun run = starter.finish().expect(0);
            assertEquals(VERSION + "\n", run.out(), "only the result is on stdout");
            err.append(run.err());
            starter.close();
        }
        assertTrue(err.toString().contains("blockferry: building, once: mvn"), err.toString());
        List<String> calls = Files.readAllLines(folder.resolve("calls"));
        assertEquals(1, calls.size(), calls.toString());
        assertTrue(calls.get(0).endsWith("-DskipTests package -pl cli -am"), calls.get(0));
        assertEquals(new CliRun(0, VERSION + "\n", ""), run(bin.resolve("blockferry").toString(), folder, environment, "--version"));
        try (Stream<Path> made = Files.walk(root.resolve("cli/target/start"))) {
            List<String> names = made.map(file -> file.getFileName().toString()).toList();
            assertTrue(names.containsAll(List.of("classes.jsa", "libjnidispatch.so", "made")), names.toString());
        }
    }

    @Test
    void aBuildThatFailsIsSaidAndLeavesNothing() throws Exception {
        Path bin = Files.createDirectories(folder.resolve("fresh/cli/bin"));
        for (String name : List.of("blockferry", "make")) {
            Files.copy(LauncherProcess.launcher().resolveSibling(name), bin.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
        }
        Path tools = Files.createDirectories(folder.resolve("tools"));
        script(tools.resolve("mvn"), "echo 'compiler says no'; exit 1");
        CliRun run = run(bin.resolve("blockferry").toString(), folder, Map.of("PATH", tools + ":" + System.getenv("PATH")), "--version");
        run.expect(1);
        assertTrue(run.err().contains("compiler says no") && run.err().endsWith("blockferry: the build failed; see above"), run.err());
        assertFalse(Files.exists(bin.resolveSibling("target/blockferry.jar")));
    }

    private static void script(Path file, String body) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
