package org.blockferry.drivers.file;

import java.util.EnumSet;
import java.util.Set;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.drivers.posix.NativeAccess;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.slf4j.LoggerFactory;

/**
 * The locks by which QEMU's programs and we keep off each other's images. They are shared locks on single bytes of the file,
 * owned by the open file description, and go when it is closed: byte 100+i for each permission i in use, byte 200+i for each
 * that others may not have. Whoever takes a permission sees by a test for an exclusive lock whether somebody forbids it, and
 * whoever forbids one, whether somebody has it. (QEMU, {@code block/file-posix.c} and {@code docs/system/qemu-block-drivers};
 * nothing is ever written there, and the bytes need not exist.)
 *
 * <p>Where the file system or the kernel has no such locks, images are opened without, as QEMU does.
 */
final class ImageLock {
    private static final int USED = 100;
    private static final int NOT_SHARED = 200;

    /** QEMU's permissions, in the order of their bits, with its words. */
    enum Permission {
        CONSISTENT_READ("consistent read"),
        WRITE("write"),
        WRITE_UNCHANGED("write unchanged"),
        RESIZE("resize");

        private final String words;

        Permission(String words) {
            this.words = words;
        }
    }

    private static final Set<Permission> READ = EnumSet.of(Permission.CONSISTENT_READ);
    private static final Set<Permission> READ_WRITE =
            EnumSet.of(Permission.CONSISTENT_READ, Permission.WRITE, Permission.RESIZE);
    private static final Set<Permission> CHANGES = EnumSet.of(Permission.WRITE, Permission.RESIZE);

    private ImageLock() {
    }

    /**
     * For a source: nobody may change it while we read.
     *
     * @param share whether others may nevertheless
     * @throws BlockException IN_USE if somebody may be changing it, or wants nobody to read
     */
    static void reading(OpenFile file, boolean share) throws BlockException {
        take(file, READ, share ? EnumSet.noneOf(Permission.class) : CHANGES);
    }

    /**
     * For a target: nobody else may change it, and those may not read who want it unchanged.
     *
     * @throws BlockException IN_USE
     */
    static void writing(OpenFile file) throws BlockException {
        take(file, READ_WRITE, CHANGES);
    }

    /**
     * Takes the locks of a target if that is possible.
     *
     * @return whether they were taken, and nobody else has the file open as an image; false also where there are no locks
     */
    static boolean tryWriting(OpenFile file) throws BlockException {
        try {
            return take(file, READ_WRITE, CHANGES);
        } catch (BlockException e) {
            if (e.kind() == Kind.IN_USE) {
                return false;
            }
            throw e;
        }
    }

    /** Returns whether there are locks here at all. */
    private static boolean take(OpenFile file, Set<Permission> used, Set<Permission> notShared) throws BlockException {
        if (!file.hasNative()) {
            return false;
        }
        // First take, then look: of two that come at once at least one sees the other.
        for (Permission permission : used) {
            if (!lock(file, USED + permission.ordinal())) {
                return false;
            }
        }
        for (Permission permission : notShared) {
            if (!lock(file, NOT_SHARED + permission.ordinal())) {
                return false;
            }
        }
        for (Permission permission : used) {
            check(file, NOT_SHARED + permission.ordinal(), "Failed to get \"" + permission.words + "\" lock");
        }
        for (Permission permission : notShared) {
            check(file, USED + permission.ordinal(), "Failed to get shared \"" + permission.words + "\" lock");
        }
        return true;
    }

    /** Returns whether there are locks here at all. */
    private static boolean lock(OpenFile file, int offset) throws BlockException {
        NativeAccess access = file.access();
        int result = access.lockShared(file.fd(), offset);
        if (result == -Errno.EAGAIN || result == -Errno.EACCES) {
            throw inUse(file, "Failed to lock byte " + offset);
        }
        if (result < 0) {
            LoggerFactory.getLogger(ImageLock.class).debug("{}: no locks here: {}", file.node(), FileErrors.wordsFor(-result));
        }
        return result >= 0;
    }

    private static void check(OpenFile file, int offset, String failure) throws BlockException {
        if (file.access().wouldConflict(file.fd(), offset) == 1) {
            throw inUse(file, failure);
        }
    }

    private static BlockException inUse(OpenFile file, String failure) {
        return BlockException.of(Kind.IN_USE, file.node(),
                failure + ". Is another process using the image [" + file.node() + "]?");
    }
}
