package org.blockferry.engine.pipeline;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.blockferry.engine.block.ByteRange;

/**
 * What a copy has done so far, by kind; the kinds do not overlap. Live: any thread may read while the copy runs. A byte is
 * counted when the target has taken it, never before; a range whose write failed is not counted.
 */
public final class CopyCounters {
    /** Unreadable ranges that are listed one by one; further ones are only counted. */
    public static final int MAX_LISTED = 1000;

    private final LongAdder copied = new LongAdder();
    private final LongAdder offloaded = new LongAdder();
    private final LongAdder zeroed = new LongAdder();
    private final LongAdder zeroDetected = new LongAdder();
    private final LongAdder skipped = new LongAdder();
    private final LongAdder salvaged = new LongAdder();
    private final RangeList salvagedRanges = new RangeList(MAX_LISTED);
    private volatile Consumer<ByteRange> lossListener = range -> { };
    private volatile long length;

    CopyCounters() {
    }

    /** Bytes that were read and written. */
    public long copied() {
        return copied.sum();
    }

    /** Bytes that the system copied by itself. */
    public long offloaded() {
        return offloaded.sum();
    }

    /** Bytes that the source told to be zeroes, whether they had to be written or not. */
    public long zeroed() {
        return zeroed.sum();
    }

    /** Bytes that were found to be zeroes after they had been read, and were not written as data. */
    public long zeroDetected() {
        return zeroDetected.sum();
    }

    /** Bytes left to the target's base. */
    public long skipped() {
        return skipped.sum();
    }

    /** All of the above: how far the copy is. */
    public long done() {
        return copied() + offloaded() + zeroed() + zeroDetected() + skipped();
    }

    /** Bytes that could not be read and were replaced by zeroes; they are among the copied or the detected ones as well. */
    public long salvaged() {
        return salvaged.sum();
    }

    /** Ranges that could not be read, sorted, merged where they adjoin; {@value #MAX_LISTED} of them at most. */
    public List<ByteRange> salvagedRanges() {
        return salvagedRanges.toList();
    }

    /** End of the last byte that was taken from the source; after a stream has ended, its length. */
    public long length() {
        return length;
    }

    void addCopied(long bytes) {
        copied.add(bytes);
    }

    void addOffloaded(long bytes) {
        offloaded.add(bytes);
    }

    void addZeroed(long bytes) {
        zeroed.add(bytes);
    }

    void addZeroDetected(long bytes) {
        zeroDetected.add(bytes);
    }

    void addSkipped(long bytes) {
        skipped.add(bytes);
    }

    /** Who is told of each range that could not be read, by the thread that read; set before the copy runs. */
    public void listenToLosses(Consumer<ByteRange> listener) {
        lossListener = Objects.requireNonNull(listener, "listener");
    }

    void addSalvaged(ByteRange range) {
        lossListener.accept(range);
        salvaged.add(range.length());
        salvagedRanges.add(range);
    }

    /** Called by the planner's thread only. */
    void planned(long end) {
        length = end;
    }

    @Override
    public String toString() {
        return "copied " + copied() + ", offloaded " + offloaded() + ", zeroed " + zeroed() + ", zero detected "
                + zeroDetected() + ", skipped " + skipped();
    }
}
