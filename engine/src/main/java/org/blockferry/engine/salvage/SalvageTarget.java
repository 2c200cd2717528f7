package org.blockferry.engine.salvage;

import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.util.CloseAll;

/**
 * Notes in a map what the target has taken, and saves the map every few seconds and at the end, however that comes. What the
 * map calls finished was flushed before: the target has it even after a crash. It is as thread-safe as the target.
 */
public final class SalvageTarget implements BlockTarget {
    private final BlockTarget below;
    private final SalvageMap map;
    private final String format;
    private final long interval;
    private final ReentrantLock saving = new ReentrantLock();
    private volatile long saved = System.nanoTime();
    private boolean completed;
    private boolean closed;

    /**
     * Saves the map, so that it is there from the beginning.
     *
     * @param below the target, written in place
     * @param format its name, for the map
     * @param intervalNanos between two saves at the least
     */
    public SalvageTarget(BlockTarget below, SalvageMap map, String format, long intervalNanos) throws BlockException {
        this.below = below;
        this.map = map;
        this.format = format;
        this.interval = intervalNanos;
        MapFile.write(map.file(), map.text(format));
    }

    @Override
    public NodeInfo info() {
        return below.info();
    }

    @Override
    public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        ByteRange range = new ByteRange(offset, from.remaining());
        below.write(offset, from, flags);
        done(range);
    }

    @Override
    public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        boolean written = below.writeZeroes(range, flags);
        if (written) {
            done(range);
        }
        return written;
    }

    @Override
    public void flush() throws BlockException {
        below.flush();
    }

    @Override
    public long offload(BlockStatus from, long to, long length) throws BlockException {
        long moved = below.offload(from, to, length);
        done(new ByteRange(to, moved));
        return moved;
    }

    private void done(ByteRange range) throws BlockException {
        map.done(range);
        if (System.nanoTime() - saved >= interval && saving.tryLock()) {
            try {
                save();
                saved = System.nanoTime();
            } finally {
                saving.unlock();
            }
        }
    }

    private void save() throws BlockException {
        // In this order: what the text calls finished is what the flush makes durable, or less.
        String text = map.text(format);
        below.flush();
        MapFile.write(map.file(), text);
    }

    @Override
    public void giveUp() {
        below.giveUp();
    }

    @Override
    public void complete() throws BlockException {
        save();
        below.complete();
        completed = true;
    }

    /** Saves what was done also when it is not all. */
    @Override
    public void close() throws BlockException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (!completed) {
                save();
            }
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, below);
            throw e;
        }
        below.close();
    }
}
