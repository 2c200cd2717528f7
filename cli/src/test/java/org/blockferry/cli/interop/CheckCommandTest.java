package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** {@code check}: the same line through qemu-img and through us. */
class CheckCommandTest {
    @TempDir
    Path theirs;
    @TempDir
    Path ours;
    private SameLine line;

    @BeforeEach
    void images() throws IOException {
        Peers.require("qemu-img", "qemu-io");
        line = new SameLine(theirs, ours);
        Peers.run(theirs, "qemu-img", "create", "-q", "-f", "qcow2", "good.qcow2", "3M");
        Peers.run(theirs, "qemu-io", "-c", "write 0 1M", "-c", "write -c 1M 640k", "-c", "write 2M 64k", "good.qcow2");
        Peers.run(theirs, "qemu-img", "create", "-q", "-f", "qcow2", "empty.qcow2", "3M");
        Peers.run(theirs, "qemu-img", "create", "-q", "-f", "raw", "disk.raw", "1M");
        DamagedImages.damage(theirs.resolve("good.qcow2"), theirs.resolve("bad.qcow2"), DamagedImages.Damage.L2, 3);
        DamagedImages.damage(theirs.resolve("good.qcow2"), theirs.resolve("refcounts.qcow2"), DamagedImages.Damage.REFCOUNTS, 7);
        DamagedImages.damage(theirs.resolve("good.qcow2"), theirs.resolve("dirty.qcow2"), DamagedImages.Damage.DIRTY_BIT, 1);
        try (Stream<Path> images = Files.list(theirs)) {
            for (Path image : images.toList()) {
                Files.copy(image, ours.resolve(image.getFileName()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "check @good.qcow2", "check -f qcow2 @good.qcow2", "check @empty.qcow2", "check @bad.qcow2", "check @refcounts.qcow2",
        "check -q @bad.qcow2", "check -U @good.qcow2", "check -T none @good.qcow2", "check --output human @refcounts.qcow2",
        "check -q -r leaks @good.qcow2", "check -r all @good.qcow2", "check -r all @refcounts.qcow2", "check -r leaks @dirty.qcow2",
        "check @dirty.qcow2"})
    void saysWhatQemuSays(String words) throws IOException {
        line.run(words.split(" ")).sameCode().sameText();
        // And what a repair left is the same to both.
        line.run("check", "@refcounts.qcow2").sameCode().sameText();
        line.run("check", "@dirty.qcow2").sameCode().sameText();
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of("check @disk.raw", "disk.raw: This image format does not support checks"),
                Arguments.of("check -f raw @good.qcow2", "good.qcow2: This image format does not support checks"),
                Arguments.of("check @missing", "Could not open 'missing': No such file or directory"),
                Arguments.of("check -f qcow2 @disk.raw", "Could not open 'disk.raw': Image is not in qcow2 format"),
                Arguments.of("check -f vfat16 @disk.raw", "Could not open 'disk.raw': Unknown"),
                Arguments.of("check -r some @good.qcow2", "Unknown option value for -r (expecting 'leaks' or 'all'): some"),
                Arguments.of("check --output xml @good.qcow2", "--output must be used with human or json as argument."),
                Arguments.of("check", "Expecting one image file name"),
                Arguments.of("check @good.qcow2 @bad.qcow2", "Expecting one image file name"),
                Arguments.of("check -T some @good.qcow2", "Invalid source cache option: some"),
                Arguments.of("check --nonsense @good.qcow2", "--nonsense"),
                Arguments.of("check -U -r all @good.qcow2", "-U"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void errors(String words, String reason) {
        line.run(words.split(" ")).failed(reason);
    }

    @Test
    void clearsTheDirtyBit() throws IOException {
        CliRun.of("check", "-r", "leaks", ours.resolve("dirty.qcow2").toString()).expect(0);
        assertEquals(-1, Files.mismatch(theirs.resolve("good.qcow2"), ours.resolve("dirty.qcow2")));
    }

    /** Declared: qemu-img opens the backing file, too, and fails when it is not there. */
    @Test
    void needsNoBackingFile() throws IOException {
        Peers.run(ours, "qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", "gone.qcow2", "-F", "qcow2", "overlay.qcow2", "1M");
        CliRun.of("check", ours.resolve("overlay.qcow2").toString()).expect(0);
    }

    /** 1 TiB of mapped clusters, and no more memory than is stated: this process would not have it. */
    @Test
    void checksATebibyteOfMappedClusters() throws IOException {
        Peers.run(theirs, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", "large.qcow2", "1T");
        CliRun run = CliRun.of("check", theirs.resolve("large.qcow2").toString()).expect(0);
        assertTrue(run.out().contains("16777216/16777216 = 100.00% allocated"), run.out());
    }
}
