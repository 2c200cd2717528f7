package org.blockferry.drivers.synthetic;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.util.ByteSize;

/**
 * A sparse disk in memory: pages of 64 KiB, made by the first write to them and given back by zeroes and discards that cover
 * them. Of any length up to 2^63-1; the pages together take at most the bound, and a write that would need more is refused with
 * NO_SPACE.
 *
 * <p>Thread-safe for any number of readers, and of writers whose ranges share no byte: two of them may meet in one page, but
 * then neither covers it whole, so neither removes it. {@link #setLength} wants to be alone, as everywhere.
 *
 * <p>Design note: a skip list keyed by page costs a few hundred nanoseconds for each 64 KiB, and finds the next page after a
 * hole of any length without a table as large as the disk is long.
 */
public final class MemoryDisk implements BlockStorage {
    static final long HALF_OF_THE_HEAP = Runtime.getRuntime().maxMemory() / 2;
    private static final int PAGE_BITS = 16;
    private static final int PAGE = 1 << PAGE_BITS;

    private final ConcurrentSkipListMap<Long, byte[]> pages = new ConcurrentSkipListMap<>();
    private final AtomicLong used = new AtomicLong();
    private final long max;
    private final boolean growing;
    private volatile NodeInfo info;

    /** A disk of {@code length} zeroes. */
    public static MemoryDisk ofLength(String name, long length) {
        return new MemoryDisk(name, length, HALF_OF_THE_HEAP, false);
    }

    /** An empty disk that grows as it is written. */
    public static MemoryDisk growing(String name) {
        return new MemoryDisk(name, 0, HALF_OF_THE_HEAP, true);
    }

    MemoryDisk(String name, long length, long max, boolean growing) {
        this.max = max;
        this.growing = growing;
        info = new NodeInfo(name, "memory", length, BlockLimits.NONE.withZero(PAGE, Long.MAX_VALUE)
                .withDiscard(PAGE, Long.MAX_VALUE),
                Set.of(Trait.READS_ZERO_WHEN_NEW, Trait.FAST_ZERO, Trait.ZERO_MAY_UNMAP, Trait.DISCARD), Integer.MAX_VALUE,
                Integer.MAX_VALUE, Optional.empty());
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    /** Bytes of memory that the data takes. */
    public long used() {
        return used.get();
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        check("status", range.offset(), range.length());
        long page = range.offset() >>> PAGE_BITS;
        if (!pages.containsKey(page)) {
            Long next = pages.ceilingKey(page);
            return BlockStatus.zero(between(range.offset(), next == null ? Long.MAX_VALUE : next << PAGE_BITS));
        }
        // As far as asked, and not the whole of a long run: that would make a walk in small steps quadratic.
        long last = range.end() - 1 >>> PAGE_BITS;
        long end = page;
        for (Long key : pages.tailMap(page).keySet()) {
            if (key != end || key > last + 1) {
                break;
            }
            end++;
        }
        return BlockStatus.data(between(range.offset(), end << PAGE_BITS));
    }

    private ByteRange between(long start, long end) {
        return ByteRange.between(start, end < 0 ? info.length() : Math.min(end, info.length()));
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        check("read", offset, into.remaining());
        for (long at = offset; into.hasRemaining();) {
            int inPage = (int) (at & PAGE - 1);
            int step = Math.min(PAGE - inPage, into.remaining());
            byte[] page = pages.get(at >>> PAGE_BITS);
            if (page == null) {
                Requests.putZeroes(into, step);
            } else {
                into.put(page, inPage, step);
            }
            at += step;
        }
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        grow(offset, from.remaining());
        check("write", offset, from.remaining());
        for (long at = offset; from.hasRemaining();) {
            int inPage = (int) (at & PAGE - 1);
            int step = Math.min(PAGE - inPage, from.remaining());
            from.get(page(at, step), inPage, step);
            at += step;
        }
    }

    private byte[] page(long at, int length) throws BlockException {
        long number = at >>> PAGE_BITS;
        byte[] page = pages.get(number);
        if (page != null) {
            return page;
        }
        if (used.addAndGet(PAGE) > max) {
            used.addAndGet(-PAGE);
            throw BlockException.request(BlockException.Kind.NO_SPACE, info.name(), "write", new ByteRange(at, length),
                    "its data takes all of the " + ByteSize.format(max) + " that it may", null);
        }
        byte[] made = new byte[PAGE];
        byte[] other = pages.putIfAbsent(number, made);
        if (other != null) {
            used.addAndGet(-PAGE);
        }
        return other == null ? made : other;
    }

    /** With MAY_UNMAP, pages in the range are given back; without, all of the range takes memory afterwards. */
    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        boolean unmap = flags.contains(ZeroFlag.MAY_UNMAP);
        if (!unmap && flags.contains(ZeroFlag.FAST)) {
            return false;
        }
        grow(range.offset(), range.length());
        check("zero", range.offset(), range.length());
        if (!unmap) {
            for (long at = range.offset(); at < range.end();) {
                int step = (int) Math.min(PAGE - (at & PAGE - 1), range.end() - at);
                clear(page(at, step), at, step);
                at += step;
            }
            return true;
        }
        unmap(range);
        return true;
    }

    private void unmap(ByteRange range) {
        if (range.isEmpty()) {
            return;
        }
        Map<Long, byte[]> touched = pages.subMap(range.offset() >>> PAGE_BITS, true, range.end() - 1 >>> PAGE_BITS, true);
        touched.forEach((number, page) -> {
            long start = Math.max(range.offset(), number << PAGE_BITS);
            int length = (int) Math.min(range.end() - start, PAGE - (start & PAGE - 1));
            if (length < PAGE) {
                clear(page, start, length);
            } else if (pages.remove(number) != null) {
                used.addAndGet(-PAGE);
            }
        });
    }

    private static void clear(byte[] page, long at, int length) {
        int start = (int) (at & PAGE - 1);
        Arrays.fill(page, start, start + length, (byte) 0);
    }

    /** What is discarded reads as zeroes. */
    @Override
    public boolean discard(ByteRange range) throws BlockException {
        check("discard", range.offset(), range.length());
        unmap(range);
        return true;
    }

    @Override
    public void flush() {
        // Memory lasts until close, and not longer.
    }

    @Override
    public void complete() {
        // Nothing is missing.
    }

    @Override
    public synchronized void setLength(long length) {
        long old = info.length();
        if (length < old) {
            unmap(ByteRange.between(length, old));
            // The last page of old was cleared only, since the range ends inside it. The sum may pass 2^63; the shift is
            // unsigned.
            pages.tailMap(length + PAGE - 1 >>> PAGE_BITS).keySet().forEach(number -> {
                if (pages.remove(number) != null) {
                    used.addAndGet(-PAGE);
                }
            });
        }
        info = info.withLength(length);
    }

    /** There is no cheap way: memory is reserved by filling it. */
    @Override
    public boolean allocate(ByteRange range) {
        return false;
    }

    private void grow(long offset, long length) {
        if (growing && length > 0 && offset <= Long.MAX_VALUE - length && offset + length > info.length()) {
            synchronized (this) {
                if (offset + length > info.length()) {
                    setLength(offset + length);
                }
            }
        }
    }

    private void check(String operation, long offset, long length) throws BlockException {
        Requests.check(info.name(), operation, offset, length, info.length());
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        pages.clear();
        used.set(0);
    }
}
