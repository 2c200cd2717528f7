package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code resize}: the same line through qemu-img and through us; then both disks read the same, and check finds nothing. */
class ResizeCommandTest {
    @TempDir
    Path theirs;
    @TempDir
    Path ours;
    private SameLine line;

    @BeforeEach
    void peers() {
        Peers.require("qemu-img", "qemu-io");
        line = new SameLine(theirs, ours);
    }

    private void both(String... command) {
        Peers.run(theirs, command);
        Peers.run(ours, command);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"cluster_size=64k", "cluster_size=512", "compat=0.10,cluster_size=4k", "extended_l2=on,cluster_size=16k",
        "refcount_bits=1,cluster_size=512", "cluster_size=512,preallocation=metadata"})
    void readsAsQemuReadsAfterEachStep(String options) {
        boolean snapshots = !options.contains("0.10") && !options.contains("refcount_bits=1");
        both("qemu-img", "create", "-q", "-f", "qcow2", "-o", options, "disk", "3M");
        Random random = new Random(options.hashCode());
        StringBuilder log = new StringBuilder(options);
        for (int step = 0; step < 10; step++) {
            long size = (1 + random.nextInt(step % 2 == 0 ? 12000 : 6000)) * 512L;
            line.run("resize", "-f", "qcow2", "--shrink", "@disk", Long.toString(size)).sameCode().sameText();
            log.append("; resize ").append(size);
            String what = log.toString();
            Peers.run(ours, "qemu-img", "check", "-q", "disk");
            assertEquals(size, (long) (Long) CliRun.of("info", "--output", "json", ours.resolve("disk").toString()).json().get("virtual-size"));
            assertEquals(0, Peers.tryRun(ours, "qemu-img", "compare", "disk", theirs.resolve("disk").toString()).exitCode(), what);
            long at = random.nextInt((int) (size / 512)) * 512L;
            String write = "write -P " + (step + 1) + " " + at + " " + Math.min(size - at, 300 * 512);
            both("qemu-io", "-f", "qcow2", "-c", write, "disk");
            log.append("; ").append(write);
            if (snapshots && step % 4 == 1) {
                both("qemu-img", "snapshot", "-c", "s" + step, "disk");
                log.append("; snapshot");
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"resize @disk 20M", "resize @disk +5M", "resize --shrink @disk -- -5M", "resize --shrink @disk -5M",
        "resize -q @disk 11M", "resize @disk +0", "resize -f raw @raw 20M", "resize -f raw --shrink @raw 1000",
        "resize -f raw --preallocation=full @raw 11M", "resize -f raw --preallocation falloc @raw +1M"})
    void takesTheLinesOfQemu(String words) {
        both("qemu-img", "create", "-q", "-f", "qcow2", "disk", "10M");
        both("qemu-img", "create", "-q", "-f", "raw", "raw", "10M");
        line.run(words.split(" ")).sameCode().sameText();
        for (String image : new String[] {"disk", "raw"}) {
            Peers.run(ours, "qemu-img", "compare", image, theirs.resolve(image).toString());
        }
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of("resize", "Not enough arguments"),
                Arguments.of("resize @missing 1M", "Could not open 'missing': No such file or directory"),
                Arguments.of("resize @disk 5M", "disk: Use the --shrink option to perform a shrink operation"),
                Arguments.of("resize @disk -5M", "disk: Use the --shrink option to perform a shrink operation"),
                Arguments.of("resize -f raw @raw 5M", "raw: Use the --shrink option to perform a shrink operation"),
                Arguments.of("resize @disk abc", "Parameter 'size' expects a non-negative number"),
                Arguments.of("resize --shrink @disk 0", "disk: New image size must be positive"),
                Arguments.of("resize --shrink @disk -20M", "disk: New image size must be positive"),
                Arguments.of("resize @disk 8000P", "Failed to grow the L1 table: File too large"),
                Arguments.of("resize --preallocation foo @disk 20M", "Invalid preallocation mode 'foo'"),
                Arguments.of("resize --preallocation full --shrink @disk 1M", "Preallocation can only be used for growing images"),
                Arguments.of("resize -f raw --preallocation metadata @raw 20M", "Unsupported preallocation mode: metadata"),
                Arguments.of("resize -f nope @raw 20M", "Could not open 'raw': Unknown"),
                Arguments.of("resize --shrink @old 5M", "Can't resize a v2 image which has snapshots"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void errors(String words, String reason) {
        both("qemu-img", "create", "-q", "-f", "qcow2", "disk", "10M");
        both("qemu-img", "create", "-q", "-f", "raw", "raw", "10M");
        both("qemu-img", "create", "-q", "-f", "qcow2", "-o", "compat=0.10", "old", "10M");
        both("qemu-img", "snapshot", "-c", "one", "old");
        line.run(words.split(" ")).failed(reason);
        Peers.run(ours, "qemu-img", "compare", "disk", theirs.resolve("disk").toString());
    }

    @Test
    void aShrunkenFileGivesItsSpaceBack() throws IOException {
        both("qemu-img", "create", "-q", "-f", "qcow2", "disk", "10M");
        both("qemu-io", "-c", "write 0 10M", "disk");
        CliRun.of("resize", "--shrink", ours.resolve("disk").toString(), "1M").expect(0);
        assertTrue(Files.size(ours.resolve("disk")) < 3 << 20, "length " + Files.size(ours.resolve("disk")));
    }

    /** Declared: qemu-img writes zeroes over what would show; we do not do it by halves, and refuse. */
    @Test
    void anOverlayThatIsShorterThanItsBaseDoesNotGrow() {
        both("qemu-img", "create", "-q", "-f", "raw", "base", "10M");
        both("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base", "-F", "raw", "disk", "5M");
        CliRun run = CliRun.of("resize", ours.resolve("disk").toString(), "8M").expect(1);
        assertTrue(run.err().contains("longer"), run.err());
        CliRun.of("resize", "--shrink", ours.resolve("disk").toString(), "4M").expect(0);
    }
}
