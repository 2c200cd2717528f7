package org.blockferry.drivers.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Both directions against QEMU's own programs. */
@Timeout(120)
class ImageLockTest {
    @TempDir
    private Path folder;
    private final FileDriver driver = new FileDriver();
    private final byte[] bytes = TestImage.data(1 << 20, 1).bytes();
    private Path image;
    private ImageLocation location;

    @BeforeEach
    void makeImage() throws Exception {
        image = Files.write(folder.resolve("disk.raw"), bytes);
        location = ImageLocation.file(image.toString());
    }

    /** A QEMU server that has the image open until it is closed. */
    private PeerProcess holder(boolean readOnly) {
        Peers.require("qemu-nbd");
        String socket = folder.resolve("socket").toString();
        PeerProcess server = readOnly
                ? Peers.start(folder, "qemu-nbd", "-r", "-t", "-k", socket, "-f", "raw", image.toString())
                : Peers.start(folder, "qemu-nbd", "-t", "-k", socket, "-f", "raw", image.toString());
        try {
            server.await(Path.of(socket));
            // It listens before it opens the image; it answers after.
            Peers.run(folder, "qemu-nbd", "--list", "-k", socket);
            return server;
        } catch (RuntimeException | Error e) {
            server.close();
            throw e;
        }
    }

    private static void assertInUse(String lock, BlockException e, ImageLocation location) {
        assertEquals(Kind.IN_USE, e.kind());
        assertEquals(location + ": Failed to get " + lock + " lock. Is another process using the image [" + location + "]?",
                e.getMessage());
    }

    @Test
    void aSourceThatQemuIsWritingIsRefusedUnlessItIsShared() throws Exception {
        try (PeerProcess qemu = holder(false)) {
            assertTrue(qemu.process().isAlive());
            BlockException e = assertThrows(BlockException.class, () -> driver.openSource(location, OpenOptions.DEFAULT));
            assertInUse("shared \"write\"", e, location);
            driver.openSource(location, OpenOptions.DEFAULT.withShare(true)).close();
        }
        driver.openSource(location, OpenOptions.DEFAULT).close();
    }

    @Test
    void aSourceThatQemuIsReadingIsReadBesideIt() throws Exception {
        try (PeerProcess qemu = holder(true)) {
            assertTrue(qemu.process().isAlive());
            driver.openSource(location, OpenOptions.DEFAULT).close();
        }
    }

    @Test
    void aFileThatQemuUsesIsNeitherWrittenNorReplaced() throws Exception {
        for (boolean readOnly : new boolean[] {true, false}) {
            try (PeerProcess qemu = holder(readOnly)) {
                assertTrue(qemu.process().isAlive());
                // qemu-nbd lets others write, as its clients do, but not make the image longer or shorter.
                assertInUse("\"resize\"",
                        assertThrows(BlockException.class, () -> driver.openTarget(location, OpenOptions.DEFAULT)), location);
                assertInUse("\"resize\"",
                        assertThrows(BlockException.class, () -> driver.create(location, CreateOptions.ofLength(5))), location);
            }
            assertArrayEquals(bytes, Files.readAllBytes(image));
            try (var files = Files.list(folder)) {
                assertFalse(files.anyMatch(file -> file.toString().endsWith(".blockferry")), "a temporary file is left");
            }
            Files.deleteIfExists(folder.resolve("socket"));
        }
    }

    @Test
    void qemuDoesNotWriteWhatWeRead() throws Exception {
        Peers.require("qemu-io", "qemu-img");
        BlockSource source = driver.openSource(location, OpenOptions.DEFAULT);
        try (source) {
            Peers.Result refused = qemuIoWrite();
            assertTrue(refused.err().contains("Failed to get \"write\" lock"), refused.toString());
            Peers.run(folder, "qemu-img", "convert", "-O", "raw", "disk.raw", "copy.raw");
        }
        assertEquals(0, qemuIoWrite().exitCode());
    }

    @Test
    void qemuWritesWhatWeShare() throws Exception {
        Peers.require("qemu-io");
        try (BlockSource source = driver.openSource(location, OpenOptions.DEFAULT.withShare(true))) {
            assertEquals(0, qemuIoWrite().exitCode());
            assertEquals(bytes.length, source.info().length());
        }
    }

    private Peers.Result qemuIoWrite() {
        return Peers.tryRun(folder, "qemu-io", "-f", "raw", "-c", "write -P 7 0 4096", "disk.raw");
    }

    @Test
    void qemuDoesNotReadWhatWeWriteUnlessItShares() throws Exception {
        Peers.require("qemu-img");
        BlockTarget inPlace = driver.openTarget(location, OpenOptions.DEFAULT);
        try (inPlace) {
            assertRefusedToQemu();
        }
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "raw", "disk.raw", "copy.raw");
        BlockTarget replacing = driver.create(location, CreateOptions.ofLength(4096));
        try (replacing) {
            assertRefusedToQemu();
        }
    }

    private void assertRefusedToQemu() {
        Peers.Result refused = Peers.tryRun(folder, "qemu-img", "convert", "-f", "raw", "-O", "raw", "disk.raw", "copy.raw");
        assertEquals(1, refused.exitCode());
        assertTrue(refused.err().contains("Failed to get shared \"write\" lock"), refused.err());
        Peers.run(folder, "qemu-img", "convert", "-U", "-f", "raw", "-O", "raw", "disk.raw", "copy.raw");
    }

    @Test
    void ofUsTooOneWritesAndManyRead() throws Exception {
        BlockSource first = driver.openSource(location, OpenOptions.DEFAULT);
        BlockSource second = driver.openSource(location, OpenOptions.DEFAULT);
        try (first; second) {
            assertInUse("\"write\"",
                    assertThrows(BlockException.class, () -> driver.openTarget(location, OpenOptions.DEFAULT)), location);
        }
        BlockTarget target = driver.openTarget(location, OpenOptions.DEFAULT);
        try (target) {
            assertInUse("\"write\"",
                    assertThrows(BlockException.class, () -> driver.create(location, CreateOptions.ofLength(1))), location);
            assertInUse("shared \"write\"",
                    assertThrows(BlockException.class, () -> driver.openSource(location, OpenOptions.DEFAULT)), location);
        }
        driver.openTarget(location, OpenOptions.DEFAULT).close();
    }

    @Test
    void whereThereAreNoLocksImagesAreOpenedWithout() throws Exception {
        TestNative access = new TestNative();
        access.fail("lockShared", offset -> true, Errno.ENOLCK);
        FileDriver unlocked = new FileDriver(access::get);
        unlocked.openSource(location, OpenOptions.DEFAULT).close();
        unlocked.openTarget(location, OpenOptions.DEFAULT).close();
        assertEquals(2, access.count("lockShared"));
        assertEquals(0, access.count("wouldConflict"));
    }
}
