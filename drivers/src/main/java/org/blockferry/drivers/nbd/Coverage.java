package org.blockferry.drivers.nbd;

import java.util.Arrays;

/**
 * Which parts of one read have arrived, as disjoint ranges in ascending order. Servers nearly always send chunks in order, so
 * that one range is all there is. One thread.
 */
final class Coverage {
    /** Starts and ends in turn. */
    private long[] edges = new long[8];
    private int count;

    void reset() {
        count = 0;
    }

    /**
     * Adds {@code [start, end)}.
     *
     * @return whether no byte of it was there before
     */
    boolean add(long start, long end) {
        int at = count;
        while (at > 0 && edges[at - 2] >= end) {
            at -= 2;
        }
        // at: first range that begins at or after end.
        if (at > 0 && edges[at - 1] > start) {
            return false;
        }
        boolean joinsBefore = at > 0 && edges[at - 1] == start;
        boolean joinsAfter = at < count && edges[at] == end;
        if (joinsBefore && joinsAfter) {
            edges[at - 1] = edges[at + 1];
            System.arraycopy(edges, at + 2, edges, at, count - at - 2);
            count -= 2;
        } else if (joinsBefore) {
            edges[at - 1] = end;
        } else if (joinsAfter) {
            edges[at] = start;
        } else {
            if (count + 2 > edges.length) {
                edges = Arrays.copyOf(edges, edges.length * 2);
            }
            System.arraycopy(edges, at, edges, at + 2, count - at);
            edges[at] = start;
            edges[at + 1] = end;
            count += 2;
        }
        return true;
    }

    /** Whether all of {@code [start, end)} is there; an empty range always is. */
    boolean covers(long start, long end) {
        return start == end || count == 2 && edges[0] <= start && edges[1] >= end;
    }
}
