package org.blockferry.engine.mirror;

import org.blockferry.engine.pipeline.CopyCounters;

/** Counts what passes have dealt with and how fast both sides are. Written by the job's thread, read by any. */
final class MirrorMeter {
    private final long total;
    private final long finalBytes;
    private CopyCounters counters;
    private long passBytes;
    private long passStart;
    private long earlier;
    private long left;
    private long copyRate;
    private long dirtyRate;
    private long lastAsked = System.nanoTime();
    private int pass;

    MirrorMeter(long total, long finalBytes) {
        this.total = total;
        this.finalBytes = finalBytes;
        this.left = total;
    }

    /** A pass begins that is to deal with so many bytes. */
    synchronized void begin(CopyCounters pipeline, long bytes) {
        pass++;
        counters = pipeline;
        passBytes = bytes;
        passStart = System.nanoTime();
        left = 0;
    }

    /** It has ended, however. */
    synchronized void end() {
        long moved = moved();
        copyRate = rate(moved, System.nanoTime() - passStart);
        earlier += passBytes;
        counters = null;
        passBytes = 0;
    }

    /** So many bytes have become dirty since this was last asked and taken. */
    synchronized void dirty(long bytes) {
        long now = System.nanoTime();
        dirtyRate = rate(bytes, now - lastAsked);
        lastAsked = now;
        left = bytes;
    }

    /** Bytes that were dirty when that was last asked, and are not being copied. */
    synchronized long left() {
        return left;
    }

    synchronized MirrorProgress progress(JobStatus status) {
        long moved = counters == null ? 0 : Math.min(passBytes, moved());
        long rate = counters == null ? copyRate : rate(moved, System.nanoTime() - passStart);
        long offset = earlier + moved;
        long all = pass == 0 ? total : earlier + passBytes + left;
        return new MirrorProgress(status, pass, offset, all, left, rate, dirtyRate, finalBytes);
    }

    private long moved() {
        // What is skipped is not dirty; in the first pass it is what the base holds.
        return pass == 1 ? counters.done() : counters.done() - counters.skipped();
    }

    private static long rate(long bytes, long nanos) {
        return (long) (bytes / (Math.max(nanos, 1_000_000) / 1e9));
    }
}
