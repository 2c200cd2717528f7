package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.LauncherProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code serve} as users start it: by a shell, ended by signals. */
@Timeout(120)
class ServeIT {
    @TempDir
    Path folder;

    /** A shell line that starts a server, waits for its URI, does something with it, signals it, and tells how it ended. */
    private CliRun shell(String options, String then) throws Exception {
        Peers.require("qemu-img", "qemu-io", "nbdinfo", "mkfifo");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "disk.qcow2", "64M");
        // What a shell starts in the background has SIGINT ignored, without job control.
        String line = "mkfifo uri; env --default-signal=INT \"$0\" serve " + options + " disk.qcow2 >uri & pid=$!; read -r uri <uri; " + then
                + "; wait $pid; code=$?; echo \"code $code\"; test -e s && echo \"socket left\"; exit 0";
        try (LauncherProcess process = LauncherProcess.start("/usr/bin/env", folder, Map.of(), "bash", "-c", line,
                LauncherProcess.launcher().toString())) {
            return process.finish().expect(0);
        }
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
    void aSignalEndsItInGoodOrder(String signal, int code) throws Exception {
        CliRun run = shell("--persistent --socket s",
                "qemu-io -f raw -c 'write -P 3 1M 1M' \"$uri\" >/dev/null; stat -c %a s; kill -" + signal + " $pid");
        assertEquals("600\ncode " + code + "\n", run.out());
        assertEquals("blockferry: SIG" + signal + ": finishing what is in flight", run.err());
        Peers.run(folder, "qemu-io", "-c", "read -P 3 1M 1M", "disk.qcow2");
        Peers.run(folder, "qemu-img", "check", "disk.qcow2");
    }

    @Test
    void aSignalWhileAClientWritesLosesNothingThatWasAnswered() throws Exception {
        CliRun run = shell("--persistent --socket s",
                "(for i in $(seq 1 60); do echo \"write -P $i ${i}M 64k\"; done; echo quit) | qemu-io -f raw \"$uri\" >answers 2>&1 & "
                        + "writer=$!; until grep -qs ops answers; do sleep 0.05; done; kill -TERM $pid; wait $writer");
        assertTrue(run.out().startsWith("code 143\n"), run.out());
        Peers.run(folder, "qemu-img", "check", "disk.qcow2");
        long answered = Files.readString(folder.resolve("answers")).lines().filter(line -> line.contains("wrote ")).count();
        assertTrue(answered > 0, "nothing was answered");
        for (int i = 1; i <= answered; i++) {
            String read = Peers.run(folder, "qemu-io", "-c", "read -P " + i + " " + i + "M 64k", "disk.qcow2").out();
            assertFalse(read.contains("Pattern verification failed"), i + ": " + read);
        }
    }

    @Test
    void theLastClientEndsIt() throws Exception {
        CliRun run = shell("--read-only", "nbdinfo --size \"$uri\"");
        assertEquals("67108864\ncode 0\n", run.out());
        assertEquals("", run.err());
    }
}
