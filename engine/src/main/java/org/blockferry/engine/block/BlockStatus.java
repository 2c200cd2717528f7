package org.blockferry.engine.block;

import java.util.Objects;

/**
 * What is known of one run of bytes without reading it: four independent promises, and where the plain bytes are.
 *
 * <table>
 * <caption>The bits</caption>
 * <tr><th>bit</th><th>promise</th><th>QEMU's word</th></tr>
 * <tr><td>{@link #LOCAL}</td><td>this node, not its backing file, decides what is read here</td><td>ALLOCATED</td></tr>
 * <tr><td>{@link #ZERO}</td><td>this node reads as zeroes here; nobody needs to read it</td><td>ZERO</td></tr>
 * <tr><td>{@link #MAPPED}</td><td>space is mapped in a child other than the backing file (for a protocol node: on its
 * storage)</td><td>DATA</td></tr>
 * <tr><td>{@link #OFFSET_VALID}</td><td>{@link #host} holds the plain bytes at {@link #hostOffset}</td><td>OFFSET_VALID</td></tr>
 * <tr><td>{@link #COMPRESSED}</td><td>stored, but not plain</td><td>COMPRESSED</td></tr>
 * </table>
 *
 * <p>ZERO speaks of the node, never of the child: a preallocated zero cluster is {@code LZMO} while the child's bytes there
 * are undefined, so a reader that sees ZERO must not use the offset as a source of data.
 *
 * <p>{@code OFFSET_VALID} implies {@code MAPPED}; {@code COMPRESSED} implies {@code LOCAL} and {@code MAPPED} and excludes
 * {@code ZERO} and {@code OFFSET_VALID}. The factories refuse anything else, so an instance is always one of the combinations
 * of the design's tables. Immutable.
 */
public final class BlockStatus {
    /** This node, not its backing file, decides what is read here. */
    public static final int LOCAL = 1;
    /** This node reads as zeroes here. */
    public static final int ZERO = 2;
    /** Space is mapped in a child other than the backing file; for a protocol node, on its storage. */
    public static final int MAPPED = 4;
    /** The host holds the plain bytes at the host offset. */
    public static final int OFFSET_VALID = 8;
    /** Stored, but not plain. */
    public static final int COMPRESSED = 16;

    private static final int ALL = LOCAL | ZERO | MAPPED | OFFSET_VALID | COMPRESSED;
    private static final long NO_OFFSET = -1;

    private final ByteRange range;
    private final int bits;
    private final BlockSource host;
    private final long hostOffset;

    private BlockStatus(ByteRange range, int bits, BlockSource host, long hostOffset) {
        this.range = Objects.requireNonNull(range, "range");
        this.bits = bits;
        this.host = host;
        this.hostOffset = hostOffset;
        if (range.isEmpty()) {
            throw new IllegalArgumentException("a status speaks of at least one byte: " + range);
        }
        if ((bits & ~ALL) != 0
                || has(OFFSET_VALID) && !has(MAPPED)
                || has(COMPRESSED) && (bits & ~COMPRESSED) != (LOCAL | MAPPED)) {
            throw new IllegalArgumentException("no node may say " + letters(bits) + " of " + range);
        }
        if (has(OFFSET_VALID) != (host != null) || has(OFFSET_VALID) && hostOffset < 0) {
            throw new IllegalArgumentException("an offset needs a host and the bit OFFSET_VALID: " + letters(bits) + ", host "
                    + host + ", offset " + hostOffset);
        }
    }

    /**
     * A run whose bits do not include {@link #OFFSET_VALID}.
     *
     * @throws IllegalArgumentException if the range is empty or no node may say these bits
     */
    public static BlockStatus of(ByteRange range, int bits) {
        return new BlockStatus(range, bits, null, NO_OFFSET);
    }

    /**
     * A run whose plain bytes (unless ZERO is set) stand in {@code host} from {@code hostOffset} on; {@link #OFFSET_VALID} is
     * implied.
     */
    public static BlockStatus at(ByteRange range, int bits, BlockSource host, long hostOffset) {
        return new BlockStatus(range, bits | OFFSET_VALID, Objects.requireNonNull(host, "host"), hostOffset);
    }

    /** {@code L-M-}: data that this node reads itself and that stands plainly nowhere. */
    public static BlockStatus data(ByteRange range) {
        return of(range, LOCAL | MAPPED);
    }

    /** {@code L-MO}: plain data at {@code hostOffset} of {@code host}. */
    public static BlockStatus data(ByteRange range, BlockSource host, long hostOffset) {
        return at(range, LOCAL | MAPPED, host, hostOffset);
    }

    /** {@code LZ--}: reads as zeroes, and nothing is mapped. */
    public static BlockStatus zero(ByteRange range) {
        return of(range, LOCAL | ZERO);
    }

    /** {@code ----}: the read defers to the backing file. */
    public static BlockStatus deferred(ByteRange range) {
        return of(range, 0);
    }

    /** The bytes of the node that this speaks of; never empty. */
    public ByteRange range() {
        return range;
    }

    /** First byte of the run. */
    public long offset() {
        return range.offset();
    }

    /** Bytes in the run. */
    public long length() {
        return range.length();
    }

    /** First byte after the run. */
    public long end() {
        return range.end();
    }

    /** The bits, as an {@code or} of the constants of this class. */
    public int bits() {
        return bits;
    }

    public boolean isLocal() {
        return has(LOCAL);
    }

    public boolean isZero() {
        return has(ZERO);
    }

    public boolean isMapped() {
        return has(MAPPED);
    }

    public boolean isOffsetValid() {
        return has(OFFSET_VALID);
    }

    public boolean isCompressed() {
        return has(COMPRESSED);
    }

    private boolean has(int bit) {
        return (bits & bit) != 0;
    }

    /**
     * The node whose bytes these are.
     *
     * @throws IllegalStateException without {@link #OFFSET_VALID}
     */
    public BlockSource host() {
        requireOffset();
        return host;
    }

    /**
     * Where the run starts in {@link #host}.
     *
     * @throws IllegalStateException without {@link #OFFSET_VALID}
     */
    public long hostOffset() {
        requireOffset();
        return hostOffset;
    }

    private void requireOffset() {
        if (!has(OFFSET_VALID)) {
            throw new IllegalStateException("no offset is known for " + this);
        }
    }

    /**
     * The part of this run that lies in {@code window}; the host offset moves with it.
     *
     * @throws IllegalArgumentException if the two share no byte
     */
    public BlockStatus clip(ByteRange window) {
        ByteRange part = range.intersect(window);
        return part.equals(range) ? this
                : new BlockStatus(part, bits, host, host == null ? NO_OFFSET : hostOffset + part.offset() - range.offset());
    }

    /** The same promises said of other bytes of the same length or another; the host offset is kept. */
    public BlockStatus withRange(ByteRange other) {
        return new BlockStatus(other, bits, host, hostOffset);
    }

    /** The same run with other bits; keeps the host only if they include {@link #OFFSET_VALID}. */
    public BlockStatus withBits(int other) {
        boolean keeps = (other & OFFSET_VALID) != 0;
        return new BlockStatus(range, other, keeps ? host : null, keeps ? hostOffset : NO_OFFSET);
    }

    /** Whether {@code next} goes on exactly where this ends: same bits, same host, adjoining in the node and in the host. */
    public boolean continuesInto(BlockStatus next) {
        return range.end() == next.range.offset() && bits == next.bits && host == next.host
                && (host == null || hostOffset + range.length() == next.hostOffset);
    }

    /** This run and {@code next} as one; only when {@link #continuesInto} says so. */
    public BlockStatus merge(BlockStatus next) {
        if (!continuesInto(next)) {
            throw new IllegalArgumentException(this + " does not continue into " + next);
        }
        return new BlockStatus(ByteRange.between(range.offset(), next.range.end()), bits, host, hostOffset);
    }

    private static String letters(int bits) {
        return ((bits & LOCAL) != 0 ? "L" : "-") + ((bits & ZERO) != 0 ? "Z" : "-") + ((bits & MAPPED) != 0 ? "M" : "-")
                + ((bits & OFFSET_VALID) != 0 ? "O" : "-") + ((bits & COMPRESSED) != 0 ? "C" : "");
    }

    /** The bits in the design's notation, such as {@code L-MO}; a compressed run is {@code L-M-C}. */
    public String letters() {
        return letters(bits);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof BlockStatus that && range.equals(that.range) && bits == that.bits && host == that.host
                && hostOffset == that.hostOffset;
    }

    @Override
    public int hashCode() {
        return Objects.hash(range, bits, System.identityHashCode(host), hostOffset);
    }

    @Override
    public String toString() {
        return range + " " + letters() + (host == null ? "" : " @0x" + Long.toHexString(hostOffset));
    }
}
