package org.blockferry.drivers.qcow2;

import java.util.Arrays;

/** Where pieces of the disk stand in the file, in ascending guest order; pieces that adjoin on both sides are one. */
final class HostRuns {
    private static final int FIELDS = 3;

    private long[] fields = new long[4 * FIELDS];
    private int size;

    void add(long guestOffset, long hostOffset, long length) {
        int last = (size - 1) * FIELDS;
        if (size > 0 && fields[last] + fields[last + 2] == guestOffset && fields[last + 1] + fields[last + 2] == hostOffset) {
            fields[last + 2] += length;
            return;
        }
        if (size * FIELDS == fields.length) {
            fields = Arrays.copyOf(fields, 2 * fields.length);
        }
        fields[size * FIELDS] = guestOffset;
        fields[size * FIELDS + 1] = hostOffset;
        fields[size * FIELDS + 2] = length;
        size++;
    }

    int size() {
        return size;
    }

    long guestOffset(int i) {
        return fields[i * FIELDS];
    }

    long hostOffset(int i) {
        return fields[i * FIELDS + 1];
    }

    long length(int i) {
        return fields[i * FIELDS + 2];
    }
}
