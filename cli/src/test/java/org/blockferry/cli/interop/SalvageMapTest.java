package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server whose disk dies, heals, and tells holes that are none; the map by which a second run goes on. */
@Timeout(240)
class SalvageMapTest {
    private static final int KIB = 1 << 10;
    private static final int LENGTH = 512 * KIB;

    @TempDir
    Path folder;
    private String uri;

    @BeforeEach
    void names() {
        uri = "nbd+unix:///?socket=" + folder.resolve("sock");
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private PeerProcess nbdkit(String... arguments) {
        Peers.require("nbdkit");
        String[] command = {"nbdkit", "-f", "--exit-with-parent", "-P", path("pid"), "-U", path("sock")};
        String[] all = Arrays.copyOf(command, command.length + arguments.length);
        System.arraycopy(arguments, 0, all, command.length, arguments.length);
        return Peers.start(folder, all).await(folder.resolve("pid"));
    }

    /** Bytes 'x'; while the file {@code bad} is there, one sector cannot be read. */
    private PeerProcess dying() throws IOException {
        Files.createFile(folder.resolve("bad"));
        String read = "if [ -e '" + path("bad") + "' ] && [ $(( $4 + $3 )) -gt 197120 ] && [ $4 -lt 197632 ]; then "
                + "echo 'EIO bad block' >&2; exit 1; fi; head -c $3 /dev/zero | tr '\\0' x";
        return nbdkit("eval", "get_size=echo " + LENGTH, "pread=" + read, "thread_model=echo parallel");
    }

    private byte[] expected(int lost) {
        byte[] bytes = new byte[LENGTH];
        Arrays.fill(bytes, (byte) 'x');
        Arrays.fill(bytes, 197120, 197120 + lost, (byte) 0);
        return bytes;
    }

    @Test
    void theSameCommandTriesAgainWhatWasLost() throws IOException {
        String[] line = {"copy", "-f", "raw", "--salvage", "--salvage-map", path("map"), uri, path("t.raw")};
        try (PeerProcess server = dying()) {
            CliRun first = CliRun.of(line).expect(0);
            assertEquals(List.of("blockferry: warning: 512 bytes could not be read and are zeroes in the target",
                    "blockferry: warning: unreadable: 512 bytes at 197120",
                    "blockferry: the same command tries them again: they are in the map '" + path("map") + "'"),
                    first.err().lines().toList());
            assertEquals(-1, Arrays.mismatch(expected(512), Files.readAllBytes(folder.resolve("t.raw"))));
            assertEquals("""
                    0x00000000     +               1
                    #      pos        size  status
                    0x00000000  0x00030200  +
                    0x00030200  0x00000200  -
                    0x00030400  0x0004FC00  +
                    """, Files.readString(folder.resolve("map")).replaceAll("(?m)^# (?:Map|Sou|For|cur).*\n", ""));
            Files.delete(folder.resolve("bad"));
            CliRun second = CliRun.of(line).expect(0);
            assertEquals("", second.err());
            assertEquals(-1, Arrays.mismatch(expected(0), Files.readAllBytes(folder.resolve("t.raw"))));
            assertTrue(Files.readString(folder.resolve("map")).endsWith("\n0x00000000  0x00080000  +\n"));
            assertTrue(server.process().isAlive());
        }
    }

    /** The same with a device that fails in the kernel, where there is a device mapper. */
    @Test
    void aDeviceThatFailsInTheKernelIsRescuedToTheSector() throws IOException {
        try (FailingDevice device = FailingDevice.make(folder, expected(0), 197120, 512)) {
            CliRun run = CliRun.of("copy", "-f", "raw", "--salvage-map", path("map"), device.path(), path("t.raw")).expect(0);
            assertTrue(run.err().contains("could not be read and are zeroes in the target"), run.err());
            device.heal();
            assertEquals("", CliRun.of("copy", "-f", "raw", "--salvage-map", path("map"), device.path(), path("t.raw"))
                    .expect(0).err());
            assertEquals(-1, Arrays.mismatch(expected(0), Files.readAllBytes(folder.resolve("t.raw"))));
        }
    }

    @Test
    void whatExcludesAMapIsSaid() {
        for (String[] line : new String[][] {
            {"copy", "-c", "--salvage-map", "m", "a", "b"}, {"copy", "--salvage-map", "m", "a", "b", "c"},
            {"copy", "-B", "x", "--salvage-map", "m", "a", "b"}}) {
            CliRun run = CliRun.of(line).expect(2);
            assertTrue(run.err().contains("--salvage-map"), run.err());
        }
        CliRun run = CliRun.of("copy", "--verify-holes=some", "a", "b").expect(2);
        assertEquals("blockferry: --verify-holes is 'some'; it is sample or all", run.err().lines().findFirst().orElse(""));
    }

    @Test
    void aServerThatTellsFalseHolesIsNotBelieved() throws IOException {
        // 512 KiB of 'x' which the server calls one hole.
        try (PeerProcess server = nbdkit("eval", "get_size=echo " + LENGTH, "pread=head -c $3 /dev/zero | tr '\\0' x",
                "can_extents=exit 0", "extents=echo 0 " + LENGTH + " hole,zero", "thread_model=echo parallel")) {
            CliRun believed = CliRun.of("copy", "-f", "raw", uri, path("believed.raw")).expect(0);
            assertEquals("", believed.err());
            assertEquals(-1, Arrays.mismatch(new byte[LENGTH], Files.readAllBytes(folder.resolve("believed.raw"))));
            CliRun sampled = CliRun.of("copy", "-f", "raw", "--verify-holes", uri, path("sampled.raw")).expect(0);
            assertEquals("blockferry: warning: " + uri
                    + ": at byte 0 there is data where the source said that there is none; everything was read",
                    sampled.err().strip());
            assertEquals(-1, Arrays.mismatch(expected(0), Files.readAllBytes(folder.resolve("sampled.raw"))));
            CliRun all = CliRun.of("copy", "-f", "raw", "--json", "--verify-holes=all", uri, path("all.raw")).expect(0);
            assertEquals(0L, ((Map<?, ?>) all.json().get("false_hole")).get("start"));
            assertEquals(-1, Files.mismatch(folder.resolve("sampled.raw"), folder.resolve("all.raw")));
            assertTrue(server.process().isAlive());
        }
        assertFalse(Files.exists(folder.resolve("map")));
    }
}
