package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.LauncherProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command in a shell's pipes, and with standard streams that end, break, are full or are not there. */
@Timeout(120)
class PipesIT {
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    @BeforeEach
    void image() throws IOException {
        Peers.require("qemu-img", "cmp");
        byte[] data = new byte[MIB];
        new Random(12).nextBytes(data);
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("disk.raw").toFile(), "rw")) {
            file.write(data);
            file.seek(3 * MIB);
            file.write(data);
            // An end in zeroes that is no multiple of anything.
            file.setLength(5 * MIB + 3 * 512);
        }
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "disk.raw", "disk.qcow2");
    }

    /** A line of a shell in the test's folder; {@code BF} is the launcher. */
    private CliRun shell(String line) throws Exception {
        try (LauncherProcess process = LauncherProcess.start("/bin/sh", folder, java.util.Map.of(), "-c",
                line.replace("BF", "\"$0\""), LauncherProcess.launcher().toString())) {
            return process.finish();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "cat disk.raw | BF copy - t && cmp disk.raw t",
        "(head -c 1000000; sleep 0.2; cat) <disk.raw | BF copy - t && cmp disk.raw t",
        "BF copy - t <disk.raw && cmp disk.raw t",
        "BF copy disk.raw - | cmp - disk.raw",
        "BF copy disk.qcow2 - | cmp - disk.raw",
        "BF copy disk.qcow2 - >t && cmp t disk.raw",
        "BF copy -S 0 disk.qcow2 - | cmp - disk.raw",
        "cat disk.raw | BF copy - - | cmp - disk.raw",
        "cat disk.raw | BF copy - t.qcow2 && qemu-img compare -q -f raw -F qcow2 disk.raw t.qcow2 && qemu-img check -q t.qcow2",
        "cat disk.raw | BF copy -S 0 - t.qcow2 && qemu-img compare -q disk.raw t.qcow2 && qemu-img check -q t.qcow2",
        "BF copy disk.qcow2 - | BF copy - t.qcow2 && qemu-img compare -q disk.qcow2 t.qcow2 && qemu-img check -q t.qcow2",
        "BF copy - t </dev/null && test -f t && ! test -s t",
        "cat disk.qcow2 | BF copy -f raw - t && cmp disk.qcow2 t",
        "BF copy -p disk.raw - 2>progress | cmp - disk.raw && grep -q '100.00/100%' progress",
        "BF copy --json disk.raw - 2>result | cmp - disk.raw && grep -q '\"status\":\"done\"' result",
        "head -c 6291456 /dev/urandom >noise && cp noise t && cat disk.raw | BF copy -n - t"
            + " && cmp -n 5244416 disk.raw t && cmp -i 5244416 t noise"})
    void theBytesGoThroughAndNothingElseIsSaid(String line) throws Exception {
        assertEquals(new CliRun(0, "", ""), shell(line));
    }

    @Test
    void aStreamLeavesTheHolesOut() throws Exception {
        shell("cat disk.raw | BF copy - t").expect(0);
        long blocks = Long.parseLong(Peers.run(folder, "stat", "-c", "%b", "t").out().strip());
        assertTrue(blocks * 512 <= 2 * MIB + (64 << 10), blocks + " blocks of 512 bytes");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "BF copy disk.raw - >/dev/full | No space left on device; target incomplete: the stream was cut short",
        "BF copy disk.raw - >&- | Bad file descriptor; target incomplete: the stream was cut short",
        "BF copy - t <&- | blockferry: -: read 65536 bytes at 0x0: Bad file descriptor",
        "BF copy - t <. | Is a directory",
        "cat disk.qcow2 'XX' BF copy - t | a stream can only be read as raw, not as qcow2, which it looks like",
        "BF copy - disk.raw t <disk.raw | a stream is copied alone, not with other sources",
        "BF copy -B disk.qcow2 - t <disk.raw | no known length",
        "BF copy --dry-run - t <disk.raw | what a stream holds is known only when it was read"})
    void whatCannotBeIsSaidInOneLine(String line, String message) throws Exception {
        CliRun run = shell(line.replace("'XX'", "|")).expect(1);
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(run.err().startsWith("blockferry: ") && run.err().contains(message), run.err());
        assertEquals(java.util.List.of("disk.qcow2", "disk.raw"),
                Snapshot.of(folder).entries().keySet().stream().filter(name -> !name.isEmpty()).toList(), "nothing was made");
    }

    @Test
    void aReaderThatLeavesEndsTheCopyInOneLine() throws Exception {
        CliRun run = shell("{ BF copy disk.raw -; echo $? >code; } | head -c 10 >/dev/null");
        assertEquals("1", Files.readString(folder.resolve("code")).strip());
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(run.err().contains("Broken pipe"), run.err());
    }

    @Test
    void aStreamThatEndsAfterACancelIsNoWholeImage() throws Exception {
        // What a Ctrl-C does that ends both sides of a pipe: the end of the stream is not the end of the image.
        CliRun run = shell("mkfifo f; BF copy - t <f 2>err & exec 3>f; cat disk.raw >&3; until ls .t.*; do sleep 0.05; done;"
                + " kill -TERM $!; until grep -q finishing err; do sleep 0.05; done; exec 3>&-; wait $!; code=$?; cat err >&2; exit $code");
        assertEquals(143, run.code(), run.err());
        assertTrue(run.err().contains("cancelled by SIGTERM; target not there"), run.err());
        assertTrue(Files.notExists(folder.resolve("t")));
    }

    @Test
    void withoutAnyStandardStreamAFileIsStillCopied() throws Exception {
        shell("BF copy disk.raw t <&- >&- 2>&-").expect(0);
        Peers.run(folder, "cmp", "disk.raw", "t");
    }

    @Test
    void anUnreadableSourceIsSaid() throws Exception {
        Peers.requireRoot("files of others");
        Peers.require("setpriv");
        Peers.run(folder, "chmod", "755", ".");
        Peers.run(folder, "chmod", "600", "disk.raw");
        CliRun run = shell("setpriv --reuid 65534 --regid 65534 --clear-groups BF copy disk.raw null:");
        assertEquals(new CliRun(1, "", "blockferry: disk.raw: Permission denied"), run);
    }

    @Test
    void aTargetWhoseFolderIsClosedIsSaid() throws Exception {
        Peers.requireRoot("folders of others");
        Peers.require("setpriv");
        Peers.run(folder, "mkdir", "-m", "755", "closed");
        Peers.run(folder, "chmod", "755", ".");
        CliRun run = shell("setpriv --reuid 65534 --regid 65534 --clear-groups BF copy disk.raw closed/t").expect(1);
        assertEquals("blockferry: closed/t: cannot create a file in " + folder.toRealPath().resolve("closed") + ": Permission denied",
                run.err());
    }

    @Test
    void aCopyThatIsKilledLeavesTheOldTarget() throws Exception {
        Path target = Files.writeString(folder.resolve("t"), "precious");
        try (LauncherProcess process = LauncherProcess.start("copy", "--json", "-r", "1M", "sparse-random:1G?percent=100",
                target.toString())) {
            process.awaitErr(line -> line.contains("\"progress\""));
            process.signal("KILL");
            process.finish().expect(137);
        }
        assertEquals("precious", Files.readString(target));
        // The next copy is not disturbed by what the killed one left beside it.
        shell("BF copy disk.raw t").expect(0);
        Peers.run(folder, "cmp", "disk.raw", "t");
    }

    @ParameterizedTest
    @ValueSource(strings = {"disk.raw t", "disk.qcow2 null:", "disk.raw t.qcow2"})
    void aRateIsKeptToButNotUndercut(String words) throws Exception {
        // Two mebibytes of data at two a second: holes cost nothing.
        CliRun run = shell("BF copy --json --offload=never -r 2M " + words).expect(0);
        double seconds = ((Number) run.json().get("seconds")).doubleValue();
        assertTrue(seconds > 0.4 && seconds < 3, seconds + " s");
    }
}
