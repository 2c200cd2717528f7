package org.blockferry.drivers.file;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Map;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.drivers.posix.NativeAccess;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;

/** Puts what Java and the kernel say of a failure into a {@link BlockException}. */
final class FileErrors {
    /** The words are glibc's in English: messages do not change with the user's language. */
    private static final Map<Integer, String> WORDS = Map.ofEntries(
            Map.entry(Errno.EPERM, "Operation not permitted"),
            Map.entry(Errno.ENOENT, "No such file or directory"),
            Map.entry(Errno.EINTR, "Interrupted system call"),
            Map.entry(Errno.EIO, "Input/output error"),
            Map.entry(Errno.ENXIO, "No such device or address"),
            Map.entry(Errno.EAGAIN, "Resource temporarily unavailable"),
            Map.entry(Errno.EACCES, "Permission denied"),
            Map.entry(Errno.EBUSY, "Device or resource busy"),
            Map.entry(Errno.ENODEV, "No such device"),
            Map.entry(Errno.ENOTDIR, "Not a directory"),
            Map.entry(Errno.EISDIR, "Is a directory"),
            Map.entry(Errno.EINVAL, "Invalid argument"),
            Map.entry(Errno.EMFILE, "Too many open files"),
            Map.entry(Errno.ETXTBSY, "Text file busy"),
            Map.entry(Errno.EFBIG, "File too large"),
            Map.entry(Errno.ENOSPC, "No space left on device"),
            Map.entry(Errno.EROFS, "Read-only file system"),
            Map.entry(Errno.ENAMETOOLONG, "File name too long"),
            Map.entry(Errno.ELOOP, "Too many levels of symbolic links"),
            Map.entry(Errno.ETIMEDOUT, "Connection timed out"),
            Map.entry(Errno.EDQUOT, "Disk quota exceeded"),
            Map.entry(Errno.ENOMEDIUM, "No medium found"));

    private FileErrors() {
    }

    static Kind kindOf(int errno) {
        return switch (errno) {
            case Errno.ENOENT, Errno.ENOTDIR -> Kind.NOT_FOUND;
            case Errno.EACCES, Errno.EPERM -> Kind.ACCESS_DENIED;
            case Errno.EROFS -> Kind.READ_ONLY;
            case Errno.ENOSPC, Errno.EDQUOT -> Kind.NO_SPACE;
            case Errno.EBUSY, Errno.ETXTBSY -> Kind.IN_USE;
            case Errno.ENAMETOOLONG, Errno.EISDIR, Errno.ELOOP -> Kind.INVALID_ARGUMENT;
            default -> Kind.IO;
        };
    }

    static String wordsFor(int errno) {
        String words = WORDS.get(errno);
        return words != null ? words : NativeAccess.orRefusing().describe(errno);
    }

    /** A failure of the whole file that the kernel reported by number. */
    static BlockException of(String node, int errno) {
        return BlockException.of(kindOf(errno), node, wordsFor(errno)).withErrno(errno);
    }

    /** As {@link #of(String, int)}, saying what was being done. */
    static BlockException of(String node, String doing, int errno) {
        return BlockException.of(kindOf(errno), node, doing + ": " + wordsFor(errno)).withErrno(errno);
    }

    /** A failure of the whole file that Java reported. */
    static BlockException of(String node, IOException cause) {
        int errno = errnoOf(cause);
        return errno == 0 ? BlockException.of(Kind.IO, node, reasonOf(cause), cause)
                : BlockException.of(kindOf(errno), node, wordsFor(errno), cause).withErrno(errno);
    }

    /** As {@link #of(String, IOException)}, saying what was being done. */
    static BlockException of(String node, String doing, IOException cause) {
        int errno = errnoOf(cause);
        return errno == 0 ? BlockException.of(Kind.IO, node, doing + ": " + reasonOf(cause), cause)
                : BlockException.of(kindOf(errno), node, doing + ": " + wordsFor(errno), cause).withErrno(errno);
    }

    static BlockException request(String node, String operation, ByteRange range, IOException cause) {
        int errno = errnoOf(cause);
        return errno == 0 ? BlockException.request(Kind.IO, node, operation, range, reasonOf(cause), cause)
                : BlockException.request(kindOf(errno), node, operation, range, wordsFor(errno), cause).withErrno(errno);
    }

    static BlockException request(String node, String operation, ByteRange range, int errno) {
        String words = wordsFor(errno);
        return BlockException.request(kindOf(errno), node, operation, range, words, new IOException(words)).withErrno(errno);
    }

    /** The error number behind {@code failure}, or 0: Java tells some by class and the rest by the system's words only. */
    static int errnoOf(IOException failure) {
        if (failure instanceof NoSuchFileException) {
            return Errno.ENOENT;
        }
        if (failure instanceof AccessDeniedException) {
            return Errno.EACCES;
        }
        if (failure instanceof NotDirectoryException) {
            return Errno.ENOTDIR;
        }
        String reason = reasonOf(failure);
        for (Map.Entry<Integer, String> entry : WORDS.entrySet()) {
            // Of some failures Java has more to say than the system.
            if (reason.equals(entry.getValue()) || entry.getKey() == Errno.ELOOP && reason.startsWith(entry.getValue())) {
                return entry.getKey();
            }
        }
        // In another language than English the JVM's text is the one that the same libc gives us.
        NativeAccess access = NativeAccess.orRefusing();
        for (int errno : WORDS.keySet()) {
            if (reason.equals(access.describe(errno))) {
                return errno;
            }
        }
        return 0;
    }

    private static String reasonOf(IOException failure) {
        if (failure instanceof ClosedChannelException) {
            return "the file is closed";
        }
        String text = failure instanceof FileSystemException system ? system.getReason() : failure.getMessage();
        return text == null ? failure.getClass().getSimpleName() : text;
    }
}
