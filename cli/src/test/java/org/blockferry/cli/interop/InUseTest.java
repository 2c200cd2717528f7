package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An image that a running QEMU has open: not written, and not read unless the user says so. */
class InUseTest {
    private static final String LENGTH = "1048576";

    @TempDir
    Path folder;

    @BeforeEach
    void images() {
        Peers.require("qemu-img", "qemu-io", "qemu-storage-daemon");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "used.qcow2", LENGTH);
        Peers.run(folder, "qemu-io", "-f", "qcow2", "-c", "write -P 7 0 256k", "used.qcow2");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "raw", "disk.raw", LENGTH);
        Peers.run(folder, "qemu-io", "-f", "raw", "-c", "write -P 9 64k 64k", "disk.raw");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "used.qcow2", "-F", "qcow2", "overlay.qcow2");
    }

    /** A daemon of QEMU with the image open for writing; it makes its pid file when all is open. */
    private PeerProcess writer() {
        return Peers.start(folder, "qemu-storage-daemon", "--pidfile", folder.resolve("pid").toString(),
                "--blockdev", "driver=file,node-name=f,filename=" + folder.resolve("used.qcow2"),
                "--blockdev", "driver=qcow2,node-name=q,file=f",
                "--nbd-server", "addr.type=unix,addr.path=" + folder.resolve("socket"),
                "--export", "type=nbd,id=e,node-name=q,writable=on").await(folder.resolve("pid"));
    }

    private CliRun copy(String words) {
        List<String> line = new ArrayList<>(List.of("copy"));
        Stream.of(words.split(" ")).map(word -> word.startsWith("@") ? folder.resolve(word.substring(1)).toString() : word)
                .forEach(line::add);
        return CliRun.of(line.toArray(String[]::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "@disk.raw @used.qcow2", "-O raw @disk.raw @used.qcow2", "-n -O raw @disk.raw @used.qcow2", "-n @disk.raw @used.qcow2", "-U @disk.raw @used.qcow2",
        "@used.qcow2 @t", "@used.qcow2 @disk.raw", "-f raw @used.qcow2 @t", "@overlay.qcow2 @t", "-B @used.qcow2 @overlay.qcow2 @t",
        "-B @used.qcow2 @disk.raw @t"})
    void isRefusedInOneLineAndNothingChanges(String words) {
        try (PeerProcess daemon = writer()) {
            Snapshot before = Snapshot.of(folder);
            CliRun run = copy(words).expect(1);
            assertEquals(1, run.err().lines().count(), run.err());
            String used = folder.resolve("used.qcow2").toString();
            assertTrue(run.err().startsWith("blockferry: ") && run.err().contains("Failed to get ")
                    && run.err().contains("Is another process using the image [" + used + "]?"), run.err());
            assertEquals("", run.out());
            assertEquals(before, Snapshot.of(folder));
            assertTrue(daemon.process().isAlive(), daemon.err());
        }
        // Its lock is gone with it.
        copy(words.contains("-n") ? "@used.qcow2 @t2" : words)
                .expect(0);
    }

    @Test
    void isReadWhenTheUserShares() {
        try (PeerProcess daemon = writer()) {
            copy("-U @used.qcow2 @t.raw").expect(0);
            copy("-U @overlay.qcow2 @t2.raw").expect(0);
            assertTrue(daemon.process().isAlive(), daemon.err());
        }
        Peers.run(folder, "qemu-img", "compare", "-f", "qcow2", "-F", "raw", "used.qcow2", "t.raw");
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "raw", "t2.raw", "t.raw");
    }

    @Test
    void aSourceThatOthersOnlyReadIsNoObstacle() {
        try (PeerProcess reader = Peers.start(folder, "qemu-storage-daemon", "--pidfile", folder.resolve("pid").toString(),
                "--blockdev", "driver=file,node-name=f,read-only=on,filename=" + folder.resolve("used.qcow2"),
                "--blockdev", "driver=qcow2,node-name=q,read-only=on,file=f",
                "--nbd-server", "addr.type=unix,addr.path=" + folder.resolve("socket"),
                "--export", "type=nbd,id=e,node-name=q").await(folder.resolve("pid"))) {
            copy("@used.qcow2 @t.raw").expect(0);
            assertTrue(copy("@disk.raw @used.qcow2").expect(1).err().contains("Failed to get"));
            assertTrue(reader.process().isAlive(), reader.err());
        }
        assertTrue(Files.exists(folder.resolve("t.raw")));
    }
}
