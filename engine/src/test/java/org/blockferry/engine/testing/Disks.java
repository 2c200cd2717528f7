package org.blockferry.engine.testing;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.WriteFlag;

/** What tests do to whole nodes. */
public final class Disks {
    private static final int STEP = 1 << 20;

    private Disks() {
    }

    /** The bytes of {@code range}, read in one request into a direct buffer. */
    public static byte[] read(BlockSource source, ByteRange range) throws BlockException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(Math.toIntExact(range.length()));
        source.read(range.offset(), buffer);
        if (buffer.hasRemaining()) {
            throw new AssertionError("read of " + range + " left " + buffer.remaining() + " bytes of the buffer unfilled");
        }
        byte[] bytes = new byte[buffer.capacity()];
        buffer.flip().get(bytes);
        return bytes;
    }

    /** Every byte of a small node. */
    public static byte[] readAll(BlockSource source) throws BlockException {
        byte[] bytes = new byte[Math.toIntExact(source.info().length())];
        for (int at = 0; at < bytes.length; at += STEP) {
            source.read(at, ByteBuffer.wrap(bytes, at, Math.min(STEP, bytes.length - at)));
        }
        return bytes;
    }

    /** Writes {@code bytes} in one request from a direct buffer. */
    public static void write(BlockTarget target, long offset, byte[] bytes) throws BlockException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
        target.write(offset, buffer, WriteFlag.NONE);
        if (buffer.hasRemaining()) {
            throw new AssertionError("write at " + offset + " left " + buffer.remaining() + " bytes of the buffer");
        }
    }

    /** Asks for the status of {@code window} from its start to its end: every answer clipped to it, none merged. */
    public static List<BlockStatus> walk(BlockSource source, ByteRange window) throws BlockException {
        List<BlockStatus> runs = new ArrayList<>();
        long at = window.offset();
        while (at < window.end()) {
            BlockStatus run = source.status(window.from(at)).clip(window);
            if (run.offset() != at) {
                throw new AssertionError("asked at 0x" + Long.toHexString(at) + ", answered for " + run);
            }
            runs.add(run);
            at = run.end();
        }
        return runs;
    }

    /** The walk, with runs of the same bits joined, each written as {@code 0x10000+0x2000 L-MO}. */
    public static List<String> map(BlockSource source, ByteRange window) throws BlockException {
        List<String> lines = new ArrayList<>();
        BlockStatus joined = null;
        for (BlockStatus run : walk(source, window)) {
            if (joined != null && joined.bits() == run.bits()) {
                joined = joined.withRange(ByteRange.between(joined.offset(), run.end()));
            } else {
                if (joined != null) {
                    lines.add(line(joined));
                }
                joined = run;
            }
        }
        if (joined != null) {
            lines.add(line(joined));
        }
        return lines;
    }

    private static String line(BlockStatus run) {
        return run.range() + " " + run.letters();
    }
}
