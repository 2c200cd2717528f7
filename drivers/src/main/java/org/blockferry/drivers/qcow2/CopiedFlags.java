package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.RepairMode;

/**
 * Compares bit 63 of the active L1 and L2 entries with the refcounts: it must be set exactly where the refcount is one. A flag that is
 * wrong makes a writer change what a snapshot shares, or copy for nothing.
 */
final class CopiedFlags {
    private final CheckedImage image;
    private final Qcow2Layout layout;
    private final CheckTally tally;
    private final Optional<RepairMode> repair;
    private final ByteBuffer buffer;
    private final long[] table;
    private final long[] l1 = new long[CheckedImage.L1_SLICE];
    private SingleReferences singles;
    private boolean first;
    private boolean fix;
    private boolean tableChanged;

    CopiedFlags(CheckedImage image, CheckTally tally, Optional<RepairMode> repair) {
        this.image = image;
        this.layout = image.layout();
        this.tally = tally;
        this.repair = repair;
        this.buffer = ByteBuffer.allocateDirect(layout.clusterSize()).order(ByteOrder.BIG_ENDIAN);
        this.table = new long[layout.clusterSize() / Long.BYTES];
    }

    /**
     * Looks at the entries that point into a window.
     *
     * @param isFirst whether this is the first window; entries that point past the file are judged with it
     */
    void check(SingleReferences window, boolean isFirst) throws BlockException {
        singles = window;
        first = isFirst;
        boolean clean = tally.corruptions == 0 && tally.leaks == 0 && tally.checkErrors == 0;
        fix = repair.isPresent() && (repair.get() == RepairMode.ALL || clean);
        Qcow2Header header = image.header();
        for (int done = 0; done < header.l1Size(); done += l1.length) {
            int slice = Math.min(l1.length, header.l1Size() - done);
            image.readLongs(header.l1Offset() + (long) done * Long.BYTES, l1, slice);
            for (int i = 0; i < slice; i++) {
                if (L2Entry.hostOffset(l1[i]) != 0) {
                    l1Entry(done + i, l1[i]);
                }
            }
        }
    }

    private void l1Entry(int index, long entry) throws BlockException {
        long offset = L2Entry.hostOffset(entry);
        if (isWrong(entry, offset)) {
            report("L2 cluster: l1_index=" + index + " l1_entry=" + Long.toHexString(entry), entry);
            if (fix) {
                image.writeLong(image.header().l1Offset() + (long) index * Long.BYTES, entry ^ L2Entry.COPIED);
            }
        }
        image.read(offset, buffer.clear());
        buffer.flip().asLongBuffer().get(table);
        tableChanged = false;
        int step = layout.l2EntrySize() / Long.BYTES;
        for (int i = 0; i < table.length; ) {
            i += step * entries(i, step);
        }
        if (tableChanged && layout.isClusterAligned(offset) && offset + layout.clusterSize() <= image.fileLength()) {
            buffer.clear().asLongBuffer().put(table);
            image.write(offset, buffer);
        }
    }

    /** Looks at entry {@code i} and the ones that continue it; returns how many that were. */
    private int entries(int i, int step) {
        long entry = table[i];
        if ((entry & L2Entry.OFFSET_MASK) == 0 && !(image.hasDataFile() && L2Entry.isCopied(entry)) || L2Entry.isCompressed(entry)) {
            return 1;
        }
        int run = 1;
        if (L2Entry.isCopied(entry) && !image.hasDataFile() && layout.isClusterAligned(L2Entry.hostOffset(entry))) {
            long following = entry + layout.clusterSize();
            while (i + run * step < table.length && table[i + run * step] == following) {
                run++;
                following += layout.clusterSize();
            }
            long cluster = L2Entry.hostOffset(entry) >>> layout.clusterBits();
            if (singles.covers(cluster) && singles.covers(cluster + run - 1) && singles.areSingle(cluster, run)) {
                return run;
            }
        }
        for (int j = i; j < i + run * step; j += step) {
            if (isWrong(table[j], image.hasDataFile() ? -1 : L2Entry.hostOffset(table[j]))) {
                report("data cluster: l2_entry=" + Long.toHexString(table[j]), table[j]);
                if (fix) {
                    table[j] ^= L2Entry.COPIED;
                    tableChanged = true;
                }
            }
        }
        return run;
    }

    /** @param offset where it points; -1: into the data file, where every refcount is one */
    private boolean isWrong(long entry, long offset) {
        if (offset < 0) {
            return first && !L2Entry.isCopied(entry);
        }
        long cluster = offset >>> layout.clusterBits();
        if (singles.covers(cluster)) {
            return !singles.isUnknown(cluster) && singles.isSingle(cluster) != L2Entry.isCopied(entry);
        }
        // Nothing past the file has a refcount that counts.
        return first && cluster > image.fileClusters() && L2Entry.isCopied(entry);
    }

    private void report(String what, long entry) {
        tally.say((fix ? "Repairing" : "ERROR") + " OFLAG_COPIED " + what + " refcount" + (L2Entry.isCopied(entry) ? "!=1" : "=1"));
        tally.corruptionsFixed += fix ? 1 : 0;
        tally.corruptions += fix ? 0 : 1;
    }
}
