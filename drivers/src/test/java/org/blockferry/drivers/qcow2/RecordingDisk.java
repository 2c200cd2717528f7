package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * A file in memory that remembers every write, discard and flush, and can say what a crash may leave of it: all that was done
 * before the last flush, and of what came after it any sectors, in any order. For one thread.
 */
final class RecordingDisk implements BlockStorage {
    private static final int SECTOR = 512;

    private final byte[] before;
    private final List<Entry> log = new ArrayList<>();
    private byte[] bytes;
    private int length;
    private NodeInfo info;
    private int failAt = Integer.MAX_VALUE;

    /** A write, or with {@code null} bytes a flush; a discard is a write of zeroes. */
    private record Entry(long offset, byte[] bytes) {
        boolean isFlush() {
            return bytes == null;
        }
    }

    RecordingDisk(byte[] content) {
        before = content.clone();
        bytes = content.clone();
        length = content.length;
        describe();
    }

    /** How many things were done. */
    int size() {
        return log.size();
    }

    /** The first write after so many things fails; it does nothing. */
    void failOnce(int things) {
        failAt = things;
    }

    /** What it holds now. */
    byte[] content() {
        return Arrays.copyOf(bytes, length);
    }

    /** What a crash ahead of the thing number {@code cut} may leave. */
    byte[] crashAt(int cut, SplittableRandom random) {
        byte[] left = before.clone();
        int flushed = 0;
        for (int i = 0; i < cut; i++) {
            flushed = log.get(i).isFlush() ? i : flushed;
        }
        // Nothing of it, all of it, or any part.
        int keep = random.nextInt(4);
        for (int i = 0; i < cut; i++) {
            Entry entry = log.get(i);
            if (entry.isFlush()) {
                continue;
            }
            for (int at = 0; at < entry.bytes.length; at += SECTOR) {
                boolean kept = i < flushed || keep == 0 || keep > 1 && random.nextInt(4) < keep;
                if (kept) {
                    left = put(left, entry, at, Math.min(SECTOR, entry.bytes.length - at));
                }
            }
        }
        return left;
    }

    private static byte[] put(byte[] content, Entry entry, int from, int count) {
        int at = (int) entry.offset + from;
        byte[] longer = at + count <= content.length ? content : Arrays.copyOf(content, at + count);
        System.arraycopy(entry.bytes, from, longer, at, count);
        return longer;
    }

    private void describe() {
        info = new NodeInfo("recorded.qcow2", "recording", length, BlockLimits.NONE, Set.of(Trait.DISCARD), 1, 1,
                Optional.empty());
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public BlockStatus status(ByteRange range) {
        return BlockStatus.data(range);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        if (offset + into.remaining() > length) {
            throw BlockException.request(Kind.OUT_OF_BOUNDS, info.name(), "read", new ByteRange(offset, into.remaining()),
                    "past the end", null);
        }
        into.put(bytes, (int) offset, into.remaining());
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        byte[] data = new byte[from.remaining()];
        from.get(data);
        record(new Entry(offset, data));
    }

    private void record(Entry entry) throws BlockException {
        if (log.size() >= failAt) {
            failAt = Integer.MAX_VALUE;
            throw BlockException.of(Kind.IO, info.name(), "Input/output error");
        }
        log.add(entry);
        int end = (int) entry.offset + entry.bytes.length;
        if (end > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 2));
        }
        System.arraycopy(entry.bytes, 0, bytes, (int) entry.offset, entry.bytes.length);
        if (end > length) {
            length = end;
            describe();
        }
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) {
        return false;
    }

    @Override
    public boolean discard(ByteRange range) throws BlockException {
        if (range.end() > length) {
            throw new AssertionError("discard of " + range + " past the end");
        }
        record(new Entry(range.offset(), new byte[(int) range.length()]));
        return true;
    }

    @Override
    public void flush() {
        log.add(new Entry(0, null));
    }

    @Override
    public void setLength(long wanted) throws BlockException {
        if (wanted > length) {
            record(new Entry(wanted - 1, new byte[1]));
        } else {
            // A crash may leave the file as long as it was.
            length = (int) wanted;
            describe();
        }
    }

    @Override
    public boolean allocate(ByteRange range) {
        return false;
    }

    @Override
    public void complete() {
        flush();
    }

    @Override
    public void close() {
        // What was recorded stays.
    }
}
