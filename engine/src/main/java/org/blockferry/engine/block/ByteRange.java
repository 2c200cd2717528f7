package org.blockferry.engine.block;

/**
 * A half-open range of bytes, {@code [offset, end)}, which may be empty.
 *
 * @param offset first byte, not negative
 * @param length bytes in the range, not negative; {@code offset + length} fits a {@code long}
 */
public record ByteRange(long offset, long length) implements Comparable<ByteRange> {

    public ByteRange {
        if (offset < 0 || length < 0 || offset > Long.MAX_VALUE - length) {
            throw new IllegalArgumentException("not a byte range: offset " + offset + ", length " + length);
        }
    }

    /** The range {@code [start, end)}. */
    public static ByteRange between(long start, long end) {
        return new ByteRange(start, end - start);
    }

    /** The first byte after the range. */
    public long end() {
        return offset + length;
    }

    public boolean isEmpty() {
        return length == 0;
    }

    public boolean contains(long position) {
        return position >= offset && position < end();
    }

    public boolean contains(ByteRange other) {
        return other.offset >= offset && other.end() <= end();
    }

    /** Whether the two share a byte; an empty range shares none. */
    public boolean overlaps(ByteRange other) {
        return Math.max(offset, other.offset) < Math.min(end(), other.end());
    }

    /** The bytes in both ranges; empty, at the higher of the two offsets, when they share none. */
    public ByteRange intersect(ByteRange other) {
        long start = Math.max(offset, other.offset);
        return new ByteRange(start, Math.max(0, Math.min(end(), other.end()) - start));
    }

    /** The first {@code most} bytes of this range, or all of it when it is shorter. */
    public ByteRange first(long most) {
        return length <= most ? this : new ByteRange(offset, most);
    }

    /** What is left of this range from {@code position} on; {@code position} lies within {@code [offset, end]}. */
    public ByteRange from(long position) {
        return between(position, end());
    }

    /** The largest range within this one whose two ends are multiples of {@code alignment}; may be empty. */
    public ByteRange alignInward(long alignment) {
        long start = offset + Math.floorMod(-offset, alignment);
        long end = end() - Math.floorMod(end(), alignment);
        return start < 0 || end <= start ? new ByteRange(Math.min(Math.max(start, offset), end()), 0) : between(start, end);
    }

    /** The smallest range around this one whose two ends are multiples of {@code alignment}, cut at {@code limit}. */
    public ByteRange alignOutward(long alignment, long limit) {
        long start = offset - Math.floorMod(offset, alignment);
        long tail = Math.floorMod(-end(), alignment);
        return between(start, end() > limit - tail ? Math.max(limit, end()) : end() + tail);
    }

    /** Orders by offset, then by length. */
    @Override
    public int compareTo(ByteRange other) {
        int byOffset = Long.compare(offset, other.offset);
        return byOffset != 0 ? byOffset : Long.compare(length, other.length);
    }

    // Written out: those of a record are spun at their first use, which costs each start of the program 20 ms.

    @Override
    public boolean equals(Object other) {
        return other instanceof ByteRange range && offset == range.offset && length == range.length;
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(offset) + Long.hashCode(length);
    }

    /** For messages: {@code 0x10000+0x2000}. */
    @Override
    public String toString() {
        return "0x" + Long.toHexString(offset) + "+0x" + Long.toHexString(length);
    }
}
