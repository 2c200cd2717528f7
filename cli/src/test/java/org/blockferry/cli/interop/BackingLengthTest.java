package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A base is shorter than, as long as, or longer than what lies over it; a kept base is the base, a copy of it, or something else. */
class BackingLengthTest {
    private static final int MIB = 1 << 20;
    @TempDir
    Path folder;

    @BeforeEach
    void peers() {
        Peers.require("qemu-img", "qemu-io");
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private void create(String name, String format, long length) {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", format, name, Long.toString(length));
    }

    private void overlay(String name, String base, String format, long length) {
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", format, name, Long.toString(length));
    }

    private void write(String image, String format, String... commands) {
        String[] line = new String[4 + 2 * commands.length];
        line[0] = "qemu-io";
        line[1] = "-f";
        line[2] = format;
        for (int i = 0; i < commands.length; i++) {
            line[3 + 2 * i] = "-c";
            line[4 + 2 * i] = commands[i];
        }
        line[line.length - 1] = image;
        Peers.run(folder, line);
    }

    private void same(String first, String second) {
        Peers.run(folder, "qemu-img", "compare", "-f", "qcow2", "-F", second.endsWith(".raw") ? "raw" : "qcow2", first, second);
    }

    @ParameterizedTest(name = "a {1} base of {0} bytes below 4 MiB")
    @CsvSource({"2097152, qcow2", "2097152, raw", "2129920, qcow2", "2097664, raw", "4194304, qcow2", "4194304, raw",
        "6291456, qcow2", "6291456, raw", "6292992, raw"})
    void readsAsQemuReadsWhateverTheLengthOfTheBase(long baseLength, String format) {
        create("base", format, baseLength);
        write("base", format, "write -P 0xb1 0 " + baseLength);
        overlay("overlay.qcow2", "base", format, 4 * MIB);
        write("overlay.qcow2", "qcow2", "write -P 0xa1 1M 64k", "write -z 1200k 300k", "write -P 0xa2 3M 4k");
        CliRun.of("copy", path("overlay.qcow2"), path("flat.raw")).expect(0);
        same("overlay.qcow2", "flat.raw");
        CliRun.of("copy", "--backing", path("base"), "-F", format, path("overlay.qcow2"), path("kept.qcow2")).expect(0);
        same("overlay.qcow2", "kept.qcow2");
        Peers.run(folder, "qemu-img", "check", "kept.qcow2");
        assertTrue(Peers.run(folder, "qemu-img", "info", "kept.qcow2").out().contains("backing file: " + path("base")));
    }

    @Test
    void keepsAnyImageOfTheChainAndCopiesAllAboveIt() {
        create("base.qcow2", "qcow2", 4 * MIB);
        write("base.qcow2", "qcow2", "write -P 0xb1 0 3M");
        overlay("middle.qcow2", "base.qcow2", "qcow2", 4 * MIB);
        write("middle.qcow2", "qcow2", "write -P 0xa1 1M 512k");
        overlay("top.qcow2", "middle.qcow2", "qcow2", 4 * MIB);
        write("top.qcow2", "qcow2", "write -P 0xa2 2M 512k");
        for (String base : new String[] {"base.qcow2", "middle.qcow2"}) {
            CliRun.of("copy", "--backing", path(base), path("top.qcow2"), path("kept.qcow2")).expect(0);
            same("top.qcow2", "kept.qcow2");
        }
    }

    @Test
    void takesARenamedCopyOfTheBase() throws IOException {
        create("base.qcow2", "qcow2", 4 * MIB);
        write("base.qcow2", "qcow2", "write -P 0xb1 0 3M");
        overlay("overlay.qcow2", "base.qcow2", "qcow2", 4 * MIB);
        write("overlay.qcow2", "qcow2", "write -P 0xa1 1M 64k");
        Files.copy(folder.resolve("base.qcow2"), folder.resolve("other.qcow2"));
        CliRun.of("copy", "--backing", path("other.qcow2"), path("overlay.qcow2"), path("kept.qcow2")).expect(0);
        same("overlay.qcow2", "kept.qcow2");
        // Small only because what the base holds was not copied.
        assertTrue(Files.size(folder.resolve("kept.qcow2")) < MIB);
    }

    @Test
    void refusesAnotherBase() {
        create("base.qcow2", "qcow2", 4 * MIB);
        write("base.qcow2", "qcow2", "write -P 0xb1 0 3M");
        overlay("overlay.qcow2", "base.qcow2", "qcow2", 4 * MIB);
        create("different.qcow2", "qcow2", 4 * MIB);
        write("different.qcow2", "qcow2", "write -P 0xb1 0 3M", "write -P 0xb2 2M 512");
        refuses("different.qcow2");
    }

    @Test
    void refusesAShorterBase() {
        create("base.qcow2", "qcow2", 4 * MIB);
        write("base.qcow2", "qcow2", "write -P 0xb1 0 4M");
        overlay("overlay.qcow2", "base.qcow2", "qcow2", 4 * MIB);
        create("shorter.qcow2", "qcow2", 3 * MIB);
        write("shorter.qcow2", "qcow2", "write -P 0xb1 0 3M");
        refuses("shorter.qcow2");
    }

    private void refuses(String base) {
        CliRun run = CliRun.of("copy", "--backing", path(base), path("overlay.qcow2"), path("kept.qcow2")).expect(1);
        assertTrue(run.err().contains(base), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        assertFalse(Files.exists(folder.resolve("kept.qcow2")), "nothing is left");
    }

    @Test
    void hidesWhatALongerKeptBaseHolds() {
        create("base.qcow2", "qcow2", 2 * MIB);
        write("base.qcow2", "qcow2", "write -P 0xb1 0 2M");
        overlay("overlay.qcow2", "base.qcow2", "qcow2", 4 * MIB);
        // The same bytes, and then others where the source reads zeroes.
        create("longer.qcow2", "qcow2", 4 * MIB);
        write("longer.qcow2", "qcow2", "write -P 0xb1 0 2M", "write -P 0xb9 2M 2M");
        CliRun run = CliRun.of("copy", "--backing", path("longer.qcow2"), path("overlay.qcow2"), path("kept.qcow2"));
        // Either is right: a refusal before anything is written, or an image that reads as the source.
        if (run.code() == 0) {
            same("overlay.qcow2", "kept.qcow2");
        } else {
            assertFalse(Files.exists(folder.resolve("kept.qcow2")), run.err());
        }
    }

    @Test
    void copiesASourceWithoutAChainWholeOverTheBase() {
        create("base.qcow2", "qcow2", 4 * MIB);
        write("base.qcow2", "qcow2", "write -P 0xb1 0 4M");
        create("flat.raw", "raw", 5 * MIB);
        write("flat.raw", "raw", "write -P 0xa1 1M 1M", "write -P 0 3M 64k");
        CliRun.of("copy", "--backing", path("base.qcow2"), path("flat.raw"), path("kept.qcow2")).expect(0);
        same("kept.qcow2", "flat.raw");
        Peers.run(folder, "qemu-img", "check", "kept.qcow2");
    }
}
