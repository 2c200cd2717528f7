package org.blockferry.engine.pipeline;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.blockferry.engine.block.ByteRange;

/**
 * Ranges as they are found by several threads, sorted, and merged where they adjoin. Holds a limited number: one that adjoins none
 * of them is left out when the list is full. Thread-safe.
 */
final class RangeList {
    private final int most;
    /** Ends by starts. */
    private final TreeMap<Long, Long> ends = new TreeMap<>();

    RangeList(int most) {
        this.most = most;
    }

    /** Takes a range that overlaps none before. */
    synchronized void add(ByteRange range) {
        if (range.isEmpty()) {
            return;
        }
        long start = range.offset();
        long end = range.end();
        Map.Entry<Long, Long> before = ends.floorEntry(start);
        Long after = ends.remove(end);
        if (before != null && before.getValue() == start) {
            start = before.getKey();
        } else if (after == null && ends.size() >= most) {
            return;
        }
        ends.put(start, after == null ? end : after);
    }

    synchronized List<ByteRange> toList() {
        return ends.entrySet().stream().map(range -> ByteRange.between(range.getKey(), range.getValue())).toList();
    }
}
