package org.blockferry.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The command {@code copy} from its words to its files. What each format and case does is tested elsewhere. */
class CopyCommandTest {
    private static final int MIB = 1 << 20;
    /** A megabyte of data, one of nothing, one of written zeroes, one of data and a bit. */
    private static final int LENGTH = 4 * MIB + 512;

    @TempDir
    Path folder;
    private Path raw;
    private byte[] content;

    @BeforeEach
    void makeAnImage() throws IOException {
        raw = folder.resolve("disk.raw");
        content = new byte[LENGTH];
        byte[] data = new byte[MIB];
        new Random(5).nextBytes(data);
        System.arraycopy(data, 0, content, 0, MIB);
        System.arraycopy(data, 0, content, 3 * MIB, MIB);
        content[LENGTH - 1] = 1;
        try (FileChannel file = FileChannel.open(raw, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(data), 0);
            file.write(ByteBuffer.allocate(MIB), 2L * MIB);
            file.write(ByteBuffer.wrap(content, 3 * MIB, MIB + 512), 3L * MIB);
        }
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private List<String> files() throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void rawBecomesQcow2ByTheNameOfTheTargetAndSaysNothing() throws Exception {
        assertEquals(new CliRun(0, "", ""), CliRun.of("copy", raw.toString(), path("disk.qcow2")));
        Peers.require("qemu-img");
        Peers.run(folder, "qemu-img", "check", "-f", "qcow2", path("disk.qcow2"));
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "qcow2", raw.toString(), path("disk.qcow2"));
        assertEquals(List.of("disk.qcow2", "disk.raw"), files());
    }

    @Test
    void aCopyOfACopyIsTheImage() throws Exception {
        CliRun.of("copy", raw.toString(), path("disk.qcow2")).expect(0);
        CliRun.of("copy", path("disk.qcow2"), path("back.raw")).expect(0);
        assertArrayEquals(content, Files.readAllBytes(folder.resolve("back.raw")));
    }

    @Test
    void anExistingFileIsReplacedAndKeepsItsMode() throws Exception {
        Path target = Files.writeString(folder.resolve("target.raw"), "old");
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rw-r-----"));
        CliRun.of("copy", raw.toString(), target.toString()).expect(0);
        assertArrayEquals(content, Files.readAllBytes(target));
        assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(target)));
    }

    @Test
    void severalSourcesBecomeOneDisk() throws Exception {
        CliRun.of("copy", raw.toString(), raw.toString(), path("both.raw")).expect(0);
        byte[] both = Files.readAllBytes(folder.resolve("both.raw"));
        assertEquals(2 * LENGTH, both.length);
        assertArrayEquals(content, Arrays.copyOfRange(both, LENGTH, 2 * LENGTH));
    }

    @Test
    void aTerabyteOfNearlyNothingIsCopiedInAMoment() {
        Map<String, Object> result = CliRun.of("copy", "--json", "sparse-random:1T?seed=3&percent=0.0001", "null:").expect(0).json();
        assertEquals(1L << 40, result.get("total"));
        assertEquals(1L << 40, result.get("done"));
    }

    @Test
    void theResultForProgramsCountsEveryByteOnce() {
        CliRun run = CliRun.of("copy", "--json", "--stats", "--offload=never", raw.toString(), path("disk.qcow2")).expect(0);
        Map<String, Object> result = run.json();
        assertEquals("result", result.get("type"));
        assertEquals("done", result.get("status"));
        assertEquals(List.of(raw.toString()), result.get("sources"));
        assertEquals(path("disk.qcow2"), result.get("target"));
        assertEquals("complete", result.get("target_state"));
        assertEquals((long) LENGTH, result.get("total"));
        long sum = 0;
        for (String kind : List.of("copied", "offloaded", "zeroed", "zero_detected", "skipped")) {
            sum += (Long) result.get(kind);
        }
        assertEquals(LENGTH, sum);
        assertEquals((long) MIB, result.get("zeroed"), "the hole");
        assertTrue((Long) result.get("zero_detected") >= MIB, "the written zeroes");
        assertTrue(((Map<?, ?>) result.get("statistics")).containsKey("operations"));
        List<Map<String, Object>> progress = run.err().lines().map(CliRun::object).toList();
        assertEquals((long) LENGTH, progress.get(progress.size() - 1).get("done"));
    }

    @Test
    void aFailureForProgramsNamesKindAndNode() {
        CliRun run = CliRun.of("copy", "--json", path("missing"), path("target.raw")).expect(1);
        assertEquals("failed", run.json().get("status"));
        assertEquals("untouched", run.json().get("target_state"));
        Map<?, ?> error = (Map<?, ?>) run.json().get("error");
        assertEquals("NOT_FOUND", error.get("kind"));
        assertEquals(path("missing"), error.get("node"));
        assertEquals("blockferry: " + error.get("message"), run.err().strip());
    }

    @Test
    void aDryRunTellsTheTotalsAndMakesNothing() throws Exception {
        CliRun run = CliRun.of("copy", "--dry-run", raw.toString(), path("disk.qcow2")).expect(0);
        assertEquals("""
                to copy:     3146240 bytes (3 MiB)
                to zero:     1048576 bytes (1 MiB)
                to skip:     0 bytes
                """, run.out().replace(System.lineSeparator(), "\n"));
        assertEquals(List.of("disk.raw"), files());
    }

    @Test
    void aDryRunForProgramsTellsTheRuns() throws Exception {
        Map<String, Object> plan = CliRun.of("copy", "--dry-run", "--json", raw.toString(), path("disk.raw.copy")).expect(0).json();
        long at = 0;
        for (Object element : (List<?>) plan.get("runs")) {
            Map<?, ?> run = (Map<?, ?>) element;
            assertEquals(at, run.get("start"));
            at += (Long) run.get("length");
            assertEquals(at > MIB && at <= 2 * MIB ? "zero" : "copy", run.get("action"));
        }
        assertEquals(LENGTH, at);
        assertEquals(3L * MIB + 512, plan.get("copy"));
        assertEquals((long) MIB, plan.get("zero"));
        assertEquals(0L, plan.get("skip"));
        assertEquals(List.of("disk.raw"), files());
    }

    @Test
    void percentagesEndAtOneHundred() {
        CliRun run = CliRun.of("copy", "-p", raw.toString(), path("copy.raw")).expect(0);
        assertTrue(run.out().endsWith("    (100.00/100%)\r" + System.lineSeparator()), run.out());
        assertEquals("", run.err());
    }

    @Test
    void aShortCopyOnATerminalShowsNoBar() {
        assertEquals(new CliRun(0, "", ""), CliRun.onTerminal("copy", raw.toString(), path("copy.raw")));
    }

    @Test
    void statisticsAndTheChoiceAreToldOnStderr() {
        CliRun stats = CliRun.of("copy", "--stats", raw.toString(), path("copy.raw")).expect(0);
        assertTrue(stats.err().contains("bottleneck: "), stats.err());
        assertTrue(stats.err().lines().anyMatch(line -> line.startsWith("copied ") && line.contains(", found to be zeroes ")), stats.err());
        assertEquals("", stats.out());
        CliRun explained = CliRun.of("copy", "--explain", raw.toString(), path("copy2.raw")).expect(0);
        List<String> lines = explained.err().lines().toList();
        assertTrue(lines.get(0).startsWith("fused: "), explained.err());
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("offload to the kernel: no; zeroes are looked for")), explained.err());
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("zeroes in data: looked for in blocks of 4 KiB; left out")),
                explained.err());
        CliRun whole = CliRun.of("copy", "--explain", "-S", "0", raw.toString(), path("copy3.raw")).expect(0);
        assertTrue(whole.err().contains("zeroes in data: not looked for"), whole.err());
        CliRun json = CliRun.of("copy", "--json", "--explain", raw.toString(), path("copy4.raw")).expect(0);
        assertTrue(json.err().startsWith("{\"type\":\"choice\",\"reasons\":[\"fused: "), json.err());
    }

    @Test
    void theChoiceIsToldBeforeTheCopyBegins() {
        CliRun failed = CliRun.of("copy", "--explain", "--offload=always", "sparse-random:1M?seed=1", path("copy.raw")).expect(1);
        assertTrue(failed.err().startsWith("fused: "), failed.err());
        assertTrue(failed.err().contains("offload to the kernel: yes; as asked, or not at all"), failed.err());
        assertTrue(failed.err().contains("offload=always forbids"), failed.err());
    }

    @Test
    void theOptionsOfAFormatAreListed() {
        String list = CliRun.of("copy", "-O", "qcow2", "-o", "help").expect(0).out();
        assertTrue(list.startsWith("Options of format qcow2:") && list.contains("  cluster_size - "), list);
        assertEquals(list, CliRun.of("copy", "-o", "?", raw.toString(), path("x.qcow2")).expect(0).out());
    }

    static Stream<org.junit.jupiter.params.provider.Arguments> badInput() {
        return Stream.of(
                arguments("no words", 2, "copy needs a source and a target", words()),
                arguments("no target", 2, "copy needs a target after '@disk.raw'", words("@disk.raw")),
                arguments("unknown option", 2, "unknown option '--frob'", words("--frob", "@disk.raw", "@t")),
                arguments("bad size", 2, "-S is 'abc'; a size is", words("-S", "abc", "@disk.raw", "@t")),
                arguments("sparse size off the sector", 2, "the sparse size (-S) is 1000;", words("-S", "1000", "@disk.raw", "@t")),
                arguments("bad rate", 2, "-r is 'fast'; a size is", words("-r", "fast", "@disk.raw", "@t")),
                arguments("no request", 2, "-m is '0'; it is a whole number from 1 to 64", words("-m", "0", "@disk.raw", "@t")),
                arguments("unknown cache", 2, "-t: cache mode is 'fast'; known are", words("-t", "fast", "@disk.raw", "@t")),
                arguments("unknown offload", 2, "--offload is 'maybe'; it is auto, prefer, never or always",
                        words("--offload=maybe", "@disk.raw", "@t")),
                arguments("options with -n", 2, "options for a new target (-o) make no sense", words("-n", "-o", "a=b", "@disk.raw", "@t")),
                arguments("-F alone", 2, "a backing format (-F) needs a backing file (-B)", words("-F", "raw", "@disk.raw", "@t")),
                arguments("quiet and progress", 2, "-q and -p exclude each other", words("-q", "-p", "@disk.raw", "@t")),
                arguments("nameless option", 2, "-o is '=1'; it is a list of name=value", words("-o", "=1", "@disk.raw", "@t")),
                arguments("unknown source format", 2, "Unknown file format 'xyz'", words("-f", "xyz", "@disk.raw", "@t")),
                arguments("unknown target format", 2, "Unknown file format 'xyz'", words("-O", "xyz", "@disk.raw", "@t")),
                arguments("unknown option of the format", 1, "frob", words("-O", "qcow2", "-o", "frob=1", "@disk.raw", "@t")),
                arguments("bad value of the format's option", 1, "Cluster size",
                        words("-O", "qcow2", "-o", "cluster_size=3", "@disk.raw", "@t")),
                arguments("missing source", 1, "No such file or directory", words("@missing.raw", "@t")),
                arguments("source is a folder", 1, "@", words("@", "@t")),
                arguments("target in a missing folder", 1, "@no/t", words("@disk.raw", "@no/t")),
                arguments("target is a folder", 1, "@", words("@disk.raw", "@")),
                arguments("not qcow2", 1, "@disk.raw", words("-f", "qcow2", "@disk.raw", "@t")),
                arguments("target is the source", 1, "@disk.raw", words("@disk.raw", "@disk.raw")),
                arguments("nothing there to write into", 1, "@t", words("-n", "@disk.raw", "@t")),
                arguments("missing base", 1, "@base.qcow2", words("-B", "@base.qcow2", "-F", "qcow2", "@disk.raw", "@t")),
                arguments("snapshot of a raw image", 1, "disk.raw", words("-l", "one", "@disk.raw", "@t")));
    }

    private static List<String> words(String... words) {
        return List.of(words);
    }

    /** A word or message with {@code @} names a file of the test's folder. */
    @ParameterizedTest(name = "{0}")
    @MethodSource
    void badInput(String name, int code, String message, List<String> words) throws IOException {
        String prefix = folder + "/";
        List<String> args = new java.util.ArrayList<>(List.of("copy"));
        words.forEach(word -> args.add(word.startsWith("@") ? prefix + word.substring(1) : word));
        CliRun run = CliRun.of(args.toArray(new String[0]));
        assertEquals(code, run.code(), run.err());
        List<String> lines = run.err().lines().toList();
        assertTrue(lines.get(0).startsWith("blockferry: ") && lines.get(0).contains(message.replace("@", prefix)), run.err());
        assertEquals(code == 2 ? List.of("Try 'blockferry copy --help' for more.") : List.of(), lines.subList(1, lines.size()), run.err());
        assertFalse(run.err().contains("internal error"), run.err());
        assertEquals("", run.out());
        assertEquals(List.of("disk.raw"), files(), "nothing was made");
        assertArrayEquals(content, Files.readAllBytes(raw));
    }
}
