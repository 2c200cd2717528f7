package org.blockferry.drivers.qcow2;

import java.util.Arrays;

/** Host clusters that lose a reference once what no longer refers to them is durable; neighbours are kept as one run. */
final class FreedClusters {
    private long[] fields = new long[32];
    private int size;

    void add(long firstCluster, long count) {
        int last = 2 * (size - 1);
        if (size > 0 && fields[last] + fields[last + 1] == firstCluster) {
            fields[last + 1] += count;
            return;
        }
        if (2 * size == fields.length) {
            fields = Arrays.copyOf(fields, 2 * fields.length);
        }
        fields[2 * size] = firstCluster;
        fields[2 * size + 1] = count;
        size++;
    }

    int size() {
        return size;
    }

    long first(int i) {
        return fields[2 * i];
    }

    long count(int i) {
        return fields[2 * i + 1];
    }

    void clear() {
        size = 0;
    }
}
