package org.blockferry.drivers.qcow2;

import java.util.ArrayList;
import java.util.List;

/**
 * Keeps requests apart that touch the same guest clusters, where one of them changes something: data is moved outside of the
 * metadata's lock, and meanwhile nobody may free, move or fill its cluster. A thread holds one range at a time.
 *
 * <p>There are as many ranges as requests in flight, some dozens, so they are looked through one by one.
 */
final class ClusterLocks {
    private final List<Held> held = new ArrayList<>();

    /** A range of guest clusters that is in use. */
    record Held(long first, long last, boolean exclusive) {
        private boolean conflicts(Held other) {
            return first <= other.last && other.first <= last && (exclusive || other.exclusive);
        }
    }

    /** Waits until no other request is in the way. */
    synchronized Held acquire(long firstCluster, long lastCluster, boolean exclusive) {
        Held wanted = new Held(firstCluster, lastCluster, exclusive);
        boolean interrupted = false;
        while (isTaken(wanted)) {
            try {
                wait();
            } catch (InterruptedException e) {
                // Storage requests cannot be given up half done; the caller sees the interrupt after its request.
                interrupted = true;
            }
        }
        held.add(wanted);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return wanted;
    }

    private boolean isTaken(Held wanted) {
        for (Held other : held) {
            if (other.conflicts(wanted)) {
                return true;
            }
        }
        return false;
    }

    synchronized void release(Held range) {
        for (int i = 0; i < held.size(); i++) {
            if (held.get(i) == range) {
                held.remove(i);
                break;
            }
        }
        notifyAll();
    }
}
