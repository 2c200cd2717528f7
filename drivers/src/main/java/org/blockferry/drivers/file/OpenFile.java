package org.blockferry.drivers.file;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Set;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.drivers.posix.NativeAccess;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.util.CloseAll;

/**
 * One file with two descriptors: Java's, for its bytes, and one of our own, for the calls that Java lacks, since Java does not
 * tell its descriptor's number. Both are of the same file, whatever happens to its name in between: the second is opened
 * through the first, by {@code /proc/self/fd}. Where native calls are missing there is only Java's.
 */
final class OpenFile implements AutoCloseable {
    /** The value of {@link #fd} without native calls; every call refuses it. */
    private static final int NO_FD = -1;
    private static final int USUAL_PAGE = 4096;

    private final String node;
    private final Path path;
    private final NativeAccess access;
    private final int fd;
    private final FileFacts facts;
    private final CacheMode cache;
    private final int alignment;
    private final DataPath data;
    private volatile boolean closed;

    private OpenFile(String node, Path path, NativeAccess access, int fd, FileFacts facts, CacheMode cache, boolean writable)
            throws BlockException {
        this.node = node;
        this.path = path;
        this.access = access;
        this.fd = fd;
        this.facts = facts;
        this.cache = cache;
        Path again = fd == NO_FD ? path : byDescriptor(path, fd);
        this.alignment = cache.isDirect() ? directAlignment() : 1;
        this.data = openData(again, writable);
    }

    /** Opens for reading what the facts were asked of. */
    static OpenFile forReading(String node, Path path, FileFacts facts, CacheMode cache, NativeAccess access)
            throws BlockException {
        return open(node, path, facts, cache, access, NativeAccess.O_RDONLY, 0, false);
    }

    /**
     * Opens for reading and writing in place what the facts were asked of. A block device that is mounted, or held by another
     * device, is refused: O_EXCL without O_CREAT asks the kernel for that.
     */
    static OpenFile forWriting(String node, Path path, FileFacts facts, CacheMode cache, NativeAccess access)
            throws BlockException {
        int flags = NativeAccess.O_RDWR | (facts.isBlockDevice() ? NativeAccess.O_EXCL : 0);
        return open(node, path, facts, cache, access, flags, 0, true);
    }

    /**
     * Makes a file that must not exist, for reading and writing.
     *
     * @param failure what it means if it cannot be made, for the message
     */
    static OpenFile create(String node, Path path, String failure, int mode, CacheMode cache, NativeAccess access)
            throws BlockException {
        int fd = access.open(path.toString(), NativeAccess.O_RDWR | NativeAccess.O_CREAT | NativeAccess.O_EXCL, mode);
        if (fd == -Errno.ENOSYS) {
            createByJava(node, path, failure, mode);
        } else if (fd < 0) {
            throw FileErrors.of(node, failure, -fd);
        }
        try {
            return new OpenFile(node, path, access, Math.max(fd, NO_FD), FileFacts.require(node, path), cache, true);
        } catch (BlockException e) {
            CloseAll.after(e, () -> Files.deleteIfExists(path));
            if (fd >= 0) {
                access.close(fd);
            }
            throw e;
        }
    }

    private static void createByJava(String node, Path path, String failure, int mode) throws BlockException {
        Set<OpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        FileAttribute<?>[] attributes = {};
        if (path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            String permissions = mode == NewFile.PRIVATE_MODE ? "rw-------" : "rw-r--r--";
            attributes = new FileAttribute<?>[] {
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))};
        }
        try {
            FileChannel.open(path, options, attributes).close();
        } catch (IOException e) {
            throw FileErrors.of(node, failure, e);
        }
    }

    private static OpenFile open(String node, Path path, FileFacts facts, CacheMode cache, NativeAccess access, int flags,
            int mode, boolean writable) throws BlockException {
        // O_NONBLOCK: if the file has become a FIFO since its facts were asked, do not wait for ever. Others do not mind.
        int fd = access.open(path.toString(), flags | NativeAccess.O_NONBLOCK, mode);
        if (fd == -Errno.ENOSYS) {
            return new OpenFile(node, path, access, NO_FD, facts, cache, writable);
        }
        if (fd == -Errno.EBUSY && facts.isBlockDevice()) {
            throw BlockException.of(Kind.IN_USE, node, "the device is mounted or held by another: Device or resource busy");
        }
        if (fd < 0) {
            throw FileErrors.of(node, -fd);
        }
        try {
            return new OpenFile(node, path, access, fd, factsOf(node, path, fd, facts), cache, writable);
        } catch (BlockException e) {
            access.close(fd);
            throw e;
        }
    }

    /** The name may have been given to another file since its facts were asked; what is open counts. */
    private static FileFacts factsOf(String node, Path path, int fd, FileFacts before) throws BlockException {
        FileFacts now = FileFacts.require(node, byDescriptor(path, fd));
        if (now.type() != before.type()) {
            throw BlockException.of(Kind.IO, node, "was " + before.type().words() + " and became " + now.type().words()
                    + " while it was being opened");
        }
        return now;
    }

    /** The file behind a descriptor under a name that always leads to it, or the path where there is no {@code /proc}. */
    private static Path byDescriptor(Path path, int fd) {
        Path again = Path.of("/proc/self/fd/" + fd);
        return Files.exists(again) ? again : path;
    }

    private DataPath openData(Path again, boolean writable) throws BlockException {
        Set<OpenOption> options = new HashSet<>();
        options.add(StandardOpenOption.READ);
        if (writable) {
            options.add(StandardOpenOption.WRITE);
        }
        if (cache.isSync()) {
            options.add(StandardOpenOption.DSYNC);
        }
        FileChannel buffered;
        try {
            buffered = FileChannel.open(again, options);
        } catch (IOException e) {
            throw FileErrors.of(node, e);
        }
        if (!cache.isDirect()) {
            return new BufferedPath(buffered);
        }
        try {
            options.add(ExtendedOpenOption.DIRECT);
            return new DirectPath(FileChannel.open(again, options), buffered, alignment);
        } catch (IOException | UnsupportedOperationException e) {
            BlockException failure = noDirect(e);
            CloseAll.after(failure, buffered);
            throw failure;
        }
    }

    /** What Java asks of O_DIRECT requests on this file, the block size of its file system, and at least a page. */
    private int directAlignment() throws BlockException {
        try {
            long block = Files.getFileStore(path).getBlockSize();
            if (block < 1 || block > 1 << 24 || Long.bitCount(block) != 1) {
                throw BlockException.of(Kind.UNSUPPORTED, node, "O_DIRECT in blocks of " + block + " bytes (cache mode "
                        + cache.word() + ")");
            }
            return (int) Math.max(block, pageSize());
        } catch (IOException | UnsupportedOperationException e) {
            throw e instanceof BlockException known ? known : noDirect(e);
        }
    }

    private int pageSize() {
        int page = access.pageSize();
        return page > 0 ? page : USUAL_PAGE;
    }

    private BlockException noDirect(Exception e) {
        return BlockException.of(Kind.UNSUPPORTED, node,
                "the file system does not support O_DIRECT, which cache mode '" + cache.word() + "' needs", e);
    }

    String node() {
        return node;
    }

    /** As opened; the file may have another name by now. */
    Path path() {
        return path;
    }

    FileFacts facts() {
        return facts;
    }

    CacheMode cache() {
        return cache;
    }

    DataPath data() {
        return data;
    }

    NativeAccess access() {
        return access;
    }

    /** Multiples of this are the cheap requests: a page past the page cache, one byte through it. */
    int alignment() {
        return alignment;
    }

    boolean hasNative() {
        return fd != NO_FD;
    }

    /**
     * The descriptor for native calls.
     *
     * @throws BlockException if the file is closed: its number may be another file's by now
     */
    int fd() throws BlockException {
        if (closed) {
            throw BlockException.of(Kind.IO, node, "the file is closed");
        }
        return fd;
    }

    /** Sets the length of a regular file; bytes that are gained are a hole. Not to be called beside a write that extends it. */
    void truncate(long length) throws BlockException {
        int result = access.truncate(fd(), length);
        if (result == -Errno.ENOSYS) {
            truncateByJava(length);
        } else if (result < 0) {
            throw FileErrors.of(node, "cannot set the length to " + length, -result);
        }
    }

    private void truncateByJava(long length) throws BlockException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(length);
        } catch (IOException e) {
            throw FileErrors.of(node, "cannot set the length to " + length, e);
        }
    }

    long length() throws BlockException {
        try {
            return data.length();
        } catch (IOException e) {
            throw FileErrors.of(node, e);
        }
    }

    /** Makes durable what was written by either descriptor. */
    void flush() throws BlockException {
        try {
            data.flush();
        } catch (IOException e) {
            throw FileErrors.of(node, "flush", e);
        }
    }

    /** Closes both descriptors, which gives the locks back. A second call does nothing. */
    @Override
    public void close() throws BlockException {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        try {
            data.close();
        } catch (IOException e) {
            throw FileErrors.of(node, "close", e);
        } finally {
            if (fd != NO_FD) {
                access.close(fd);
            }
        }
    }
}
