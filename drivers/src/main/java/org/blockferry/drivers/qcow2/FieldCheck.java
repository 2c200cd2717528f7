package org.blockferry.drivers.qcow2;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/** Bounds of header fields: each check returns the value or refuses it by name, value and bound. */
record FieldCheck(String node) {

    /** A 32-bit field, unsigned on disk. */
    int within(String field, int value, long min, long max) throws BlockException {
        return (int) within(field, Integer.toUnsignedLong(value), min, max);
    }

    long within(String field, long value, long min, long max) throws BlockException {
        if (value < 0 || value > max) {
            throw BlockException.field(Kind.INVALID_FORMAT, node, field, Long.toUnsignedString(value), "at most " + max);
        }
        if (value < min) {
            throw BlockException.field(Kind.INVALID_FORMAT, node, field, value, "at least " + min);
        }
        return value;
    }

    long notNegative(String field, long value) throws BlockException {
        return within(field, value, 0, Long.MAX_VALUE);
    }

    void multiple(String field, long value, long unit) throws BlockException {
        if (value % unit != 0) {
            throw BlockException.field(Kind.INVALID_FORMAT, node, field, value, "a multiple of " + unit);
        }
    }

    /** A table that must be aligned and lie within the file; its offset is of no interest when it is empty. */
    void table(String field, long offset, long alignment, long bytes, long fileLength) throws BlockException {
        if (bytes == 0) {
            return;
        }
        within(field, offset, alignment, Long.MAX_VALUE);
        multiple(field, offset, alignment);
        if (offset > fileLength || bytes > fileLength - offset) {
            throw BlockException.field(Kind.INVALID_FORMAT, node, field, offset,
                    "a table of " + bytes + " bytes there ends past the file's " + fileLength);
        }
    }
}
