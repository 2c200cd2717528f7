package org.blockferry.drivers.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.LeakCheck;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NewFileTest {
    private static final byte[] OLD = "what was there before".getBytes();
    private static final byte[] NEW = TestImage.data(10_000, 1).bytes();

    @TempDir
    private Path folder;
    private final FileDriver driver = new FileDriver();

    private BlockTarget create(Path path) throws BlockException {
        return driver.create(ImageLocation.file(path.toString()), CreateOptions.ofLength(NEW.length));
    }

    private void copyTo(Path path) throws BlockException {
        try (BlockTarget target = create(path)) {
            Disks.write(target, 0, NEW);
            target.complete();
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void standsBesideItsPlaceUntilItIsComplete() throws Exception {
        Path path = Files.write(folder.resolve("disk"), OLD);
        try (BlockTarget target = create(path)) {
            Disks.write(target, 0, NEW);
            assertEquals(2, names().size());
            assertTrue(names().get(0).matches("\\.disk\\.[0-9a-f]{16}\\.blockferry"), names().toString());
            assertArrayEquals(OLD, Files.readAllBytes(path));
            target.complete();
            assertEquals(List.of("disk"), names());
        }
        assertArrayEquals(NEW, Files.readAllBytes(path));
        assertEquals(List.of(), LeakCheck.openFiles(folder));
    }

    @Test
    void leavesWhatWasThereWhenItIsNotCompleted() throws Exception {
        Path path = Files.write(folder.resolve("disk"), OLD);
        BlockTarget target = create(path);
        Disks.write(target, 0, NEW);
        target.close();
        assertArrayEquals(OLD, Files.readAllBytes(path));
        assertEquals(List.of("disk"), names());
        assertEquals(List.of(), LeakCheck.openFiles(folder));
    }

    @ParameterizedTest
    @EnumSource(CacheMode.class)
    void isWholeInEveryCacheMode(CacheMode cache) throws Exception {
        Path path = folder.resolve("disk");
        try (BlockTarget target = driver.create(ImageLocation.file(path.toString()),
                CreateOptions.ofLength(NEW.length).withCache(cache))) {
            Disks.write(target, 0, NEW);
            target.complete();
        }
        assertArrayEquals(NEW, Files.readAllBytes(path));
    }

    @Test
    void aNewFileHasTheModeThatQemuImgWouldGiveIt() throws Exception {
        Peers.require("qemu-img");
        copyTo(folder.resolve("ours"));
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "raw", "theirs", "10000");
        assertEquals(Files.getAttribute(folder.resolve("theirs"), "unix:mode"),
                Files.getAttribute(folder.resolve("ours"), "unix:mode"));
    }

    @Test
    void keepsTheModeOfTheFileThatItReplaces() throws Exception {
        Path path = Files.write(folder.resolve("disk"), OLD);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw---x"));
        copyTo(path);
        assertEquals("rw-rw---x", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        assertArrayEquals(NEW, Files.readAllBytes(path));
    }

    @Test
    void keepsTheOwnerOfTheFileThatItReplaces() throws Exception {
        Peers.requireRoot("files of other owners");
        Path path = Files.write(folder.resolve("disk"), OLD);
        Files.setAttribute(path, "unix:uid", 1234);
        Files.setAttribute(path, "unix:gid", 4321);
        Files.setAttribute(path, "unix:mode", 04750);
        copyTo(path);
        assertEquals(1234, Files.getAttribute(path, "unix:uid"));
        assertEquals(4321, Files.getAttribute(path, "unix:gid"));
        assertEquals(04750, (int) Files.getAttribute(path, "unix:mode") & 07777);
    }

    @Test
    void nobodyElseReadsItBeforeItHasTheModeOfTheFileThatItReplaces() throws Exception {
        Path path = Files.write(folder.resolve("disk"), OLD);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        try (BlockTarget target = create(path)) {
            Path temporary = folder.resolve(names().get(0));
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(temporary)));
            target.complete();
        }
    }

    @Test
    void aLinkStaysOneAndWhatItPointsToIsReplaced() throws Exception {
        Path real = Files.write(Files.createDirectory(folder.resolve("elsewhere")).resolve("disk"), OLD);
        Path second = Files.createSymbolicLink(folder.resolve("second"), Path.of("elsewhere/disk"));
        Path first = Files.createSymbolicLink(folder.resolve("first"), second);
        copyTo(first);
        assertTrue(Files.isSymbolicLink(first));
        assertTrue(Files.isSymbolicLink(second));
        assertArrayEquals(NEW, Files.readAllBytes(real));
    }

    @Test
    void aLinkToNothingGetsWhatItPointsTo() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("later"));
        copyTo(link);
        assertTrue(Files.isSymbolicLink(link));
        assertArrayEquals(NEW, Files.readAllBytes(folder.resolve("later")));
    }

    @Test
    void aLinkToItselfIsRefused() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("link"));
        BlockException e = assertThrows(BlockException.class, () -> create(link));
        assertEquals(link + ": Too many levels of symbolic links", e.getMessage());
    }

    @Test
    void namesUpToTheLongestAreTaken() throws Exception {
        for (String name : List.of("x".repeat(255), "\u00e4".repeat(127), "with space\nand newline", "-", "file:odd")) {
            copyTo(folder.resolve(name));
            assertArrayEquals(NEW, Files.readAllBytes(folder.resolve(name)));
        }
        assertThrows(BlockException.class, () -> copyTo(folder.resolve("x".repeat(256))));
        assertEquals(5, names().size(), names().toString());
    }

    @Test
    void noSpaceIsToldWithTheOffsetAndNothingIsLeft() throws Exception {
        try (ScratchMount mount = ScratchMount.tmpfs(folder, 1 << 20)) {
            Path path = Files.write(mount.path().resolve("disk"), OLD);
            BlockTarget target = driver.create(ImageLocation.file(path.toString()), CreateOptions.ofLength(8 << 20));
            try (target) {
                BlockException e = assertThrows(BlockException.class, () -> {
                    for (long at = 0; at < 8 << 20; at += 65536) {
                        target.write(at, ByteBuffer.allocateDirect(65536), WriteFlag.NONE);
                    }
                });
                assertEquals(Kind.NO_SPACE, e.kind(), e.getMessage());
                ByteRange failed = e.range().orElseThrow();
                assertTrue(failed.offset() > 500_000 && failed.offset() < 1 << 20, e.getMessage());
                assertTrue(e.getMessage().endsWith(" at 0x" + Long.toHexString(failed.offset()) + ": No space left on device"),
                        e.getMessage());
                assertEquals(Kind.NO_SPACE, assertThrows(BlockException.class,
                        () -> target.writeZeroes(new ByteRange(4 << 20, 4 << 20), ZeroFlag.NONE)).kind());
            }
            assertArrayEquals(OLD, Files.readAllBytes(path));
            try (Stream<Path> files = Files.list(mount.path())) {
                assertEquals(List.of(path), files.toList());
            }
        }
    }

    @Test
    void preallocationReservesOrFills() throws Exception {
        for (String word : List.of("off", "falloc", "full")) {
            Path path = folder.resolve(word);
            try (BlockTarget target = driver.create(ImageLocation.file(path.toString()),
                    CreateOptions.ofLength(3 << 20).withFormatOptions(Map.of("preallocation", word)))) {
                target.complete();
            }
            assertArrayEquals(new byte[3 << 20], Files.readAllBytes(path));
            long blocks = Long.parseLong(Peers.run(folder, "stat", "-c", "%b", word).out().strip());
            assertEquals(word.equals("off"), blocks < 6144, word + ": " + blocks + " blocks");
        }
        BlockException e = assertThrows(BlockException.class, () -> driver.create(
                ImageLocation.file(folder.resolve("x").toString()),
                CreateOptions.ofLength(1).withFormatOptions(Map.of("preallocation", "some"))));
        assertEquals(Kind.INVALID_ARGUMENT, e.kind());
        assertTrue(e.getMessage().endsWith("preallocation is 'some'; known for a file are off, falloc, full"), e.getMessage());
    }

    @Test
    void whatAKilledCopyHasLeftGoesWithTheNext() throws Exception {
        Path path = folder.resolve("disk");
        Files.write(folder.resolve(".disk.8000000000000001.blockferry"), OLD);
        Path other = Files.write(folder.resolve(".disk.raw.8000000000000001.blockferry"), OLD);
        Path noRandom = Files.write(folder.resolve(".disk.mine.blockferry"), OLD);
        try (BlockTarget running = create(path)) {
            Disks.write(running, 0, NEW);
            // One that somebody works on stays.
            copyTo(path);
            running.complete();
        }
        assertArrayEquals(NEW, Files.readAllBytes(path));
        assertEquals(List.of(noRandom.getFileName().toString(), other.getFileName().toString(), "disk"), names());
    }
}
