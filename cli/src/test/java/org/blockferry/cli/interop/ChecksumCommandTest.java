package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code checksum}: one digest for one content, in every format that qemu-img makes of it. */
class ChecksumCommandTest {
    @TempDir
    Path folder;

    @BeforeEach
    void peers() {
        Peers.require("qemu-img", "qemu-io", "qemu-nbd");
    }

    private String name(String file) {
        return folder.resolve(file).toString();
    }

    private void qemu(String... command) {
        Peers.run(folder, command);
    }

    private static String digest(String... images) {
        String[] line = new String[images.length + 1];
        line[0] = "checksum";
        System.arraycopy(images, 0, line, 1, images.length);
        Set<String> digests = new TreeSet<>();
        CliRun.of(line).expect(0).out().lines().forEach(result -> digests.add(result.split("  ")[0]));
        assertEquals(1, digests.size(), digests.toString());
        return digests.iterator().next();
    }

    private void makeRaw(String file, long seed) throws IOException {
        byte[] bytes = new byte[5 * 1024 * 1024 + 1536];
        Random random = new Random(seed);
        random.nextBytes(bytes);
        Arrays.fill(bytes, 1 << 20, 3 << 20, (byte) 0);
        Arrays.fill(bytes, (3 << 20) + 70000, (3 << 20) + 290000, (byte) 0);
        Files.write(folder.resolve(file), bytes);
    }

    @Test
    void theSameForTheSameContentInAnyFormat() throws IOException {
        makeRaw("disk.raw", 7);
        qemu("qemu-img", "convert", "-S", "4k", "disk.raw", "-O", "raw", "sparse.raw");
        qemu("qemu-img", "convert", "-O", "qcow2", "disk.raw", "plain.qcow2");
        qemu("qemu-img", "convert", "-O", "qcow2", "-o", "cluster_size=4k,extended_l2=off", "-S", "0", "disk.raw", "full.qcow2");
        qemu("qemu-img", "convert", "-c", "-O", "qcow2", "disk.raw", "zlib.qcow2");
        qemu("qemu-img", "convert", "-c", "-o", "compression_type=zstd", "-O", "qcow2", "disk.raw", "zstd.qcow2");
        qemu("qemu-img", "create", "-f", "qcow2", "-b", "plain.qcow2", "-F", "qcow2", "overlay.qcow2");
        String digest = digest("-f", "raw", name("disk.raw"), name("sparse.raw"));
        assertEquals(digest, digest(name("plain.qcow2"), name("full.qcow2"), name("zlib.qcow2"), name("zstd.qcow2"),
                name("overlay.qcow2")));
        // One bit more, in the overlay only.
        qemu("qemu-io", "-f", "qcow2", "-c", "write -P 1 2M 512", "overlay.qcow2");
        String changed = digest(name("overlay.qcow2"));
        assertNotEquals(digest, changed);
        qemu("qemu-img", "convert", "-O", "raw", "overlay.qcow2", "changed.raw");
        assertEquals(changed, digest(name("changed.raw")));
    }

    @Test
    void aServerAndAStreamHaveTheDigestOfTheirDisk() throws Exception {
        makeRaw("disk.raw", 8);
        qemu("qemu-img", "convert", "-O", "qcow2", "disk.raw", "disk.qcow2");
        try (PeerProcess server = Peers.start(folder, "qemu-nbd", "-r", "-t", "-f", "qcow2", "-k", name("sock"), "--pid-file",
                name("pid"), "disk.qcow2").await(folder.resolve("pid"))) {
            assertEquals(digest(name("disk.raw")), digest("nbd+unix:///?socket=" + name("sock")));
            assertTrue(server.process().isAlive());
        }
    }

    @Test
    void jsonSaysHowMuchWasRead() throws IOException {
        qemu("qemu-img", "create", "-f", "qcow2", "empty.qcow2", "1T");
        var json = CliRun.of("checksum", "--json", "-a", "sha1", name("empty.qcow2")).expect(0).json();
        assertEquals("sha1", json.get("algorithm"));
        assertEquals(1L << 40, json.get("length"));
        assertEquals(0L, json.get("read"));
        assertEquals(40, ((String) json.get("digest")).length());
    }

    @Test
    void whatCannotBeIsOneLine() {
        CliRun wrong = CliRun.of("checksum", "--algorithm", "md4", name("none.raw")).expect(2);
        assertTrue(wrong.err().contains("algorithm is 'md4'; known are sha256"), wrong.err());
        CliRun missing = CliRun.of("checksum", name("none.raw")).expect(1);
        assertEquals(1, missing.err().lines().count(), missing.err());
        assertTrue(missing.err().contains("No such file or directory"), missing.err());
    }
}
