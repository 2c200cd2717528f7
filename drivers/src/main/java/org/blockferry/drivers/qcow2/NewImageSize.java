package org.blockferry.drivers.qcow2;

import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.block.ImageFootprint;

/**
 * How large a new image gets when all of its disk is written: arithmetic with the numbers that {@code qemu-img measure} gives. Its
 * layout is the one that QEMU makes: header, refcount table and blocks, L1 table, L2 tables.
 */
final class NewImageSize {
    private static final int V3 = 3;

    private NewImageSize() {
    }

    /**
     * @param options of the new image, but for its length
     * @param length bytes of its disk
     * @param source the image that is copied: for its bitmaps
     */
    static ImageFootprint of(String node, NewImageOptions options, long length, Optional<FormatDetails> source) throws BlockException {
        Qcow2Layout layout = options.layout();
        if (length > layout.maxDiskBytes()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "The image size is too large (try using a larger cluster size)");
        }
        long clusters = layout.clustersFor(length);
        boolean allocatesAll = options.preallocation() == NewImageOptions.Preallocation.FULL
                || options.preallocation() == NewImageOptions.Preallocation.FALLOC;
        // A copy of version 2 keeps no bitmaps.
        OptionalLong bitmaps = options.version() < V3 ? OptionalLong.empty()
                : source.flatMap(FormatDetails::bitmaps)
                        .map(list -> OptionalLong.of(Qcow2Details.bitmapBytes(list, length, layout)))
                        .orElse(OptionalLong.empty());
        return new ImageFootprint(layout.clusterSize(), clusters << layout.clusterBits(),
                metadataClusters(layout, clusters) << layout.clusterBits(), allocatesAll, bitmaps);
    }

    private static long metadataClusters(Qcow2Layout layout, long dataClusters) {
        long l2 = divideUp(dataClusters, layout.l2Entries());
        long l1 = layout.clustersFor(l2 * Long.BYTES);
        long counted = 1 + l2 + l1 + dataClusters;
        // The blocks and the table are counted by the blocks: look for the number that is enough for all.
        long blocks = 0;
        long table = 0;
        long before = -1;
        while (counted + blocks + table != before) {
            before = counted + blocks + table;
            blocks = divideUp(before, layout.refcountBlockEntries());
            table = layout.clustersFor(blocks * Long.BYTES);
        }
        return 1 + l2 + l1 + blocks + table;
    }

    private static long divideUp(long value, long by) {
        return value / by + (value % by == 0 ? 0 : 1);
    }
}
