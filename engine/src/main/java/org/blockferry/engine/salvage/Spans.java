package org.blockferry.engine.salvage;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.blockferry.engine.block.ByteRange;

/** The state of each byte of a disk, as spans that adjoin. Owned by one thread at a time. */
final class Spans {
    /** Bytes in one state. */
    record Span(ByteRange range, char state) {
    }

    private final long length;
    /** States by the starts of their spans. */
    private final TreeMap<Long, Character> starts = new TreeMap<>();

    /** All bytes in one state. */
    Spans(long length, char state) {
        this.length = length;
        if (length > 0) {
            starts.put(0L, state);
        }
    }

    /** Bytes of the disk. */
    long length() {
        return length;
    }

    /** How many spans there are. */
    int size() {
        return starts.size();
    }

    void set(ByteRange range, char state) {
        if (range.isEmpty()) {
            return;
        }
        long end = range.end();
        char behind = end < length ? starts.floorEntry(end).getValue() : 0;
        starts.subMap(range.offset(), end).clear();
        Map.Entry<Long, Character> before = starts.lowerEntry(range.offset());
        if (before == null || before.getValue() != state) {
            starts.put(range.offset(), state);
        }
        if (end < length) {
            if (behind == state) {
                starts.remove(end);
            } else {
                starts.put(end, behind);
            }
        }
    }

    /** The spans that lie in {@code range}, cut to it. */
    List<Span> within(ByteRange range) {
        List<Span> found = new ArrayList<>();
        for (long at = range.offset(); at < range.end(); ) {
            Map.Entry<Long, Character> span = starts.floorEntry(at);
            Long next = starts.higherKey(at);
            long end = Math.min(range.end(), next == null ? length : next);
            found.add(new Span(ByteRange.between(at, end), span.getValue()));
            at = end;
        }
        return found;
    }
}
