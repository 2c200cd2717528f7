package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.LauncherProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Signals to a copy that waits for somebody else: it ends, says what the target is, and leaves nothing. */
@Timeout(180)
class SignalsIT {
    private static final int LENGTH = 5 << 20;

    @TempDir
    Path folder;

    @BeforeEach
    void image() throws IOException {
        byte[] data = new byte[LENGTH];
        new Random(17).nextBytes(data);
        Files.write(folder.resolve("disk.raw"), data);
        Peers.run(folder, "mkfifo", "f");
    }

    /** A line of a shell; {@code BF} is the launcher, with the signals of a shell that a user types in. */
    private CliRun shell(String line) throws Exception {
        try (LauncherProcess process = LauncherProcess.start("/bin/sh", folder, Map.of(), "-c",
                line.replace("BF", "env --default-signal=INT,TERM,HUP \"$0\""), LauncherProcess.launcher().toString())) {
            return process.finish();
        }
    }

    private List<String> files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @CsvSource({"INT,130,t.raw", "TERM,143,t.qcow2", "HUP,129,t.raw"})
    void aPipeThatFallsSilentKeepsNobody(String signal, int code, String target) throws Exception {
        CliRun run = shell("BF copy - " + target + " <f 2>err & exec 3>f; cat disk.raw >&3; until ls .t.*; do sleep 0.05; done;"
                + " kill -" + signal + " $!; wait $!; code=$?; cat err >&2; exec 3>&-; exit $code");
        run.expect(code);
        assertTrue(run.err().endsWith("blockferry: cancelled by SIG" + signal
                + "; target not there: nothing was left under the name '"
                + target + "'"), run.err());
        assertEquals(List.of("disk.raw", "err", "f"), files());
    }

    @Test
    void aPipeThatNeverSaysAnythingKeepsNobody() throws Exception {
        // Once the process catches SIGINT; before that it is ignored, as in anything that a shell starts in the background.
        shell("BF copy - t.raw <f 2>err & exec 3>f; until grep -q '^SigCgt:.*[2367abef]$' /proc/$!/status; do sleep 0.05; done;"
                + " kill -INT $!; wait $!; code=$?; exec 3>&-; exit $code").expect(130);
        assertEquals(List.of("disk.raw", "err", "f"), files());
    }

    @Test
    void aReaderThatReadsNothingIsGivenUpAtTheSecondSignal() throws Exception {
        CliRun run = shell("exec 4<>f; BF copy --json disk.raw - >f 2>err & until grep -q progress err; do sleep 0.05; done;"
                + " kill -INT $!; until grep -q finishing err; do sleep 0.05; done; kill -INT $!; wait $!; code=$?; cat err >&2;"
                + " exit $code");
        run.expect(130);
        assertTrue(run.err().endsWith("blockferry: cancelled by SIGINT; target incomplete: the stream was cut short"),
                run.err());
    }

    @Test
    void aCopyThatIsStoppedAndContinuedIsTheSame() throws Exception {
        Path target = folder.resolve("t.raw");
        try (LauncherProcess process = LauncherProcess.start("copy", "--json", "-r", "8M",
                folder.resolve("disk.raw").toString(),
                target.toString())) {
            process.awaitErr(line -> line.contains("\"progress\""));
            process.signal("STOP");
            process.signal("USR1");
            process.signal("CONT");
            process.finish().expect(0);
        }
        assertArrayEquals(Files.readAllBytes(folder.resolve("disk.raw")), Files.readAllBytes(target));
    }
}
