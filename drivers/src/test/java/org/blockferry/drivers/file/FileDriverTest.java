package org.blockferry.drivers.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.LeakCheck;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FileDriverTest {
    @TempDir
    private Path folder;
    private final FileDriver driver = new FileDriver();

    private ImageLocation at(String name) {
        return ImageLocation.file(folder.resolve(name).toString());
    }

    @AfterEach
    void nothingIsLeftOpen() throws Exception {
        assertEquals(List.of(), LeakCheck.openFiles(folder));
    }

    @Test
    void isFoundByTheRegistryAndServesPaths() throws Exception {
        DriverRegistry registry = DriverRegistry.load();
        assertInstanceOf(FileDriver.class, registry.protocol(registry.locate("disk.raw")));
        ImageLocation prefixed = registry.locate("file:" + folder.resolve("a:b"));
        assertEquals(folder.resolve("a:b").toString(), prefixed.rest());
        Files.write(folder.resolve("a:b"), new byte[5]);
        try (BlockSource source = registry.protocol(prefixed).openSource(prefixed, OpenOptions.DEFAULT)) {
            assertEquals(5, source.info().length());
            assertEquals("file:" + folder.resolve("a:b"), source.info().name());
        }
    }

    @Test
    void opensAPathRelativeToTheFolderOfTheProcess() throws Exception {
        assertTrue(driver.exists(ImageLocation.file("pom.xml")));
        driver.openSource(ImageLocation.file("pom.xml"), OpenOptions.DEFAULT).close();
    }

    static Stream<Arguments> wrongSources() {
        return Stream.of(
                Arguments.of("missing", Kind.NOT_FOUND, "No such file or directory"),
                Arguments.of("missing/disk", Kind.NOT_FOUND, "No such file or directory"),
                Arguments.of("file/disk", Kind.NOT_FOUND, "Not a directory"),
                Arguments.of("folder", Kind.INVALID_ARGUMENT, "Is a directory"),
                Arguments.of("folder/", Kind.INVALID_ARGUMENT, "Is a directory"),
                Arguments.of("dangling", Kind.NOT_FOUND, "No such file or directory"),
                Arguments.of("fifo", Kind.INVALID_ARGUMENT,
                        "is a FIFO, which has no length and cannot be read twice; connect it to '-' instead"),
                Arguments.of("/dev/zero", Kind.INVALID_ARGUMENT,
                        "is a character device; a disk is a regular file or a block device"));
    }

    @ParameterizedTest(name = "source {0}: {2}")
    @MethodSource("wrongSources")
    void refusesWhatIsNoSource(String name, Kind kind, String reason) throws Exception {
        furnish();
        ImageLocation location = name.startsWith("/") ? ImageLocation.file(name)
                : ImageLocation.file(folder + "/" + name);
        BlockException e = assertThrows(BlockException.class, () -> driver.openSource(location, OpenOptions.DEFAULT));
        assertEquals(kind + " " + location + ": " + reason, e.kind() + " " + e.getMessage());
    }

    private void furnish() throws Exception {
        Files.write(folder.resolve("file"), new byte[10]);
        Files.createDirectory(folder.resolve("folder"));
        Files.createSymbolicLink(folder.resolve("dangling"), Path.of("nowhere"));
        Peers.run(folder, "mkfifo", "fifo");
    }

    static Stream<Arguments> wrongTargets() {
        return Stream.of(
                Arguments.of("missing/disk", Kind.NOT_FOUND),
                Arguments.of("file/disk", Kind.NOT_FOUND),
                Arguments.of("folder", Kind.INVALID_ARGUMENT),
                Arguments.of("new/", Kind.INVALID_ARGUMENT),
                Arguments.of("fifo", Kind.INVALID_ARGUMENT));
    }

    @ParameterizedTest(name = "target {0}: {1}")
    @MethodSource("wrongTargets")
    void refusesWhatIsNoTarget(String name, Kind kind) throws Exception {
        furnish();
        ImageLocation location = ImageLocation.file(folder + "/" + name);
        for (CacheMode cache : List.of(CacheMode.UNSAFE, CacheMode.NONE)) {
            BlockException e = assertThrows(BlockException.class,
                    () -> driver.create(location, CreateOptions.ofLength(10).withCache(cache)));
            assertEquals(kind, e.kind(), e.getMessage());
            assertTrue(e.getMessage().startsWith(location + ": "), e.getMessage());
            assertFalse(e.getMessage().contains("\n"), e.getMessage());
        }
        assertThrows(BlockException.class, () -> driver.openTarget(location, OpenOptions.DEFAULT));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(4, files.count(), "nothing was made");
        }
    }

    @Test
    void refusesAnEmptyNameAndOneWithAZeroByte() {
        assertEquals(Kind.NOT_FOUND, assertThrows(BlockException.class,
                () -> driver.openSource(ImageLocation.file(""), OpenOptions.DEFAULT)).kind());
        assertEquals(Kind.INVALID_ARGUMENT, assertThrows(BlockException.class,
                () -> driver.create(ImageLocation.file("a\0b"), CreateOptions.ofLength(1))).kind());
    }

    @Test
    void refusesAReadOnlyFileSystemByName() throws Exception {
        try (ScratchMount mount = ScratchMount.tmpfs(folder, 1 << 20)) {
            Files.write(mount.path().resolve("disk"), new byte[10]);
            Peers.run(folder, "mount", "-o", "remount,ro", mount.path().toString());
            for (String name : List.of("disk", "new")) {
                ImageLocation location = ImageLocation.file(mount.path().resolve(name).toString());
                BlockException e = assertThrows(BlockException.class, () -> driver.create(location, CreateOptions.ofLength(5)));
                assertEquals(Kind.READ_ONLY, e.kind(), e.getMessage());
                assertTrue(e.getMessage().endsWith("Read-only file system"), e.getMessage());
            }
        }
    }

    @Test
    void refusesAFileThatMayNotBeWrittenBeforeAnythingIsMade() throws Exception {
        Files.write(folder.resolve("disk"), new byte[10]);
        TestNative access = new TestNative();
        access.fail("open", flags -> (flags & 3) != 0, Errno.EACCES);
        FileDriver denied = new FileDriver(access::get);
        BlockException e = assertThrows(BlockException.class, () -> denied.create(at("disk"), CreateOptions.ofLength(5)));
        assertEquals(Kind.ACCESS_DENIED + " " + at("disk") + ": Permission denied", e.kind() + " " + e.getMessage());
        BlockException made = assertThrows(BlockException.class, () -> denied.create(at("new"), CreateOptions.ofLength(5)));
        assertEquals(Kind.ACCESS_DENIED + " " + at("new") + ": cannot create a file in " + folder + ": Permission denied",
                made.kind() + " " + made.getMessage());
        denied.openSource(at("disk"), OpenOptions.DEFAULT).close();
    }

    @Test
    void refusesAFileSystemWithoutDirectAccessClearly() throws Exception {
        ImageLocation location = ImageLocation.file("/proc/version");
        BlockException e = assertThrows(BlockException.class,
                () -> driver.openSource(location, OpenOptions.DEFAULT.withCache(CacheMode.NONE)));
        assertEquals(Kind.UNSUPPORTED, e.kind());
        assertEquals("/proc/version: the file system does not support O_DIRECT, which cache mode 'none' needs", e.getMessage());
    }

    @Test
    void closesWhatItOpenedWhereverOpeningFails() throws Exception {
        Files.write(folder.resolve("disk"), new byte[10]);
        for (String call : List.of("lockShared", "truncate", "fallocate", "wouldConflict")) {
            TestNative access = new TestNative();
            int conflict = -1;
            access.fail(call, second -> true,
                    call.equals("lockShared") ? Errno.EAGAIN : call.equals("wouldConflict") ? conflict : Errno.EIO);
            FileDriver failing = new FileDriver(access::get);
            for (CacheMode cache : CacheMode.values()) {
                quietly(() -> failing.openSource(at("disk"), OpenOptions.DEFAULT.withCache(cache)));
                quietly(() -> failing.openTarget(at("disk"), OpenOptions.DEFAULT.withCache(cache)));
                quietly(() -> failing.create(at("disk"), CreateOptions.ofLength(5).withCache(cache)));
                quietly(() -> failing.create(at("new"), CreateOptions.ofLength(5).withCache(cache)
                        .withFormatOptions(Map.of("preallocation", "falloc"))));
            }
            try (Stream<Path> files = Files.list(folder)) {
                assertEquals(List.of(folder.resolve("disk")), files.toList(), call);
            }
            assertEquals(access.count("open"), access.count("close"), call);
        }
    }

    @FunctionalInterface
    private interface Opening {
        AutoCloseable open() throws Exception;
    }

    private static void quietly(Opening opening) throws Exception {
        try (AutoCloseable opened = opening.open()) {
            assertTrue(opened.toString().length() > 0);
        } catch (BlockException e) {
            assertFalse(e.getMessage().isEmpty());
        }
    }

    @Test
    void twoNamesOfOneFileHaveOneIdentity() throws Exception {
        Files.write(folder.resolve("disk"), new byte[10]);
        Files.createLink(folder.resolve("hard"), folder.resolve("disk"));
        Files.createSymbolicLink(folder.resolve("soft"), Path.of("disk"));
        Files.write(folder.resolve("other"), new byte[10]);
        String identity = identity("disk");
        assertEquals(identity, identity("hard"));
        assertEquals(identity, identity("soft"));
        assertNotEquals(identity, identity("other"));
    }

    private String identity(String name) throws Exception {
        try (BlockSource source = driver.openSource(at(name), OpenOptions.DEFAULT)) {
            return source.info().identity().orElseThrow();
        }
    }

    @Test
    void existsAndIsFixedAskWithoutOpening() throws Exception {
        furnish();
        assertTrue(driver.exists(at("file")));
        assertTrue(driver.exists(at("fifo")));
        assertFalse(driver.exists(at("dangling")));
        assertFalse(driver.exists(at("missing/disk")));
        assertFalse(driver.isFixed(at("file")));
        assertFalse(driver.isFixed(at("missing")));
    }

    @Test
    void writesInPlaceAndGrowsARegularFile() throws Exception {
        Files.write(folder.resolve("disk"), TestImage.data(5000, 1).bytes());
        try (BlockStorage storage = (BlockStorage) driver.openTarget(at("disk"), OpenOptions.DEFAULT)) {
            assertFalse(storage.info().has(Trait.READS_ZERO_WHEN_NEW));
            assertEquals(5000, storage.info().length());
            Disks.write(storage, 6000, new byte[] {1});
            assertEquals(6001, storage.info().length());
            assertTrue(storage.writeZeroes(new ByteRange(0, 100), ZeroFlag.UNMAP));
            storage.complete();
        }
        byte[] left = Files.readAllBytes(folder.resolve("disk"));
        assertEquals(6001, left.length);
        assertEquals(0, left[99]);
        assertEquals(TestImage.data(5000, 1).bytes()[100], left[100]);
    }

    @Test
    void readsAFileThatHasNoName() throws Exception {
        Path path = Files.write(folder.resolve("disk"), TestImage.data(5000, 1).bytes());
        try (BlockSource source = driver.openSource(at("disk"), OpenOptions.DEFAULT)) {
            Files.delete(path);
            assertEquals(5000, Disks.readAll(source).length);
        }
    }

    @Test
    void readsLargeHeapBuffersInPieces() throws Exception {
        byte[] bytes = TestImage.data(5 << 20, 1).bytes();
        Files.write(folder.resolve("disk"), bytes);
        try (BlockSource source = driver.openSource(at("disk"), OpenOptions.DEFAULT)) {
            ByteBuffer into = ByteBuffer.allocate(bytes.length - 1);
            source.read(1, into);
            assertEquals(ByteBuffer.wrap(bytes, 1, bytes.length - 1), into.flip());
        }
    }

    @Test
    void aClosedFileSaysSo() throws Exception {
        Files.write(folder.resolve("disk"), new byte[10]);
        BlockSource source = driver.openSource(at("disk"), OpenOptions.DEFAULT);
        source.close();
        assertEquals(at("disk") + ": the file is closed",
                assertThrows(BlockException.class, () -> source.status(new ByteRange(0, 1))).getMessage());
        assertEquals(at("disk") + ": read 1 bytes at 0x0: the file is closed",
                assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(0, 1))).getMessage());
    }

    @Test
    void aCharacterDeviceTakesBytesInOrder() throws Exception {
        ImageLocation location = ImageLocation.file("/dev/null");
        assertTrue(driver.isFixed(location));
        try (BlockTarget target = driver.create(location, CreateOptions.ofLength(1 << 20))) {
            assertEquals(Set.of(Trait.APPEND_ONLY), target.info().traits());
            assertEquals(1 << 20, target.info().length());
            target.write(0, ByteBuffer.allocateDirect(65536), WriteFlag.NONE);
            target.write(65536, ByteBuffer.allocateDirect(65536), WriteFlag.NONE);
            assertFalse(target.writeZeroes(new ByteRange(131072, 65536), ZeroFlag.UNMAP));
            BlockException e = assertThrows(BlockException.class,
                    () -> target.write(0, ByteBuffer.allocateDirect(1), WriteFlag.NONE));
            assertEquals("/dev/null: write 1 bytes at 0x0: a character device is written in order, and 0x20000 comes next",
                    e.getMessage());
            target.complete();
        }
        try (BlockTarget target = driver.openTarget(location, OpenOptions.DEFAULT)) {
            assertEquals(NodeInfo.UNKNOWN_LENGTH, target.info().length());
        }
        assertEquals(Kind.NO_SPACE, assertThrows(BlockException.class, () -> writeTo("/dev/full")).kind());
    }

    private void writeTo(String device) throws BlockException {
        try (BlockTarget target = driver.create(ImageLocation.file(device), CreateOptions.ofLength(4096))) {
            target.write(0, ByteBuffer.allocateDirect(4096), WriteFlag.NONE);
        }
    }
}
