package org.blockferry.engine.resume;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.blockferry.engine.block.ByteRange;

/** Bytes, as ranges that do not touch. Owned by one thread at a time. */
final class RangeSet {
    private final TreeMap<Long, Long> ends = new TreeMap<>();

    void add(ByteRange range) {
        if (range.isEmpty()) {
            return;
        }
        long start = range.offset();
        long end = range.end();
        Map.Entry<Long, Long> before = ends.floorEntry(start);
        if (before != null && before.getValue() >= start) {
            start = before.getKey();
            end = Math.max(end, before.getValue());
        }
        for (Map.Entry<Long, Long> next = ends.ceilingEntry(start); next != null && next.getKey() <= end;
                next = ends.ceilingEntry(start)) {
            end = Math.max(end, next.getValue());
            ends.remove(next.getKey());
        }
        ends.put(start, end);
    }

    boolean isEmpty() {
        return ends.isEmpty();
    }

    /** The ranges, ascending. */
    List<ByteRange> ranges() {
        List<ByteRange> ranges = new ArrayList<>(ends.size());
        ends.forEach((start, end) -> ranges.add(ByteRange.between(start, end)));
        return ranges;
    }
}
