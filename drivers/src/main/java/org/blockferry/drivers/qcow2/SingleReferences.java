package org.blockferry.drivers.qcow2;

import java.util.BitSet;

/** Which clusters of a window have a refcount of exactly one: a bit each, in pages that are made when one is set. */
final class SingleReferences {
    static final long[] NONE = {};
    private static final int WORDS = ReferenceCounts.PAGE / Long.SIZE;

    private final long start;
    private final long end;
    private final long[][] pages;
    /** A bit for 64 clusters whose refcounts cannot be read. */
    private final BitSet unknown = new BitSet();

    SingleReferences(long start, long end) {
        this.start = start;
        this.end = end;
        this.pages = new long[(int) (end - start + ReferenceCounts.PAGE - 1 >>> ReferenceCounts.PAGE_BITS)][];
    }

    boolean covers(long cluster) {
        return cluster >= start && cluster < end;
    }

    void set(long cluster) {
        page(cluster)[word(cluster)] |= 1L << (cluster - start);
    }

    /** The refcounts of these cannot be read; {@code cluster} is a multiple of 64. */
    void markUnknown(long cluster, int count) {
        unknown.set((int) (cluster - start >>> 6), (int) (cluster - start + count + 63 >>> 6));
    }

    boolean isUnknown(long cluster) {
        return unknown.get((int) (cluster - start >>> 6));
    }

    /** Keeps the given page as it is, without copying. */
    void takePage(long cluster, long[] bits) {
        pages[pageIndex(cluster)] = bits;
    }

    /** Copies bits {@code [first, first + length)} of a page; both are multiples of 64. */
    void copy(long cluster, long[] bits, int first, int length) {
        System.arraycopy(bits, first >>> 6, page(cluster), first >>> 6, length >>> 6);
    }

    boolean isSingle(long cluster) {
        long[] page = pages[pageIndex(cluster)];
        return page != null && (page[word(cluster)] >>> cluster - start & 1) != 0;
    }

    /** Whether all of {@code count} clusters, which the window covers, are single. */
    boolean areSingle(long cluster, int count) {
        long at = cluster;
        long last = cluster + count;
        while (at < last) {
            long[] page = pages[pageIndex(at)];
            int shift = (int) (at - start) & 63;
            int bits = (int) Math.min(64 - shift, last - at);
            long mask = -1L >>> 64 - bits << shift;
            if (page == null || (page[word(at)] & mask) != mask) {
                return false;
            }
            at += bits;
        }
        return true;
    }

    private int pageIndex(long cluster) {
        return (int) (cluster - start >>> ReferenceCounts.PAGE_BITS);
    }

    private int word(long cluster) {
        return (int) (cluster - start & ReferenceCounts.PAGE - 1) >>> 6;
    }

    private long[] page(long cluster) {
        int index = pageIndex(cluster);
        if (pages[index] == null) {
            pages[index] = new long[WORDS];
        }
        return pages[index];
    }
}
