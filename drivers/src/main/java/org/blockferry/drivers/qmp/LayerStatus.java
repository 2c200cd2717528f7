package org.blockferry.drivers.qmp;

import java.util.Arrays;
import org.blockferry.drivers.nbd.NbdSource;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;

/**
 * Status of the images above a base, from two things that QEMU's export tells: what the chain holds, and at which depth. The
 * depths of a window are asked for at once. For one thread.
 */
final class LayerStatus {
    static final String CONTEXT = "qemu:allocation-depth";
    private static final long WINDOW = 1L << 30;

    private final NbdSource source;
    private long start;
    private long[] ends = new long[16];
    private long[] depths = new long[16];
    private int count;

    LayerStatus(NbdSource source) {
        this.source = source;
    }

    /** @param layers images from the top one down that are above the base */
    BlockStatus above(int layers, ByteRange range) throws BlockException {
        if (count == 0 || range.offset() < start || range.offset() >= ends[count - 1]) {
            ask(range.first(WINDOW));
        }
        int at = Arrays.binarySearch(ends, 0, count, range.offset());
        at = at >= 0 ? at + 1 : -at - 1;
        ByteRange run = ByteRange.between(range.offset(), Math.min(range.end(), ends[at]));
        boolean above = depths[at] >= 1 && depths[at] <= layers;
        return above ? source.status(run).clip(run) : BlockStatus.deferred(run);
    }

    private void ask(ByteRange window) throws BlockException {
        start = window.offset();
        count = 0;
        source.metadata(CONTEXT, window, (run, depth) -> {
            if (count == ends.length) {
                ends = Arrays.copyOf(ends, count * 2);
                depths = Arrays.copyOf(depths, count * 2);
            }
            ends[count] = run.end();
            depths[count++] = depth;
        });
    }
}
