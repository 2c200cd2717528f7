package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
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

/** {@code create}: the same line through qemu-img and through us; what comes out is the same to {@code qemu-img info}. */
class CreateCommandTest {
    @TempDir
    Path theirs;
    @TempDir
    Path ours;
    private SameLine line;

    @BeforeEach
    void images() {
        Peers.require("qemu-img", "qemu-io");
        line = new SameLine(theirs, ours);
        for (Path folder : new Path[] {theirs, ours}) {
            Peers.run(folder, "qemu-img", "create", "-q", "-f", "raw", "base.raw", "3M");
            Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", "5M");
            Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "old.qcow2", "5M");
        }
    }

    /** Without what tells the file and its place on the disk; declared: how much space metadata takes may differ. */
    private static Map<String, Object> info(Path folder, String format) {
        Map<String, Object> info = CliRun.object(
                Peers.run(folder, "qemu-img", "info", "--output", "json", "-f", format, folder.resolve("new").toString()).out());
        info.keySet().removeAll(Set.of("filename", "actual-size", "full-backing-filename"));
        return info;
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "create -f qcow2 @new 10M", "create @new 10M", "create -f raw @new 1000", "create -f raw -o size=3M @new",
        "create -f raw -o preallocation=full @new 1M", "create -f raw -o preallocation=falloc @new 1M", "create -q -f qcow2 @new 1.5G",
        "create -f qcow2 -o cluster_size=4k,lazy_refcounts=on @new 1G", "create -f qcow2 -o compat=0.10 @new 1G",
        "create -f qcow2 -o compat=v3 -o refcount_bits=1 @new 1T", "create -f qcow2 -o compression_type=zstd @new 1T",
        "create -f qcow2 -o preallocation=metadata @new 64M", "create -f qcow2 -o preallocation=falloc,cluster_size=512 @new 1M",
        "create -f qcow2 -o preallocation=full @new 1M", "create -f qcow2 -o preallocation=metadata,extended_l2=on @new 10M",
        "create -f qcow2 -b base.raw -F raw @new", "create -f qcow2 -b base.qcow2 -F qcow2 @new 20M",
        "create -f qcow2 -b gone -F raw -u @new 1M", "create -f qcow2 -o backing_file=base.qcow2,backing_fmt=qcow2 @new",
        "create -f qcow2 -b base.raw -F raw -o backing_fmt=qcow2 @new 20M", "create -f qcow2 @new 0", "create -f qcow2 @new 1000",
        "create -f qcow2 -o size=2M @new", "create -f qcow2 -o extended_l2=on,preallocation=metadata -b base.raw -F raw @new"})
    void makesWhatQemuMakes(String words) {
        line.run(words.split(" ")).sameCode().sameText();
        String format = words.contains("-f qcow2") ? "qcow2" : "raw";
        assertEquals(info(theirs, format), info(ours, format));
        if (format.equals("qcow2") && !words.contains("gone")) {
            Peers.run(ours, "qemu-img", "check", "-q", "-f", "qcow2", ours.resolve("new").toString());
            Peers.run(ours, "qemu-img", "compare", "-q", "-f", "qcow2", "-F", "qcow2", ours.resolve("new").toString(),
                    theirs.resolve("new").toString());
        }
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of("create", "Expecting image file name"),
                Arguments.of("create -f qcow2 @new", "new: Image creation needs a size parameter"),
                Arguments.of("create -u -f qcow2 -b gone -F raw @new", "new: Image creation needs a size parameter"),
                Arguments.of("create -f qcow2 @new 1M 2M", "Unexpected argument: 2M"),
                Arguments.of("create -f qcow2 @new -5", "-5"),
                Arguments.of("create -f qcow2 @new abc", "Invalid image size specified"),
                Arguments.of("create -f qcow2 @new 9E", "Must be between 0 and 9223372036854775807"),
                Arguments.of("create -f qcow2 @new 8191P", "new: The image size is too large for file format 'qcow2'"),
                Arguments.of("create -f nope @new 1M", "new: Unknown file format 'nope'"),
                Arguments.of("create -f qcow2 -o foo=1 @new 1M", "new: Invalid parameter 'foo'"),
                Arguments.of("create -f raw -o foo=1 @new 1M", "new: Invalid parameter 'foo'"),
                Arguments.of("create -f qcow2 -o cluster_size=3k @new 1M",
                        "new: Cluster size must be a power of two between 512 and 2048k"),
                Arguments.of("create -f raw -o preallocation=metadata @new 1M", "preallocation"),
                Arguments.of("create -f raw -b base.raw @new", "new: Backing file not supported for file format 'raw'"),
                Arguments.of("create -f qcow2 -F raw @new 1M", "new: Backing format cannot be used without backing file"),
                Arguments.of("create -f qcow2 -b base.raw @new", "new: Backing file specified without backing format"),
                Arguments.of("create -f qcow2 -b gone -F raw @new", "new: Could not open '@gone': No such file or directory"),
                Arguments.of("create -f qcow2 -b gone -F raw @new 1M", "new: Could not open '@gone': No such file or directory"),
                Arguments.of("create -f qcow2 -b base.raw -F qcow2 @new 1M", "new: Could not open '@base.raw': Image is not in qcow2"),
                Arguments.of("create -f qcow2 -b base.raw -F raw -o preallocation=metadata @new",
                        "new: Backing file and preallocation can only be used at the same time if extended_l2 is on"),
                Arguments.of("create -f qcow2 @no/folder 1M", "No such file or directory"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void errors(String words, String reason) {
        line.run(words.split(" ")).failed(reason.replace("@", ""));
        assertFalse(Files.exists(ours.resolve("new")), "nothing is left");
    }

    @Test
    void anImageThatIsInUseStays() throws IOException {
        Path old = ours.resolve("old.qcow2");
        byte[] before = Files.readAllBytes(old);
        try (var writer = Peers.start(ours, "qemu-io", "-c", "sleep 20000", old.toString())) {
            while (Peers.tryRun(ours, "qemu-img", "info", old.toString()).exitCode() == 0) {
                assertTrue(writer.process().isAlive());
            }
            CliRun run = CliRun.of("create", "-q", "-f", "qcow2", old.toString(), "1M").expect(1);
            assertTrue(run.err().contains("old.qcow2") && run.err().contains("lock"), run.err());
        }
        assertEquals(before.length, Files.readAllBytes(old).length);
    }
}
