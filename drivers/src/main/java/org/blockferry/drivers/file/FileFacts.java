package org.blockferry.drivers.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.Optional;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/**
 * What {@code stat} says of a path, links followed.
 *
 * @param type what it is
 * @param identity equal for two paths exactly when they are one file, or one block device
 * @param device number of the file system that holds it
 * @param mode permission bits, the twelve lowest of {@code st_mode}; -1 where the system has none
 * @param owner user number; -1 where the system has none
 * @param group group number; -1 where the system has none
 */
record FileFacts(Type type, String identity, long device, int mode, int owner, int group) {

    /** What stands under a path. */
    enum Type {
        REGULAR("a regular file"),
        DIRECTORY("a directory"),
        BLOCK_DEVICE("a block device"),
        CHARACTER_DEVICE("a character device"),
        FIFO("a FIFO"),
        SOCKET("a socket"),
        OTHER("of an unknown kind");

        private final String words;

        Type(String words) {
            this.words = words;
        }

        String words() {
            return words;
        }
    }

    private static final int S_IFMT = 0170000;
    private static final int NONE = -1;

    /** The facts, or empty if nothing is there. */
    static Optional<FileFacts> find(String node, Path path) throws BlockException {
        try {
            return Optional.of(read(path));
        } catch (IOException e) {
            int errno = FileErrors.errnoOf(e);
            if (errno == Errno.ENOENT || errno == Errno.ENOTDIR) {
                return Optional.empty();
            }
            throw FileErrors.of(node, e);
        }
    }

    /** The facts of what must be there. */
    static FileFacts require(String node, Path path) throws BlockException {
        try {
            return read(path);
        } catch (IOException e) {
            throw FileErrors.of(node, e);
        }
    }

    private static FileFacts read(Path path) throws IOException {
        try {
            Map<String, Object> stat = Files.readAttributes(path, "unix:mode,dev,ino,rdev,uid,gid");
            int mode = (int) stat.get("mode");
            long device = (long) stat.get("dev");
            Type type = switch (mode & S_IFMT) {
                case 0100000 -> Type.REGULAR;
                case 0040000 -> Type.DIRECTORY;
                case 0060000 -> Type.BLOCK_DEVICE;
                case 0020000 -> Type.CHARACTER_DEVICE;
                case 0010000 -> Type.FIFO;
                case 0140000 -> Type.SOCKET;
                default -> Type.OTHER;
            };
            // A device has as many nodes, each with an inode of its own, as somebody made; its number is what it is.
            String identity = type == Type.BLOCK_DEVICE ? "device " + stat.get("rdev")
                    : "inode " + device + ":" + stat.get("ino");
            return new FileFacts(type, identity, device, mode & 07777, (int) stat.get("uid"), (int) stat.get("gid"));
        } catch (UnsupportedOperationException e) {
            return readBasic(path);
        }
    }

    /** Systems whose Java has no view called unix. */
    private static FileFacts readBasic(Path path) throws IOException {
        BasicFileAttributes basic = Files.readAttributes(path, BasicFileAttributes.class);
        Type type = basic.isRegularFile() ? Type.REGULAR : basic.isDirectory() ? Type.DIRECTORY : Type.OTHER;
        Object key = basic.fileKey();
        return new FileFacts(type, "file " + (key == null ? path.toRealPath() : key), NONE, NONE, NONE, NONE);
    }

    boolean isRegular() {
        return type == Type.REGULAR;
    }

    boolean isBlockDevice() {
        return type == Type.BLOCK_DEVICE;
    }

    boolean isCharacterDevice() {
        return type == Type.CHARACTER_DEVICE;
    }

    boolean hasOwner() {
        return owner != NONE;
    }

    /** Refuses what no disk image can be in, by name. */
    void requireDisk(String node) throws BlockException {
        switch (type) {
            case REGULAR, BLOCK_DEVICE -> {
                // These two are what the driver is for.
            }
            case DIRECTORY -> throw BlockException.of(Kind.INVALID_ARGUMENT, node, "Is a directory");
            case FIFO -> throw BlockException.of(Kind.INVALID_ARGUMENT, node,
                    "is a FIFO, which has no length and cannot be read twice; connect it to '-' instead");
            default -> throw BlockException.of(Kind.INVALID_ARGUMENT, node,
                    "is " + type.words() + "; a disk is a regular file or a block device");
        }
    }
}
