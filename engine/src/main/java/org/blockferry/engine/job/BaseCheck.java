package org.blockferry.engine.job;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.graph.ChainStatus;
import org.blockferry.engine.graph.ImageChain;

/**
 * Finds out which part of a source's chain a file is a copy of, by its content.
 *
 * <p>Kept below the layers {@code [0, k)}, a base is right if it reads as the source does wherever these layers defer. The
 * bytes to be compared are the same for every {@code k}, there are only fewer of them for a larger one. So one walk is enough:
 * it starts with {@code k = 1}, and a difference in bytes that layer {@code d} decides makes {@code k} so large that this layer
 * is copied. What is known to be zero on both sides, or stands at the same place of the same file, is not read.
 */
final class BaseCheck {
    private static final int STEP = 1 << 20;

    private final ImageChain source;
    private final ImageChain base;
    private final int layers;
    private final long end;
    private final ByteBuffer expected = ByteBuffer.allocateDirect(STEP);
    private final ByteBuffer actual = ByteBuffer.allocateDirect(STEP);
    private int index = 1;

    BaseCheck(ImageChain source, ImageChain base) {
        this.source = source;
        this.base = base;
        this.layers = source.layers().size();
        this.end = source.info().length();
    }

    /**
     * The smallest index of a layer that the base can stand for.
     *
     * @throws BlockException REFUSED with the first offset that differs, or the lengths
     */
    int index() throws BlockException {
        raiseTo(1);
        if (index == layers) {
            throw tooShort(source, base);
        }
        for (long at = 0; at < end; ) {
            ChainStatus run = source.statusAbove(layers, ByteRange.between(at, end));
            BlockStatus status = run.status().clip(ByteRange.between(at, end));
            at = index >= enough(run) && run.depth() > 0 ? status.end() : compare(status, run);
        }
        return index;
    }

    /** The index from which on a run does not matter: its layer is copied, or zeroes are written over a longer base. */
    private static int enough(ChainStatus run) {
        return run.status().isLocal() ? run.depth() : run.depth() - 1;
    }

    /** Compares one run of the source; returns where to go on: at its end, or after the first difference. */
    private long compare(BlockStatus run, ChainStatus decided) throws BlockException {
        for (long at = run.offset(); at < run.end(); ) {
            BlockStatus other = at >= base.info().length() ? BlockStatus.zero(ByteRange.between(at, run.end()))
                    : base.status(ByteRange.between(at, Math.min(run.end(), base.info().length())))
                            .clip(ByteRange.between(at, run.end()));
            ByteRange both = ByteRange.between(at, Math.min(run.end(), other.end()));
            if (!(run.isZero() && other.isZero()) && !samePlace(run.clip(both), other.clip(both))) {
                long difference = difference(both);
                if (difference >= 0) {
                    raiseTo(decided.depth() == 0 ? layers : enough(decided));
                    if (index == layers) {
                        throw BlockException.of(Kind.REFUSED, name(base), "this is not the base of " + name(source)
                                + ": they differ at byte " + difference + " (0x" + Long.toHexString(difference) + ")");
                    }
                    return run.end();
                }
            }
            at = both.end();
        }
        return run.end();
    }

    /** At least {@code wanted}, and such that the base is not shorter than what it stands for. */
    private void raiseTo(int wanted) {
        index = Math.max(index, wanted);
        while (index < layers
                && visible(source, base.info().length()) < visible(source, source.layers().get(index).length())) {
            index++;
        }
    }

    private static boolean samePlace(BlockStatus one, BlockStatus two) {
        if (one.isZero() || two.isZero() || !one.isOffsetValid() || !two.isOffsetValid()
                || one.hostOffset() != two.hostOffset()) {
            return false;
        }
        NodeInfo host = one.host().info();
        return host.identity().isPresent() && host.identity().equals(two.host().info().identity());
    }

    /** The first byte of {@code range} in which the two differ, or -1. */
    private long difference(ByteRange range) throws BlockException {
        for (long at = range.offset(); at < range.end(); at += STEP) {
            int length = (int) Math.min(STEP, range.end() - at);
            read(source, at, expected.clear().limit(length));
            read(base, at, actual.clear().limit(length));
            int mismatch = expected.mismatch(actual);
            if (mismatch >= 0) {
                return at + mismatch;
            }
        }
        return -1;
    }

    /** Reads, with zeroes past the end of the disk. */
    private static void read(BlockSource disk, long offset, ByteBuffer into) throws BlockException {
        int wanted = into.limit();
        into.limit((int) Math.max(0, Math.min(wanted, disk.info().length() - offset)));
        if (into.hasRemaining()) {
            disk.read(offset, into);
        }
        into.limit(wanted);
        while (into.hasRemaining()) {
            into.put((byte) 0);
        }
        into.flip();
    }

    /** The bytes of a base of {@code length} bytes that can be seen through the source. */
    static long visible(ImageChain source, long length) {
        return Math.min(length, source.info().length());
    }

    static BlockException tooShort(ImageChain source, ImageChain base) {
        return BlockException.of(Kind.REFUSED, name(base), "this is not the base of " + name(source) + ": it has "
                + base.info().length() + " bytes, and the base there has " + source.layers().get(1).length());
    }

    private static String name(ImageChain chain) {
        return chain.top().location().text();
    }
}
