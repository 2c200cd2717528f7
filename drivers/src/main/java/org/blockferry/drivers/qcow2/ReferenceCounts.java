package org.blockferry.drivers.qcow2;

import java.util.Arrays;
import java.util.Optional;

/**
 * How often each host cluster is referred to, in bounded memory: counts are kept for a window of clusters only.
 *
 * <p>A page has the counts of 32768 clusters: a bit each while all of them are 0 or 1, a byte each when one of them is more, an
 * {@code int} each when a byte does not do. When the pages together would take more than the budget, the highest ones are
 * dropped and the window ends where they began; whoever counts then counts a second time, for the window that follows.
 *
 * <p>Not thread-safe.
 */
final class ReferenceCounts {
    static final int PAGE_BITS = 15;
    static final int PAGE = 1 << PAGE_BITS;
    /** Bytes of a page of the widest kind; a budget holds at least one. */
    static final int LARGEST_PAGE_BYTES = PAGE * Integer.BYTES;
    private static final int MAX_PAGES = 1 << 16;

    private final long budget;
    private final long max;
    private final Object[] pages;
    private final long start;
    private long end;
    private long used;
    private int highestPage = -1;
    /** For each page; made when the first one is needed. */
    private int[] overflows = {};

    /**
     * Counts for the clusters from {@code start} on.
     *
     * @param start first cluster, a multiple of {@link #PAGE}
     * @param end behind the last cluster that is of interest
     * @param max a count never becomes more
     * @param budget bytes for all pages
     */
    ReferenceCounts(long start, long end, long max, long budget) {
        this.start = start;
        this.end = Math.min(end, start + ((long) MAX_PAGES << PAGE_BITS));
        this.max = max;
        this.budget = Math.max(budget, LARGEST_PAGE_BYTES);
        this.pages = new Object[(int) (this.end - start + PAGE - 1 >>> PAGE_BITS)];
    }

    long start() {
        return start;
    }

    /** Behind the last cluster that is counted; it may become less while counting goes on. */
    long end() {
        return end;
    }

    boolean holds(long cluster) {
        return cluster >= start && cluster < end;
    }

    /** How many references were not counted, because a count was at its limit. */
    long overflows() {
        return Arrays.stream(overflows, 0, Math.min(overflows.length, highestPage + 1)).asLongStream().sum();
    }

    private void overflow(int page) {
        if (overflows.length == 0) {
            overflows = new int[pages.length];
        }
        overflows[page]++;
    }

    /** Counts one reference to each of {@code count} clusters; those outside the window are left out. */
    void add(long cluster, long count) {
        long from = Math.max(cluster, start);
        while (from < Math.min(cluster + count, end)) {
            int page = (int) (from - start >>> PAGE_BITS);
            long pageEnd = start + ((long) (page + 1) << PAGE_BITS);
            int first = (int) (from - start) & PAGE - 1;
            int length = (int) (Math.min(Math.min(cluster + count, pageEnd), end) - from);
            addInPage(page, first, first + length);
            from += length;
        }
    }

    /** Takes one reference away from a cluster in the window. */
    void remove(long cluster) {
        int page = (int) (cluster - start >>> PAGE_BITS);
        int index = (int) (cluster - start) & PAGE - 1;
        if (pages[page] instanceof long[] bits) {
            bits[index >>> 6] &= ~(1L << index);
        } else if (pages[page] instanceof byte[] bytes) {
            bytes[index]--;
        } else if (pages[page] instanceof int[] ints) {
            ints[index]--;
        }
    }

    /** The count of a cluster in the window. */
    long get(long cluster) {
        Object page = pages[(int) (cluster - start >>> PAGE_BITS)];
        int index = (int) (cluster - start) & PAGE - 1;
        if (page instanceof long[] bits) {
            return bits[index >>> 6] >>> index & 1;
        }
        if (page instanceof byte[] bytes) {
            return bytes[index] & 0xff;
        }
        return page instanceof int[] ints ? ints[index] : 0;
    }

    /** Whether nothing in the page of a cluster was counted. */
    boolean isEmptyPage(long cluster) {
        return pages[(int) (cluster - start >>> PAGE_BITS)] == null;
    }

    /**
     * The counts of 64 clusters as bits, when their page keeps bits.
     *
     * @param cluster the first one, a multiple of 64
     * @return the bits, or {@code otherwise}
     */
    long bits(long cluster, long otherwise) {
        Object page = pages[(int) (cluster - start >>> PAGE_BITS)];
        if (page == null) {
            return 0;
        }
        return page instanceof long[] bits ? bits[(int) (cluster - start & PAGE - 1) >>> 6] : otherwise;
    }

    /** The page of a cluster as bits, not to be changed; empty when it is of another kind or nothing in it was counted. */
    Optional<long[]> bitsOfPage(long cluster) {
        return pages[(int) (cluster - start >>> PAGE_BITS)] instanceof long[] bits ? Optional.of(bits) : Optional.empty();
    }

    private void addInPage(int page, int from, int to) {
        Object counts = pages[page];
        if (counts == null) {
            counts = put(page, new long[PAGE / Long.SIZE], PAGE / Byte.SIZE);
        }
        if (counts instanceof long[] bits) {
            if (setBits(bits, from, to)) {
                return;
            }
            counts = put(page, widen(bits), PAGE);
        }
        if (counts instanceof byte[] bytes) {
            int done = addBytes(page, bytes, from, to);
            if (done == to) {
                return;
            }
            counts = put(page, widen(bytes), LARGEST_PAGE_BYTES);
            addInts(page, (int[]) counts, done, to);
        } else {
            addInts(page, (int[]) counts, from, to);
        }
    }

    /** Sets bits that are 0, unless one of them is not. */
    private static boolean setBits(long[] bits, int from, int to) {
        int firstWord = from >>> 6;
        int lastWord = to - 1 >>> 6;
        long firstMask = -1L << from;
        long lastMask = -1L >>> -to;
        if (firstWord == lastWord) {
            firstMask &= lastMask;
            lastMask = 0;
        }
        long seen = bits[firstWord] & firstMask | bits[lastWord] & lastMask;
        for (int i = firstWord + 1; i < lastWord; i++) {
            seen |= bits[i];
        }
        if (seen != 0) {
            return false;
        }
        bits[firstWord] |= firstMask;
        bits[lastWord] |= lastMask;
        if (lastWord > firstWord + 1) {
            Arrays.fill(bits, firstWord + 1, lastWord, -1L);
        }
        return true;
    }

    /** Returns where a byte did not do, or {@code to}. */
    private int addBytes(int page, byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            int count = bytes[i] & 0xff;
            if (count >= max) {
                overflow(page);
            } else if (count == 0xff) {
                return i;
            } else {
                bytes[i] = (byte) (count + 1);
            }
        }
        return to;
    }

    private void addInts(int page, int[] ints, int from, int to) {
        for (int i = from; i < to; i++) {
            if (ints[i] >= max || ints[i] == Integer.MAX_VALUE) {
                overflow(page);
            } else {
                ints[i]++;
            }
        }
    }

    private static byte[] widen(long[] bits) {
        byte[] bytes = new byte[PAGE];
        for (int i = 0; i < PAGE; i++) {
            bytes[i] = (byte) (bits[i >>> 6] >>> i & 1);
        }
        return bytes;
    }

    private static int[] widen(byte[] bytes) {
        int[] ints = new int[PAGE];
        for (int i = 0; i < PAGE; i++) {
            ints[i] = bytes[i] & 0xff;
        }
        return ints;
    }

    /** Keeps a page, and makes room for it; it is itself dropped when it is the highest. Returns it. */
    private Object put(int page, Object counts, int bytes) {
        used += bytes - bytes(pages[page]);
        pages[page] = counts;
        highestPage = Math.max(highestPage, page);
        while (used > budget && highestPage > 0) {
            used -= bytes(pages[highestPage]);
            pages[highestPage] = null;
            end = start + ((long) highestPage << PAGE_BITS);
            highestPage--;
        }
        return counts;
    }

    private static int bytes(Object page) {
        if (page instanceof long[]) {
            return PAGE / Byte.SIZE;
        }
        if (page instanceof byte[]) {
            return PAGE;
        }
        return page == null ? 0 : LARGEST_PAGE_BYTES;
    }
}
