package org.blockferry.engine.block;

import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.blockferry.engine.util.Printable;

/**
 * The one checked failure of the engine and its drivers. Callers branch on {@link #kind}; people read the message, which is one
 * line and names the node: {@code overlay.qcow2: write 2097152 bytes at 0x40000000: No space left on device}.
 */
public final class BlockException extends IOException {
    private static final long serialVersionUID = 1L;
    /** EINTR, EAGAIN, and of the network: ENETRESET, ECONNABORTED, ECONNRESET, ENOBUFS, ETIMEDOUT. */
    private static final Set<Integer> TRANSIENT = Set.of(4, 11, 102, 103, 104, 105, 110);

    /** What went wrong, for programs. */
    public enum Kind {
        /** The storage or the connection failed. */
        IO,
        /** The storage is full. */
        NO_SPACE,
        /** Not an image of the format it is said to be, or a header field outside its bounds. */
        INVALID_FORMAT,
        /** Metadata that contradicts itself or points past the file. */
        CORRUPT_IMAGE,
        /** Well-formed, but something that this version cannot do. */
        UNSUPPORTED,
        /** A request outside the disk. */
        OUT_OF_BOUNDS,
        /** No such file, export or snapshot. */
        NOT_FOUND,
        /** No permission. */
        ACCESS_DENIED,
        /** Not writable. */
        READ_ONLY,
        /** In use by somebody else. */
        IN_USE,
        /** Refused by the safety rules: a name inside an untrusted image, a base that is not the base. */
        REFUSED,
        /** An option or argument with a wrong value. */
        INVALID_ARGUMENT
    }

    private final Kind kind;
    private final String node;
    private final transient ByteRange range;
    private final int errno;

    private BlockException(Kind kind, String node, ByteRange range, int errno, String message, Throwable cause) {
        // Here, once, whatever part of it comes from an image, a peer or a command line.
        super(Printable.line(message), cause);
        this.errno = errno;
        this.kind = Objects.requireNonNull(kind, "kind");
        this.node = Objects.requireNonNull(node, "node");
        this.range = range;
    }

    /** A failure of a node as a whole: {@code node: what}. */
    public static BlockException of(Kind kind, String node, String what) {
        return new BlockException(kind, node, null, 0, node + ": " + what, null);
    }

    /** A failure of a node as a whole, with its cause: {@code node: what}. */
    public static BlockException of(Kind kind, String node, String what, Throwable cause) {
        return new BlockException(kind, node, null, 0, node + ": " + what, cause);
    }

    /**
     * A failed request.
     *
     * @param operation a verb: {@code read}, {@code write}, {@code zero}
     * @param reason what the system said: {@code No space left on device}
     */
    public static BlockException request(
            Kind kind, String node, String operation, ByteRange range, String reason, Throwable cause) {
        return new BlockException(kind, node, range, 0, node + ": " + operation + " " + range.length() + " bytes at 0x"
                + Long.toHexString(range.offset()) + ": " + reason, cause);
    }

    /** A header field or table entry outside its bounds: {@code node: field is value; bound}. */
    public static BlockException field(Kind kind, String node, String field, Object value, String bound) {
        return new BlockException(kind, node, null, 0, node + ": " + field + " is " + value + "; " + bound, null);
    }

    /**
     * The same failure with the number that the system or the server gave for it.
     *
     * @param number in the generic numbering of Linux; 0: none is known
     */
    public BlockException withErrno(int number) {
        if (number == errno) {
            return this;
        }
        BlockException same = new BlockException(kind, node, range, number, getMessage(), getCause());
        same.setStackTrace(getStackTrace());
        return same;
    }

    /** What went wrong, for programs. */
    public Kind kind() {
        return kind;
    }

    /** The node that failed, as the user named it. */
    public String node() {
        return node;
    }

    /** The bytes of the request that failed, when it was a request. */
    public Optional<ByteRange> range() {
        return Optional.ofNullable(range);
    }

    /** The number that the system or the server gave for it, when there was one: that of Linux, on any system. */
    public OptionalInt errno() {
        return errno == 0 ? OptionalInt.empty() : OptionalInt.of(errno);
    }

    /** Whether the same request may well succeed a moment later: it was interrupted, timed out, or found no room in a queue. */
    public boolean isTransient() {
        return kind == Kind.IO && TRANSIENT.contains(errno);
    }
}
