package org.blockferry.drivers.nbd.server;

import java.util.ArrayList;
import java.util.List;
import org.blockferry.engine.block.ByteRange;

/** Keeps changes of overlapping ranges apart, in the order of their arrival as far as that matters to nobody. Thread-safe. */
final class RangeLocks {
    private final List<ByteRange> held = new ArrayList<>();

    /** Waits until nobody holds a byte of {@code range}, then holds it. */
    synchronized void acquire(ByteRange range) throws InterruptedException {
        while (isHeld(range)) {
            wait();
        }
        held.add(range);
    }

    private boolean isHeld(ByteRange range) {
        for (ByteRange each : held) {
            if (each.overlaps(range)) {
                return true;
            }
        }
        return false;
    }

    synchronized void release(ByteRange range) {
        held.remove(range);
        notifyAll();
    }
}
