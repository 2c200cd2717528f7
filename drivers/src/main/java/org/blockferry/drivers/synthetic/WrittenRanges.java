package org.blockferry.drivers.synthetic;

import java.util.Map;
import java.util.TreeMap;
import org.blockferry.engine.block.ByteRange;

/**
 * Which bytes of a disk were written, as disjoint ranges that do not touch. A copy writes nearly in order, so there are only as
 * many as requests are in flight, whatever the size of the disk. Not thread-safe.
 */
final class WrittenRanges {
    private final TreeMap<Long, Long> ends = new TreeMap<>();

    /** Adds a range; it may overlap what was there. */
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

    /** The first byte from {@code offset} on that was not written. */
    long endOfWritten(long offset) {
        Map.Entry<Long, Long> entry = ends.floorEntry(offset);
        return entry == null ? offset : Math.max(offset, entry.getValue());
    }

    /** The first byte from {@code offset} on that was written, or {@code limit}. */
    long nextWritten(long offset, long limit) {
        Long start = ends.ceilingKey(offset);
        return endOfWritten(offset) > offset ? offset : start == null ? limit : Math.min(start, limit);
    }

    /** How many ranges there are. */
    int size() {
        return ends.size();
    }
}
