package org.blockferry.engine.inspect;

import java.util.Objects;
import java.util.Optional;
import org.blockferry.engine.block.ByteRange;

/**
 * One run of a disk. The fields, but for {@code file}, have the names and meanings of the JSON of {@code qemu-img map}.
 *
 * @param start first byte
 * @param length bytes
 * @param depth the image that decides: 0 the one that was asked about, 1 its backing file, and so on
 * @param present whether an image of the chain holds something for this run, be it zeroes
 * @param zero whether it reads as zeroes
 * @param data whether space holds it
 * @param compressed whether it is stored compressed
 * @param offset where the plain bytes stand in {@code file}, or {@link #NO_OFFSET}
 * @param file the file that holds them, as it was opened
 */
public record MapEntry(long start, long length, int depth, boolean present, boolean zero, boolean data, boolean compressed,
        long offset, Optional<String> file) {
    /** The value of {@link #offset} where no file holds the plain bytes. */
    public static final long NO_OFFSET = -1;

    public MapEntry {
        Objects.requireNonNull(file, "file");
        if (start < 0 || length < 1 || depth < 0) {
            throw new IllegalArgumentException("start " + start + ", length " + length + ", depth " + depth);
        }
    }

    /** First byte after the run. */
    public long end() {
        return start + length;
    }

    public ByteRange range() {
        return new ByteRange(start, length);
    }

    public boolean hasOffset() {
        return offset != NO_OFFSET;
    }

    /** Whether {@code next} goes on exactly where this ends, in the disk and in the file. */
    boolean continuesInto(MapEntry next) {
        return end() == next.start && depth == next.depth && present == next.present && zero == next.zero && data == next.data
                && compressed == next.compressed && hasOffset() == next.hasOffset()
                && (!hasOffset() || offset + length == next.offset) && file.equals(next.file);
    }

    MapEntry withLength(long other) {
        return new MapEntry(start, other, depth, present, zero, data, compressed, offset, file);
    }
}
