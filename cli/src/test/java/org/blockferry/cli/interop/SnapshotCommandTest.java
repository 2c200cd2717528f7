package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

/** {@code snapshot}: the same line through qemu-img and through us; then both images hold the same states, and check finds nothing. */
class SnapshotCommandTest {
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

    /** Dates apart, which differ by the second. */
    private static String list(String text) {
        return text.replaceAll("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d", "DATE");
    }

    private void sameStates(String what) {
        String listed = list(Peers.run(theirs, "qemu-img", "snapshot", "-l", "disk.qcow2").out());
        assertEquals(listed, list(Peers.run(ours, "qemu-img", "snapshot", "-l", "disk.qcow2").out()), what);
        assertEquals(listed, list(CliRun.of("snapshot", "-l", ours.resolve("disk.qcow2").toString()).expect(0).out()), what);
        Peers.run(ours, "qemu-img", "check", "-q", "disk.qcow2");
        Peers.run(ours, "qemu-img", "compare", "-q", "disk.qcow2", theirs.resolve("disk.qcow2").toString());
        List<String> ids = listed.lines().skip(2).map(row -> row.substring(0, row.indexOf(' '))).toList();
        for (String id : ids) {
            both("qemu-img", "convert", "-O", "raw", "-l", "snapshot.id=" + id, "disk.qcow2", "state.raw");
            try {
                assertEquals(-1, Files.mismatch(theirs.resolve("state.raw"), ours.resolve("state.raw")), what + ", snapshot " + id);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** Seeded steps: writes by QEMU, snapshots by each on its own image. */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"cluster_size=64k", "cluster_size=512", "compat=0.10,cluster_size=4k", "extended_l2=on,cluster_size=16k",
        "refcount_bits=8,cluster_size=4k", "cluster_size=4k,preallocation=metadata"})
    void keepsTheStatesThatQemuKeeps(String options) {
        both("qemu-img", "create", "-q", "-f", "qcow2", "-o", options, "disk.qcow2", "3M");
        Random random = new Random(options.hashCode());
        StringBuilder log = new StringBuilder(options);
        for (int step = 0; step < 12; step++) {
            String write = (random.nextBoolean() ? "write -P " + (step + 1) : "write -z") + " " + random.nextInt(2 << 20) / 512 * 512 + " "
                    + (1 + random.nextInt(600)) * 512;
            both("qemu-io", "-c", write, "disk.qcow2");
            String words = switch (step < 3 ? 0 : random.nextInt(4)) {
                case 0, 1 -> "-c s" + random.nextInt(4);
                case 2 -> "-d s" + random.nextInt(4);
                default -> "-a s" + random.nextInt(4);
            };
            log.append("; ").append(write).append("; ").append(words);
            String[] parts = words.split(" ");
            line.run("snapshot", parts[0], parts[1], "@disk.qcow2").sameCode();
            sameStates(log.toString());
        }
        assertTrue(CliRun.of("check", ours.resolve("disk.qcow2").toString()).expect(0).out().contains("No errors"));
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of("snapshot -d nope @disk.qcow2", "disk.qcow2: Could not delete snapshot 'nope': snapshot not found"),
                Arguments.of("snapshot -a nope @disk.qcow2", "disk.qcow2: Could not apply snapshot 'nope': "),
                Arguments.of("snapshot -c x @disk.raw", "disk.raw: Could not create snapshot 'x': Operation not supported"),
                Arguments.of("snapshot -d x @disk.raw", "disk.raw: Could not delete snapshot 'x': snapshot not found"),
                Arguments.of("snapshot -a x @disk.raw", "disk.raw: Could not apply snapshot 'x': "),
                Arguments.of("snapshot -c x @data.qcow2", "data.qcow2: Could not create snapshot 'x': "),
                Arguments.of("snapshot -l -c x @disk.qcow2", "Cannot mix '-l', '-a', '-c', '-d'"),
                Arguments.of("snapshot -c x", "Expecting one image file name"),
                Arguments.of("snapshot -l @missing", "Could not open 'missing': No such file or directory"),
                Arguments.of("snapshot -c x @missing", "Could not open 'missing': No such file or directory"),
                Arguments.of("snapshot -U -c x @disk.qcow2", "Could not open 'disk.qcow2': force-share=on"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void errors(String words, String reason) {
        for (Path folder : new Path[] {theirs, ours}) {
            Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "disk.qcow2", "1M");
            Peers.run(folder, "qemu-img", "create", "-q", "-f", "raw", "disk.raw", "1M");
            Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=data.bin", "data.qcow2", "1M");
        }
        line.run(words.split(" ")).failed(reason);
    }

    @Test
    void listsNothingWhereThereIsNothing() {
        both("qemu-img", "create", "-q", "-f", "qcow2", "disk.qcow2", "1M");
        both("qemu-img", "create", "-q", "-f", "raw", "disk.raw", "1M");
        for (String words : List.of("snapshot -l @disk.qcow2", "snapshot @disk.qcow2", "snapshot -l @disk.raw", "snapshot -U -l @disk.qcow2")) {
            line.run(words.split(" ")).sameCode().sameText();
        }
    }

    @Test
    void anImageWithErrorsIsNotChanged() throws IOException {
        Path good = DamagedImages.make(ours, DamagedImages.Kind.PLAIN);
        Path bad = ours.resolve("bad.qcow2");
        DamagedImages.damage(good, bad, DamagedImages.Damage.L2, 1);
        byte[] before = Files.readAllBytes(bad);
        CliRun run = CliRun.of("snapshot", "-c", "x", bad.toString()).expect(1);
        assertTrue(run.err().contains("check -r all"), run.err());
        assertArrayEquals(before, Files.readAllBytes(bad));
    }

    @Test
    void aRefcountThatIsTooNarrowLeavesTheImageAsItWas() {
        Peers.run(ours, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "refcount_bits=1", "disk.qcow2", "1M");
        Peers.run(ours, "qemu-io", "-c", "write 0 1M", "disk.qcow2");
        CliRun.of("snapshot", "-c", "x", ours.resolve("disk.qcow2").toString()).expect(1);
        Peers.run(ours, "qemu-img", "check", "disk.qcow2");
    }
}
