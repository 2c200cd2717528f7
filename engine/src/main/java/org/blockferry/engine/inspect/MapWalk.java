package org.blockferry.engine.inspect;

import java.util.Optional;
import org.blockferry.engine.block.BlockException;

/** A walk over a part of a disk, batch by batch. Used by one thread at a time. */
final class MapWalk {
    /** Enough that handing a batch over costs nothing, few enough that both ends have something to do. */
    static final int BATCH = 1024;

    private final DiskView view;
    private final long end;
    private long at;
    /** What may yet grow. */
    private Optional<MapEntry> pending = Optional.empty();

    MapWalk(DiskView view, long start, long end) {
        this.view = view;
        this.at = start;
        this.end = end;
    }

    /** Fills {@code batch} from its start; returns how many, and fewer than there is room for only at the end. */
    int fill(MapEntry[] batch) throws BlockException {
        int count = 0;
        while (count < batch.length && at < end) {
            MapEntry next = view.entry(at, end);
            at = next.end();
            if (pending.isPresent()) {
                MapEntry before = pending.get();
                if (before.continuesInto(next)) {
                    next = before.withLength(next.end() - before.start());
                } else {
                    batch[count++] = before;
                }
            }
            pending = Optional.of(next);
        }
        if (count < batch.length && pending.isPresent()) {
            batch[count++] = pending.get();
            pending = Optional.empty();
        }
        return count;
    }
}
