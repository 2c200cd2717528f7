package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How much space a copy takes, and how many bytes it says it moved: beside qemu-img, and beside its own plan. */
class SparsenessTest {
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 8192;

    @TempDir
    static Path folder;

    /** Written zeroes of many lengths, on blocks of the file system, with a hole in the middle. */
    @BeforeAll
    static void image() throws IOException {
        Peers.require("qemu-img");
        SplittableRandom random = new SplittableRandom(77);
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.raw").toFile(), "rw")) {
            for (int at = 0; at < BLOCKS;) {
                int run = Math.min(BLOCKS - at, 1 << random.nextInt(8));
                byte[] bytes = new byte[run * BLOCK];
                if (random.nextInt(2) == 0) {
                    Arrays.fill(bytes, (byte) 0x5a);
                }
                if (at < BLOCKS / 2 || at > BLOCKS / 2 + 2000) {
                    file.seek((long) at * BLOCK);
                    file.write(bytes);
                }
                at += run;
            }
            file.setLength((long) BLOCKS * BLOCK);
        }
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-S", "0", "disk.raw", "disk.qcow2");
    }

    private static long allocated(String name) {
        return 512 * Long.parseLong(Peers.run(folder, "stat", "-c", "%b", name).out().strip());
    }

    private static CliRun copy(String... words) {
        List<String> line = new ArrayList<>(List.of("copy"));
        Stream.of(words).map(word -> word.startsWith("@") ? folder.resolve(word.substring(1)).toString() : word).forEach(line::add);
        return CliRun.of(line.toArray(String[]::new)).expect(0);
    }

    static Stream<Arguments> sizes() {
        return Stream.of("0", "4k", "8k", "32k", "64k", "256k", "1M").flatMap(size -> Stream.of("disk.raw", "disk.qcow2")
                .flatMap(source -> Stream.of("raw", "qcow2").map(target -> Arguments.of(size, source, target))));
    }

    @ParameterizedTest(name = "-S {0}: {1} to {2}")
    @MethodSource("sizes")
    void takesNoMoreThanQemuImg(String size, String source, String target) throws IOException {
        copy("-S", size, "--offload=never", "-O", target, "@" + source, "@ours");
        Peers.run(folder, "qemu-img", "convert", "-S", size, "-O", target, source, "theirs");
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", target, "disk.raw", "ours");
        long ours = allocated("ours");
        long theirs = allocated("theirs");
        String both = "ours " + ours + ", qemu-img's " + theirs;
        // A cluster of metadata and what the file system adds for its extents.
        assertTrue(ours <= theirs + (256 << 10), both);
        if (size.equals("0")) {
            assertTrue(ours >= (long) BLOCKS * BLOCK, "everything is allocated: " + both);
        } else {
            assertTrue(ours >= allocated("disk.raw") / 4, both);
        }
        Files.delete(folder.resolve("ours"));
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"@disk.raw @t.raw", "@disk.raw @t.qcow2", "@disk.qcow2 @t.raw", "@disk.qcow2 @t.qcow2", "@disk.raw null:",
        "-S 0 @disk.raw @t.raw", "-S 64k @disk.qcow2 @t.qcow2", "-O qcow2 -o cluster_size=2M @disk.raw @t.qcow2"})
    void aDryRunIsWhatARunDoes(String words) throws IOException {
        List<String> dry = new ArrayList<>(List.of("--dry-run", "--json"));
        dry.addAll(List.of(words.split(" ")));
        Map<String, Object> plan = copy(dry.toArray(String[]::new)).json();
        List<String> real = new ArrayList<>(List.of("--json"));
        real.addAll(List.of(words.split(" ")));
        Map<String, Object> result = copy(real.toArray(String[]::new)).json();
        assertEquals((long) BLOCKS * BLOCK, result.get("total"));
        assertEquals(result.get("total"), result.get("done"));
        assertEquals(plan.get("copy"),
                (Long) result.get("copied") + (Long) result.get("offloaded") + (Long) result.get("zero_detected"), "copy");
        assertEquals(plan.get("zero"), result.get("zeroed"), "zero");
        assertEquals(plan.get("skip"), result.get("skipped"), "skip");
        Files.deleteIfExists(folder.resolve("t.raw"));
        Files.deleteIfExists(folder.resolve("t.qcow2"));
    }

    @Test
    void theResultAgreesWithWhatQemuSeesInTheCopy() {
        Map<String, Object> result = copy("--json", "--stats", "--offload=never", "@disk.raw", "@seen.raw").json();
        String json = Peers.run(folder, "qemu-img", "map", "-f", "raw", "--output=json", "seen.raw").out();
        long data = 0;
        for (Object run : (List<?>) CliRun.object("{\"runs\":" + json + "}").get("runs")) {
            Map<?, ?> each = (Map<?, ?>) run;
            data += each.get("data").equals(Boolean.TRUE) ? (Long) each.get("length") : 0;
        }
        assertEquals(data, result.get("copied"), "bytes written are the bytes that are data in the copy");
        assertEquals(result.get("copied"), bytes(result, "write"));
        assertEquals((Long) result.get("copied") + (Long) result.get("zero_detected"), bytes(result, "read"));
    }

    private static Object bytes(Map<String, Object> result, String operation) {
        return ((List<?>) ((Map<?, ?>) result.get("statistics")).get("operations")).stream().map(each -> (Map<?, ?>) each)
                .filter(each -> operation.equals(each.get("name"))).findFirst().orElseThrow().get("bytes");
    }
}
