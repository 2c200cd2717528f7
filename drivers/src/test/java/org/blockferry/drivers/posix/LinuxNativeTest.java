package org.blockferry.drivers.posix;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import org.blockferry.engine.testing.LoopDevice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The calls themselves, on the file system of the temporary folder and on a loop device. */
class LinuxNativeTest {
    private static final int K = 1024;

    @TempDir
    private Path folder;
    private NativeAccess access;
    private Path path;
    private int fd = -1;

    @BeforeEach
    void open() throws Exception {
        Optional<NativeAccess> loaded = NativeAccess.instance();
        Assumptions.assumeTrue(NativeLoader.isSupported(System.getProperty("os.name"), System.getProperty("os.arch")),
                "skipped: native calls: not 64-bit Linux on x86 or ARM");
        access = loaded.orElseThrow();
        path = folder.resolve("file");
        fd = access.open(path.toString(), NativeAccess.O_RDWR | NativeAccess.O_CREAT | NativeAccess.O_EXCL, 0600);
        assertTrue(fd > 2, "descriptor " + fd);
    }

    @AfterEach
    void close() {
        if (fd >= 0) {
            assertEquals(0, access.close(fd));
        }
    }

    private void write(long offset, int length) throws Exception {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) 7);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(bytes), offset);
        }
    }

    @Test
    void errorsAreNegatedErrorNumbers() {
        assertEquals(-Errno.EEXIST, access.open(path.toString(), NativeAccess.O_RDWR | NativeAccess.O_CREAT
                | NativeAccess.O_EXCL, 0600));
        assertEquals(-Errno.ENOENT, access.open(path + "x", NativeAccess.O_RDONLY, 0));
        assertEquals(-Errno.ENOTDIR, access.open(path + "/x", NativeAccess.O_RDONLY, 0));
        assertEquals(-Errno.EBADF, access.close(-5));
        assertEquals(-Errno.EBADF, access.seekData(-5, 0));
        assertEquals(-Errno.ENOTTY, access.zeroOut(fd, 0, 512));
        assertEquals(-Errno.ENOTTY, access.deviceLength(fd));
        assertTrue(access.describe(Errno.ENOSPC).length() > 5);
    }

    @Test
    void opensNamesInTheEncodingOfTheJvm() throws Exception {
        for (String name : new String[] {"plain", "Gr\u00f6\u00dfe \u65e5\u672c", "line\nbreak"}) {
            Path file = Files.write(folder.resolve(name), new byte[1]);
            int other = access.open(file.toString(), NativeAccess.O_RDONLY, 0);
            assertTrue(other >= 0, name + ": " + other);
            assertTrue(Files.isSameFile(file, Path.of("/proc/self/fd/" + other)));
            assertEquals(0, access.close(other));
        }
    }

    @Test
    void opensWithTheModeAskedFor() throws Exception {
        assertEquals(0600, (int) Files.getAttribute(path, "unix:mode") & 07777);
    }

    @Test
    void seeksDataAndHolesPastFourGigabytes() throws Exception {
        long far = 5L << 30;
        write(far, 64 * K);
        assertEquals(0, access.seekHole(fd, 0));
        assertEquals(far, access.seekData(fd, 0));
        assertEquals(far + 64 * K, access.seekHole(fd, far));
        assertEquals(-Errno.ENXIO, access.seekData(fd, far + 64 * K));
    }

    @Test
    void setsTheLength() throws Exception {
        assertEquals(0, access.truncate(fd, 6L << 30));
        assertEquals(6L << 30, Files.size(path));
        assertEquals(0, access.truncate(fd, 5));
        assertEquals(5, Files.size(path));
    }

    @Test
    void punchesZeroesAndAllocates() throws Exception {
        write(0, 256 * K);
        assertEquals(0, access.fallocate(fd, NativeAccess.FALLOC_PUNCH_HOLE | NativeAccess.FALLOC_KEEP_SIZE, 64 * K, 64 * K));
        assertEquals(64 * K, access.seekHole(fd, 0));
        assertEquals(128 * K, access.seekData(fd, 64 * K));
        assertEquals(0, access.fallocate(fd, 0, 256 * K, 64 * K));
        assertEquals(320 * K, Files.size(path));
        assertEquals(0, Files.readAllBytes(path)[100 * K]);
    }

    @Test
    void copiesARangeInTheKernel() throws Exception {
        write(0, 100 * K);
        Path other = folder.resolve("other");
        int to = access.open(other.toString(), NativeAccess.O_RDWR | NativeAccess.O_CREAT, 0600);
        try {
            assertEquals(50 * K, access.copyFileRange(fd, 10 * K, to, 5, 50 * K));
            byte[] copied = Files.readAllBytes(other);
            assertEquals(50 * K + 5, copied.length);
            assertEquals(0, copied[4]);
            assertEquals(7, copied[5]);
            assertEquals(0, access.copyFileRange(fd, 100 * K, to, 0, 10), "at the end of the source");
            int shared = access.cloneRange(fd, 0, 4096, to, 0);
            assertTrue(shared == 0 || Errno.isRefusal(-shared), "clone: " + shared);
        } finally {
            access.close(to);
        }
    }

    @Test
    void locksBytesForTheDescriptorAndNotForTheProcess() {
        int other = access.open(path.toString(), NativeAccess.O_RDWR, 0);
        try {
            assertEquals(0, access.lockShared(fd, 100));
            assertEquals(0, access.wouldConflict(fd, 100), "one's own lock is none");
            assertEquals(1, access.wouldConflict(other, 100));
            assertEquals(0, access.wouldConflict(other, 101));
            assertEquals(0, access.lockShared(other, 100));
            assertEquals(1, access.wouldConflict(fd, 100));
            assertEquals(0, access.unlock(other, 100));
            assertEquals(0, access.wouldConflict(fd, 100));
        } finally {
            access.close(other);
        }
        assertTrue(access.pageSize() >= 4096);
    }

    @Test
    void asksABlockDeviceAndZeroesIt() throws Exception {
        Path backing = folder.resolve("backing");
        byte[] bytes = new byte[1 << 20];
        Arrays.fill(bytes, (byte) 9);
        Files.write(backing, bytes);
        try (LoopDevice loop = LoopDevice.attach(backing, 4096)) {
            int device = access.open(loop.device().toString(), NativeAccess.O_RDWR | NativeAccess.O_EXCL, 0);
            try {
                assertEquals(1 << 20, access.deviceLength(device));
                assertEquals(4096, access.logicalSectorSize(device));
                assertTrue(access.physicalSectorSize(device) >= 4096);
                assertEquals(0, access.isReadOnlyDevice(device));
                assertEquals(0, access.zeroOut(device, 4096, 8192));
                assertEquals(-Errno.EINVAL, access.zeroOut(device, 1, 512));
                assertEquals(0, access.discard(device, 512 * K, 64 * K));
            } finally {
                access.close(device);
            }
            byte[] left = new byte[16 * K];
            try (RandomAccessFile file = new RandomAccessFile(loop.device().toFile(), "r")) {
                file.readFully(left);
            }
            byte[] wanted = Arrays.copyOf(bytes, 16 * K);
            Arrays.fill(wanted, 4096, 12288, (byte) 0);
            assertArrayEquals(wanted, left);
        }
    }

    @Test
    void otherSystemsAreNotSupported() {
        assertTrue(NativeLoader.isSupported("Linux", "amd64"));
        assertTrue(NativeLoader.isSupported("Linux", "aarch64"));
        assertFalse(NativeLoader.isSupported("Linux", "x86"));
        assertFalse(NativeLoader.isSupported("Linux", "ppc64le"));
        assertFalse(NativeLoader.isSupported("Mac OS X", "aarch64"));
        assertFalse(NativeLoader.isSupported("Windows 11", "amd64"));
    }
}
