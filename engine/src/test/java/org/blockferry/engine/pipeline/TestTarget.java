package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * A target in memory that is strict: it refuses a byte that is written twice, two threads in one cluster, a partial write of a
 * cluster above a base, a write out of order where order is promised, and more threads than it allows. Logs every request.
 */
final class TestTarget implements BlockTarget {
    /** What the target cannot do without a payload; by default it can do it all. */
    interface ZeroAnswer {
        boolean accepts(ByteRange range);
    }

    record Op(String what, ByteRange range, String flags) {
        @Override
        public String toString() {
            return what + " " + range + (flags.isEmpty() ? "" : " " + flags);
        }
    }

    final byte[] bytes;
    private final NodeInfo info;
    private final long shown;
    private final BitSet touched;
    private final List<Op> log = new ArrayList<>();
    private final ConcurrentHashMap<Long, Thread> clusters = new ConcurrentHashMap<>();
    private final AtomicInteger working = new AtomicInteger();
    private ZeroAnswer zeroes = range -> true;
    private volatile long offloadMost = Long.MAX_VALUE;
    private long appended;
    private Fault fault = Fault.NONE;

    TestTarget(NodeInfo info, byte[] base, byte garbage) {
        this.info = info;
        this.bytes = new byte[(int) info.length()];
        this.touched = new BitSet(bytes.length);
        this.shown = base.length;
        Arrays.fill(bytes, garbage);
        System.arraycopy(base, 0, bytes, 0, Math.min(base.length, bytes.length));
    }

    static TestTarget zeroed(long length, Trait... traits) {
        return of(length, BlockLimits.NONE, traits);
    }

    static TestTarget of(long length, BlockLimits limits, Trait... traits) {
        return new TestTarget(info(length, limits, 16, traits), new byte[0], (byte) 0);
    }

    static NodeInfo info(long length, BlockLimits limits, int writers, Trait... traits) {
        return new NodeInfo("target", "test", length, limits, Set.of(traits), 1, writers, Optional.empty());
    }

    TestTarget zeroing(ZeroAnswer answer) {
        zeroes = answer;
        return this;
    }

    TestTarget faulty(Fault other) {
        fault = other;
        return this;
    }

    /** Offload moves at most so much in all, then refuses. */
    TestTarget offloading(long most) {
        offloadMost = most;
        return this;
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        ByteRange range = new ByteRange(offset, from.remaining());
        fault.before("write", range);
        enter(range);
        try {
            from.get(bytes, (int) offset, from.remaining());
            note("write", range, flags.contains(WriteFlag.COMPRESSED) ? "compressed" : "");
        } finally {
            leave(range);
        }
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        fault.before("zero", range);
        if (info.has(Trait.APPEND_ONLY)) {
            throw new AssertionError("zeroes without a payload in a stream: " + range);
        }
        if (!zeroes.accepts(range)) {
            return false;
        }
        enter(range);
        try {
            Arrays.fill(bytes, (int) range.offset(), (int) range.end(), (byte) 0);
            note("zero", range, flags.contains(ZeroFlag.MAY_UNMAP) ? "may-unmap" : "");
        } finally {
            leave(range);
        }
        return true;
    }

    @Override
    public long offload(BlockStatus from, long to, long length) throws BlockException {
        fault.before("offload", new ByteRange(to, length));
        long moved;
        synchronized (this) {
            moved = Math.min(length, offloadMost);
            offloadMost -= moved;
        }
        if (moved > 0) {
            ByteRange range = new ByteRange(to, moved);
            enter(range);
            try {
                from.host().read(from.hostOffset(), ByteBuffer.wrap(bytes, (int) to, (int) moved));
                note("offload", range, "");
            } finally {
                leave(range);
            }
        }
        return moved;
    }

    private void enter(ByteRange range) {
        if (working.incrementAndGet() > info.maxWriters()) {
            throw new AssertionError("more than " + info.maxWriters() + " writers");
        }
        int cluster = info.limits().clusterSize();
        for (long at = range.offset() / cluster; at <= (range.end() - 1) / cluster && cluster > 1; at++) {
            Thread other = clusters.putIfAbsent(at, Thread.currentThread());
            if (other != null && other != Thread.currentThread()) {
                throw new AssertionError("cluster " + at + " is written by " + other + " and " + Thread.currentThread());
            }
        }
        if (shown > 0 && range.offset() < shown) {
            ByteRange whole = range.alignOutward(cluster, info.length());
            boolean offloadedInPart = offloadMost == 0;
            boolean part = whole.offset() != range.offset() || whole.end() != range.end() && range.end() < shown;
            if (part && !offloadedInPart) {
                throw new AssertionError("part of a cluster above the base: " + range);
            }
        }
    }

    private void leave(ByteRange range) {
        working.decrementAndGet();
    }

    private synchronized void note(String what, ByteRange range, String flags) {
        int twice = touched.nextSetBit((int) range.offset());
        if (twice >= 0 && twice < range.end()) {
            throw new AssertionError("written twice at " + twice + " by " + what + " " + range);
        }
        touched.set((int) range.offset(), (int) range.end());
        if (info.has(Trait.APPEND_ONLY)) {
            if (range.offset() != appended) {
                throw new AssertionError("out of order: " + range + " after " + appended);
            }
            appended = range.end();
        }
        log.add(new Op(what, range, flags));
    }

    synchronized long appended() {
        return appended;
    }

    /** Bytes of the requests of this kind. */
    synchronized long bytesOf(String what) {
        return log.stream().filter(op -> op.what.equals(what)).mapToLong(op -> op.range.length()).sum();
    }

    /** Every request, by offset. */
    synchronized String sortedLog() {
        return log.stream().sorted(Comparator.comparing(Op::range)).map(Op::toString).collect(Collectors.joining("\n"));
    }

    synchronized List<Op> log() {
        return List.copyOf(log);
    }

    @Override
    public void flush() {
        // memory
    }

    @Override
    public void complete() {
        // nothing is missing
    }

    @Override
    public void close() {
        // nothing is held
    }
}
