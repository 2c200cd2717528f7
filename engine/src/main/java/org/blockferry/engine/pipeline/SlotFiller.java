package org.blockferry.engine.pipeline;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;

/**
 * Packs runs into slots, ascending. Many small runs share a slot, so that a hand-over is paid once for hundreds of them; two
 * slots never touch the same unit of the target, so that two writers never work in one cluster.
 *
 * <p>The rule behind that: a slot that ends inside a unit always has room left for the rest of the unit as data. Data is cut at
 * multiples of the slot size, or where it has to be, at multiples of the unit. Used by the planner's thread.
 */
final class SlotFiller {
    /**
     * Most bytes of one offloaded run. A kernel copies at a few GB/s at worst, so progress and cancel wait some tens of
     * milliseconds at most; sharing blocks takes no time whatever the size.
     */
    static final long OFFLOAD_STEP = 64L << 20;

    /** Most bytes of one run that is carried over compressed, unless a slot has more. */
    private static final int CARRY_STEP = 1 << 20;

    /** Where slots come from and go to. */
    interface Ring {
        /** A free slot to be filled; null when the copy is ending. */
        CopySlot claim() throws BlockException;

        /** Hands over the slot that was claimed last. */
        void publish(CopySlot slot, long dataBytes);
    }

    private final int slotBytes;
    private final long unit;
    private final int memoryAlignment;
    private final Ring ring;
    private CopySlot slot;
    private int used;
    private long dataBytes;
    private long lastEnd;

    /** @param memoryAlignment where in the buffer a run is best put; a power of two */
    SlotFiller(int slotBytes, int unit, int memoryAlignment, Ring ring) {
        this.slotBytes = slotBytes;
        this.unit = unit;
        this.memoryAlignment = memoryAlignment;
        this.ring = ring;
    }

    /** Adds data to be read and written; false when the copy is ending. */
    boolean addData(ByteRange range) throws BlockException {
        for (long at = range.offset(); at < range.end(); ) {
            if (!begin()) {
                return false;
            }
            long end = Math.min(range.end(), at - at % slotBytes + slotBytes);
            if (!fits(at, end, end - at)) {
                if (!sharesUnit(at)) {
                    publish();
                    continue;
                }
                end = floor(at + slotBytes - used);
            }
            int position = place(at, end);
            slot.runs().addData(at, end - at, position);
            used = position + (int) (end - at);
            dataBytes += end - at;
            lastEnd = end;
            at = end;
        }
        return true;
    }

    /** Adds zeroes to be written; false when the copy is ending. */
    boolean addZero(ByteRange range) throws BlockException {
        for (long at = range.offset(); at < range.end(); ) {
            if (!begin()) {
                return false;
            }
            long end = range.end();
            if (!fits(at, end, 0)) {
                if (!sharesUnit(at)) {
                    publish();
                    continue;
                }
                end = floor(end);
            }
            slot.runs().addZero(at, end - at);
            lastEnd = end;
            at = end;
        }
        return true;
    }

    /** Adds a run that the system is to copy, or that is carried over compressed; false when the copy is ending. */
    boolean addOffload(BlockStatus status) throws BlockException {
        // What is carried over is checked on the way: the work is shared out as data is.
        long step = status.isCompressed() ? Math.max(slotBytes, CARRY_STEP) : OFFLOAD_STEP;
        for (long at = status.offset(); at < status.end(); ) {
            if (!begin()) {
                return false;
            }
            long end = Math.min(status.end(), at - at % step + step);
            if (!fits(at, end, 0)) {
                if (!sharesUnit(at)) {
                    publish();
                    continue;
                }
                end = floor(end);
            }
            slot.runs().addOffload(status.clip(ByteRange.between(at, end)));
            dataBytes += end - at;
            lastEnd = end;
            at = end;
            if (dataBytes >= step && at % unit == 0) {
                publish();
            }
        }
        return true;
    }

    /** Hands over what there is. */
    void finish() {
        if (slot != null) {
            publish();
        }
    }

    private boolean begin() throws BlockException {
        if (slot == null) {
            slot = ring.claim();
            used = 0;
            dataBytes = 0;
            lastEnd = 0;
        }
        return slot != null;
    }

    private boolean sharesUnit(long at) {
        return slot.runs().size() > 0 && at < ceil(lastEnd);
    }

    /** Whether a run of so much data fits, and after it the rest of the unit that it ends in. */
    private boolean fits(long at, long end, long data) {
        return used + data + ceil(end) - end <= slotBytes && (slot.runs().size() < RunList.USUAL || sharesUnit(at));
    }

    /** Where in the buffer the next data goes: right behind what it goes on from, else aligned if room is left for that. */
    private int place(long at, long end) {
        int aligned = used + (-used & memoryAlignment - 1);
        return at == lastEnd || aligned + ceil(end) - at > slotBytes ? used : aligned;
    }

    private void publish() {
        CopySlot full = slot;
        slot = null;
        ring.publish(full, dataBytes);
    }

    private long floor(long position) {
        return position - position % unit;
    }

    private long ceil(long position) {
        return floor(position + unit - 1);
    }
}
