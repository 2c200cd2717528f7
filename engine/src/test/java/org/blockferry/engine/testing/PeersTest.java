package org.blockferry.engine.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

class PeersTest {
    @TempDir
    Path dir;

    @Test
    void aMissingPeerSkipsByNameOutsideCi() {
        TestAbortedException e = assertThrows(TestAbortedException.class, () -> Peers.missing("qemu-img is not installed", false));
        assertTrue(e.getMessage().contains("qemu-img is not installed"), e.getMessage());
    }

    @Test
    void aMissingPeerFailsInCi() {
        AssertionFailedError e = assertThrows(AssertionFailedError.class, () -> Peers.missing("qemu-img is not installed", true));
        assertTrue(e.getMessage().contains("qemu-img is not installed"), e.getMessage());
    }

    @Test
    void findsWhatIsThereAndNothingElse() {
        assertTrue(Peers.has("sh"));
        assertFalse(Peers.has("no-such-program-of-anybody"));
        Peers.require("sh", "cat");
    }

    @Test
    void runsInTheGivenFolderAndCapturesBothOutputs() {
        Peers.Result result = Peers.run(dir, "sh", "-c", "pwd; echo warned >&2");
        assertEquals(dir.toAbsolutePath() + "\n", result.out());
        assertEquals("warned\n", result.err());
    }

    @Test
    void capturesMoreThanAPipeHolds() {
        assertEquals(300_000, Peers.run(dir, "sh", "-c", "head -c 300000 /dev/zero").out().length());
    }

    @Test
    void aFailureTellsTheCommandTheCodeAndWhatItSaid() {
        AssertionFailedError e = assertThrows(AssertionFailedError.class, () -> Peers.run(dir, "sh", "-c", "echo why >&2; exit 3"));
        assertTrue(e.getMessage().contains("sh -c") && e.getMessage().contains("exit code 3") && e.getMessage().contains("why"),
                e.getMessage());
        assertEquals(3, Peers.tryRun(dir, "sh", "-c", "exit 3").exitCode());
    }

    @Test
    void standardInputIsEmpty() {
        assertEquals("", Peers.run(dir, "cat").out());
    }

    @Test
    void whatTakesTooLongIsEndedWithItsChildren() {
        Path pids = dir.resolve("pids");
        AssertionFailedError e = assertThrows(AssertionFailedError.class, () -> Peers.tryRun(dir, Duration.ofMillis(500), "sh", "-c",
                "sleep 1000 & echo $! >pids; echo $$ >>pids; echo begun; wait"));
        assertTrue(e.getMessage().contains("still running") && e.getMessage().contains("begun"), e.getMessage());
        for (String pid : Peers.text(pids).strip().split("\n")) {
            assertFalse(ProcessHandle.of(Long.parseLong(pid)).map(PeersTest::runs).orElse(false), "process " + pid + " is left");
        }
    }

    /** An ended process that nobody has waited for yet is not a leftover. */
    private static boolean runs(ProcessHandle handle) {
        return handle.onExit().orTimeout(5, java.util.concurrent.TimeUnit.SECONDS).handle((gone, late) -> late != null).join();
    }

    @Test
    void aServerIsAwaitedAndItsOutputStaysAfterClose() throws Exception {
        PeerProcess server = Peers.start(dir, "sh", "-c", "echo ready; touch up; exec sleep 1000");
        try (server) {
            server.await(dir.resolve("up"));
            assertTrue(server.process().isAlive());
        }
        assertFalse(server.process().isAlive());
        assertEquals("ready\n", server.out());
        server.close();
        try (Stream<Path> files = Files.list(dir)) {
            assertEquals(List.of(dir.resolve("up")), files.toList());
        }
    }

    @Test
    void aServerThatEndsEarlyIsToldWithItsWords() {
        try (PeerProcess server = Peers.start(dir, "sh", "-c", "echo bad option >&2; exit 1")) {
            AssertionFailedError e = assertThrows(AssertionFailedError.class, () -> server.await(dir.resolve("up")));
            assertTrue(e.getMessage().contains("bad option"), e.getMessage());
        }
    }
}
