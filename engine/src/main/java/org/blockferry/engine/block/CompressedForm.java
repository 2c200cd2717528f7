package org.blockferry.engine.block;

import java.util.Objects;

/**
 * How a node stores what it compresses. What one node has stored, another of the same form can store as it is.
 *
 * @param type of the streams: {@code qcow2 zlib}
 * @param unit bytes of the disk that are compressed together, at multiples of this
 */
public record CompressedForm(String type, int unit) {
    public CompressedForm {
        Objects.requireNonNull(type, "type");
    }

    /** Written out: the first equals of a record without one costs a start 20 ms, and each copy of qcow2 to qcow2 asks. */
    @Override
    public boolean equals(Object other) {
        return other instanceof CompressedForm that && type.equals(that.type) && unit == that.unit;
    }

    @Override
    public int hashCode() {
        return 31 * type.hashCode() + unit;
    }
}
