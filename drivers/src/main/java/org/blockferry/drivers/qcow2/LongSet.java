package org.blockferry.drivers.qcow2;

import java.util.Arrays;

/** A set of longs that are not negative, without boxing: open addressing, linear probing. Not thread-safe. */
final class LongSet {
    private static final long EMPTY = -1;
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private long[] slots;
    private int bits;
    private int size;

    LongSet() {
        allocate(6);
    }

    private void allocate(int newBits) {
        bits = newBits;
        slots = new long[1 << newBits];
        Arrays.fill(slots, EMPTY);
    }

    boolean contains(long value) {
        return slots[find(value)] == value;
    }

    void add(long value) {
        int at = find(value);
        if (slots[at] == value) {
            return;
        }
        slots[at] = value;
        if (++size * 2 > slots.length) {
            long[] old = slots;
            allocate(bits + 1);
            for (long each : old) {
                if (each != EMPTY) {
                    slots[find(each)] = each;
                }
            }
        }
    }

    void remove(long value) {
        int hole = find(value);
        if (slots[hole] != value) {
            return;
        }
        size--;
        // Those behind that would no longer be found move up.
        int mask = slots.length - 1;
        for (int at = hole + 1 & mask; slots[at] != EMPTY; at = at + 1 & mask) {
            if ((at - home(slots[at]) & mask) >= (at - hole & mask)) {
                slots[hole] = slots[at];
                hole = at;
            }
        }
        slots[hole] = EMPTY;
    }

    /** Where the value is, or where it would go. */
    private int find(long value) {
        int mask = slots.length - 1;
        int at = home(value);
        while (slots[at] != value && slots[at] != EMPTY) {
            at = at + 1 & mask;
        }
        return at;
    }

    private int home(long value) {
        return (int) (value * GOLDEN >>> Long.SIZE - bits);
    }
}
