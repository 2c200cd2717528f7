package org.blockferry.engine.pipeline;

import java.util.Arrays;
import org.blockferry.engine.block.BlockStatus;

/**
 * The runs of a slot: ascending, each with what is to be done. Arrays of primitives, allocated once; they grow only for a
 * target cluster that is cut into more runs than a slot usually has. Owned with its slot.
 */
final class RunList {
    /** A slot is handed over when it has this many, even if there is room for more data. */
    static final int USUAL = 512;

    /** What is done with a run. */
    enum Kind {
        /** Read into the slot's buffer, written from there. */
        DATA,
        /** Written as zeroes. */
        ZERO,
        /** Left to the system to copy. */
        OFFLOAD
    }

    private Kind[] kinds = new Kind[USUAL];
    private long[] offsets = new long[USUAL];
    private long[] lengths = new long[USUAL];
    private int[] positions = new int[USUAL];
    private BlockStatus[] statuses = new BlockStatus[0];
    private int size;

    int size() {
        return size;
    }

    Kind kind(int run) {
        return kinds[run];
    }

    /** First byte of the disk. */
    long offset(int run) {
        return offsets[run];
    }

    /** Bytes; those of a DATA run fit the slot's buffer. */
    long length(int run) {
        return lengths[run];
    }

    /** Where the bytes of a DATA run stand in the slot's buffer. */
    int position(int run) {
        return positions[run];
    }

    /** Where the bytes of an OFFLOAD run stand plainly: exactly this run. */
    BlockStatus status(int run) {
        return statuses[run];
    }

    void clear() {
        if (statuses.length != 0) {
            Arrays.fill(statuses, 0, Math.min(size, statuses.length), null);
        }
        size = 0;
    }

    void addData(long offset, long length, int position) {
        int last = size - 1;
        if (last >= 0 && kinds[last] == Kind.DATA && offsets[last] + lengths[last] == offset
                && positions[last] + lengths[last] == position) {
            lengths[last] += length;
        } else {
            add(Kind.DATA, offset, length, position);
        }
    }

    void addZero(long offset, long length) {
        int last = size - 1;
        if (last >= 0 && kinds[last] == Kind.ZERO && offsets[last] + lengths[last] == offset) {
            lengths[last] += length;
        } else {
            add(Kind.ZERO, offset, length, 0);
        }
    }

    void addOffload(BlockStatus status) {
        add(Kind.OFFLOAD, status.offset(), status.length(), 0);
        if (statuses.length < kinds.length) {
            statuses = Arrays.copyOf(statuses, kinds.length);
        }
        statuses[size - 1] = status;
    }

    private void add(Kind kind, long offset, long length, int position) {
        if (size == kinds.length) {
            kinds = Arrays.copyOf(kinds, 2 * size);
            offsets = Arrays.copyOf(offsets, 2 * size);
            lengths = Arrays.copyOf(lengths, 2 * size);
            positions = Arrays.copyOf(positions, 2 * size);
        }
        kinds[size] = kind;
        offsets[size] = offset;
        lengths[size] = length;
        positions[size] = position;
        size++;
    }
}
