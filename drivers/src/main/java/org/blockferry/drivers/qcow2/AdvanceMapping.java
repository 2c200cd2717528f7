package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;

/**
 * Finds out whether an image's clusters were mapped in advance ({@code preallocation=metadata}): then many more clusters are counted
 * as used than the file takes space for. The rule and its threshold are QEMU's, so that both see the same zeroes.
 */
final class AdvanceMapping {
    private static final int PIECE = 64 << 10;

    private AdvanceMapping() {
    }

    static boolean isLikely(OpenedImage image, BlockSource file) throws BlockException {
        OptionalLong allocated = file.allocatedBytes();
        if (allocated.isEmpty()) {
            return false;
        }
        Qcow2Layout layout = image.layout();
        long clusters = layout.clustersFor(file.info().length());
        long real = layout.clustersFor(allocated.getAsLong());
        long threshold = Math.max(real * 10 / 9, real + 2);
        // Most files are not sparse: then nothing has to be read.
        return clusters >= threshold && countsAtLeast(image, file, clusters, threshold);
    }

    private static boolean countsAtLeast(OpenedImage image, BlockSource file, long clusters, long threshold)
            throws BlockException {
        Qcow2Layout layout = image.layout();
        Qcow2Header header = image.header();
        long tableEntries = Math.min(((long) header.refcountTableClusters() << layout.clusterBits()) / Long.BYTES,
                (clusters + layout.refcountBlockEntries() - 1) / layout.refcountBlockEntries());
        ByteBuffer entry = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.BIG_ENDIAN);
        ByteBuffer piece = ByteBuffer.allocateDirect(Math.min(PIECE, layout.clusterSize())).order(ByteOrder.BIG_ENDIAN);
        int perPiece = (int) ((long) piece.capacity() * Byte.SIZE >>> layout.refcountOrder());
        long fileLength = file.info().length();
        long used = 0;
        for (long block = 0; block < tableEntries; block++) {
            long at = header.refcountTableOffset() + block * Long.BYTES;
            if (at > fileLength - Long.BYTES) {
                return false;
            }
            file.read(at, entry.clear());
            // Bits 0 to 8 are reserved.
            long place = entry.getLong(0) & ~0x1ffL;
            if (place <= 0 || !layout.isClusterAligned(place)) {
                continue;
            }
            long left = Math.min(layout.refcountBlockEntries(), clusters - block * layout.refcountBlockEntries());
            for (long done = 0; done < left && place <= fileLength - piece.capacity(); done += perPiece) {
                file.read(place, piece.clear());
                place += piece.capacity();
                int count = (int) Math.min(perPiece, left - done);
                for (int i = 0; i < count; i++) {
                    used += Refcounts.get(piece, layout.refcountOrder(), i) != 0 ? 1 : 0;
                }
            }
            if (used >= threshold) {
                return true;
            }
        }
        return false;
    }
}
