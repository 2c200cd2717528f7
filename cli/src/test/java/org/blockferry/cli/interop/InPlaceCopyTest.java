package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code copy -n} into a qcow2 image that exists leaves what {@code qemu-img convert -n} leaves. */
class InPlaceCopyTest {
    private static final int LENGTH = (6 << 20) + 1536;

    @TempDir
    Path folder;

    @BeforeEach
    void source() throws IOException {
        Peers.require("qemu-img", "qemu-io");
        SplittableRandom random = new SplittableRandom(5);
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("source.raw").toFile(), "rw")) {
            file.setLength(LENGTH);
            for (int at = 0; at < LENGTH;) {
                byte[] bytes = new byte[Math.min(LENGTH - at, 512 * (1 + random.nextInt(random.nextBoolean() ? 16 : 2048)))];
                if (random.nextBoolean()) {
                    random.nextBytes(bytes);
                    file.seek(at);
                    file.write(bytes);
                }
                at += bytes.length;
            }
        }
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "source.raw", "source.qcow2");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", "5M");
        io("base.qcow2", "write -q -P 0xbb 0 5M");
    }

    private void io(String image, String command) {
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", command, image);
    }

    private void target(String name, String options) {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-o", options, name, Integer.toString(LENGTH));
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private void same(String first, String second) {
        Peers.run(folder, "qemu-img", "compare", first, second);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"compat=1.1", "compat=0.10", "cluster_size=512", "cluster_size=2M", "extended_l2=on",
            "refcount_bits=64,cluster_size=4k", "preallocation=metadata", "lazy_refcounts=on",
            "backing_file=base.qcow2,backing_fmt=qcow2", "backing_file=base.qcow2,backing_fmt=qcow2,cluster_size=4k",
            "backing_file=base.qcow2,backing_fmt=qcow2,extended_l2=on", "backing_file=base.qcow2,backing_fmt=qcow2,compat=0.10"})
    void leavesWhatQemuLeaves(String options) {
        target("ours.qcow2", options);
        if (!options.contains("preallocation")) {
            io("ours.qcow2", "write -q -c -P 0xcc 2M 2M");
        }
        io("ours.qcow2", "write -q -P 0xdd 4000k 1M");
        Peers.run(folder, "qemu-img", "snapshot", "-c", "before", "ours.qcow2");
        Peers.run(folder, "qemu-img", "convert", "-l", "before", "-O", "raw", "ours.qcow2", "before.raw");
        Peers.run(folder, "cp", "ours.qcow2", "theirs.qcow2");
        for (String source : new String[] {"source.qcow2", "source.raw"}) {
            CliRun.of("copy", "-n", path(source), path("ours.qcow2")).expect(0);
            Peers.run(folder, "qemu-img", "convert", "-n", "-O", "qcow2", source, "theirs.qcow2");
            same("ours.qcow2", "theirs.qcow2");
            same("ours.qcow2", "source.raw");
            Peers.Result check = Peers.run(folder, "qemu-img", "check", "ours.qcow2");
            assertTrue(check.out().contains("No errors were found"), check.out());
        }
        Peers.run(folder, "qemu-img", "convert", "-l", "before", "-O", "raw", "ours.qcow2", "after.raw");
        same("before.raw", "after.raw");
    }

    @ParameterizedTest(name = "-t {0}")
    @ValueSource(strings = {"none", "writeback", "writethrough", "directsync", "unsafe"})
    void everyCacheModeLeavesTheSame(String cache) {
        target("ours.qcow2", "cluster_size=16k,backing_file=base.qcow2,backing_fmt=qcow2");
        io("ours.qcow2", "write -q -P 0xdd 4000k 1M");
        CliRun.of("copy", "-n", "-t", cache, "-m", "4", path("source.raw"), path("ours.qcow2")).expect(0);
        same("ours.qcow2", "source.raw");
        Peers.run(folder, "qemu-img", "check", "ours.qcow2");
    }

    @Test
    void aBackingFileIsFoundBesideTheTargetAndMayNotBeTheTarget() throws IOException {
        target("top.qcow2", "backing_file=base.qcow2,backing_fmt=qcow2");
        Files.delete(folder.resolve("base.qcow2"));
        CliRun missing = CliRun.of("copy", "-n", path("source.raw"), path("top.qcow2")).expect(1);
        assertTrue(missing.err().contains("backing file '") && missing.err().contains("No such file"), missing.err());
        assertEquals(1, missing.err().lines().count(), missing.err());
        Files.createSymbolicLink(folder.resolve("base.qcow2"), folder.resolve("top.qcow2"));
        CliRun cycle = CliRun.of("copy", "-n", path("source.raw"), path("top.qcow2")).expect(1);
        assertEquals(1, cycle.err().lines().count(), cycle.err());
    }
}
