package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ResizableFormat.Space;

/**
 * Makes an image's disk longer or shorter. A single write of the header changes the size and the L1 table, which is written anew where it
 * must grow; the L2 table that a new end cuts is cleared behind it when that cannot be seen any more, or copied where a snapshot shares
 * it. The order of changes is that of {@link MetadataEdit}: what was cut off is freed last.
 */
final class Resize {
    private static final int SECTOR = 512;

    private final BlockStorage file;
    private final String node;

    Resize(BlockStorage file) {
        this.file = file;
        this.node = file.info().name();
    }

    void run(long length, Space space) throws BlockException {
        MetadataEdit edit = new MetadataEdit(file);
        CheckedImage image = edit.image();
        Qcow2Header header = image.header();
        requirePossible(image, length, space);
        if (length == header.size()) {
            return;
        }
        new HeaderFields(file, Qcow2Opener.examine(file)).begin();
        if (length > header.size()) {
            grow(edit, length);
        } else {
            shrink(edit, length);
        }
    }

    private void grow(MetadataEdit edit, long length) throws BlockException {
        CheckedImage image = edit.image();
        Qcow2Header header = image.header();
        // A crash while it became shorter may have left entries behind the end, which would show now.
        long[] old = l1(image, header.l1Size());
        Cut cut = Cut.of(image.layout(), header.size());
        if (cut.index() < old.length && isOwn(old[cut.index()])) {
            clear(edit, old[cut.index()], cut.kept());
        }
        for (int i = cut.index() + 1; i < old.length; i++) {
            old[i] = 0;
        }
        int entries = Math.max(header.l1Size(), (int) image.layout().l1EntriesFor(length));
        commit(edit, length, Arrays.copyOf(old, entries));
    }

    private void shrink(MetadataEdit edit, long length) throws BlockException {
        CheckedImage image = edit.image();
        Qcow2Header header = image.header();
        int entries = (int) image.layout().l1EntriesFor(length);
        long[] l1 = l1(image, entries);
        Cut cut = Cut.of(image.layout(), length);
        long end;
        if (cut.index() >= entries || L2Entry.hostOffset(l1[cut.index()]) == 0 || isOwn(l1[cut.index()])) {
            // The table may stay where it is: what is behind the end cannot be seen when the size is written.
            end = edit.commit(Qcow2Header.AT_SIZE, fields(header, length, entries, header.l1Offset()), () -> {
                if (cut.index() < entries && L2Entry.hostOffset(l1[cut.index()]) != 0) {
                    clear(edit, l1[cut.index()], cut.kept());
                }
            });
        } else {
            l1[cut.index()] = L2Entry.data(copy(edit, L2Entry.hostOffset(l1[cut.index()]), cut.kept()));
            end = commit(edit, length, l1);
        }
        if (end < file.info().length()) {
            file.setLength(end);
        }
    }

    /**
     * Where an end cuts the tables.
     *
     * @param index of the L1 entry whose table is cut; the number of entries, if none is
     * @param kept entries of that table that stay
     */
    private record Cut(int index, int kept) {
        static Cut of(Qcow2Layout layout, long length) {
            long clusters = layout.clustersFor(length);
            return new Cut((int) (clusters >>> layout.l2Bits()), (int) clusters & layout.l2Entries() - 1);
        }
    }

    /** Whether an L2 table is there and no snapshot shares it. */
    private static boolean isOwn(long l1Entry) {
        return L2Entry.hostOffset(l1Entry) != 0 && L2Entry.isCopied(l1Entry);
    }

    private static long[] l1(CheckedImage image, int entries) throws BlockException {
        long[] l1 = new long[entries];
        image.readLongs(image.header().l1Offset(), l1, Math.min(entries, image.header().l1Size()));
        return l1;
    }

    /** What stays is referred to as often as before, so that flags and refcounts stay, too; only the new table is counted. */
    private static long commit(MetadataEdit edit, long length, long[] l1) throws BlockException {
        ByteBuffer table = ByteBuffer.allocateDirect(l1.length * Long.BYTES).order(ByteOrder.BIG_ENDIAN);
        table.asLongBuffer().put(l1);
        Qcow2Header header = edit.image().header();
        boolean stays = l1.length == header.l1Size() && Arrays.equals(l1, l1(edit.image(), l1.length));
        long offset = stays ? header.l1Offset() : edit.append(table);
        return edit.commit(Qcow2Header.AT_SIZE, fields(header, length, l1.length, offset), MetadataEdit.Step.NONE);
    }

    /** From the size to the place of the L1 table: one write. */
    private static ByteBuffer fields(Qcow2Header header, long length, int entries, long offset) {
        return ByteBuffer.allocateDirect(Qcow2Header.AT_REFCOUNT_TABLE_OFFSET - Qcow2Header.AT_SIZE).order(ByteOrder.BIG_ENDIAN)
                .putLong(length).putInt(header.cryptMethod()).putInt(entries).putLong(offset).flip();
    }

    private void requirePossible(CheckedImage image, long length, Space space) throws BlockException {
        Qcow2Header header = image.header();
        if (length % SECTOR != 0) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "The new size must be a multiple of " + SECTOR);
        }
        if (length > image.layout().maxDiskBytes()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "Failed to grow the L1 table: File too large: with clusters of "
                    + image.layout().clusterSize() + " bytes a disk has at most " + image.layout().maxDiskBytes());
        }
        if (space != Space.OFF) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "a qcow2 image that exists grows with preallocation off only");
        }
        if (header.version() < 3 && !image.snapshots().isEmpty()) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "Can't resize a v2 image which has snapshots");
        }
        if (image.hasDataFile()) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "an image with an external data file is not resized");
        }
        if (header.has(Feature.BITMAPS) && image.extensions().bitmaps().filter(bitmaps -> bitmaps.count() != 0).isPresent()) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "an image with bitmaps is not resized: they must be removed first");
        }
    }

    /** Zeroes the entries of an L2 table from {@code kept} on. */
    private static void clear(MetadataEdit edit, long l1Entry, int kept) throws BlockException {
        Qcow2Layout layout = edit.image().layout();
        int from = kept << layout.l2EntryBits();
        edit.image().write(L2Entry.hostOffset(l1Entry) + from, ByteBuffer.allocateDirect(layout.clusterSize() - from));
    }

    /** Puts a copy of the first {@code kept} entries of an L2 table behind the end of the file; returns where. */
    private static long copy(MetadataEdit edit, long table, int kept) throws BlockException {
        Qcow2Layout layout = edit.image().layout();
        ByteBuffer copy = ByteBuffer.allocateDirect(layout.clusterSize());
        edit.image().read(table, copy.limit(kept << layout.l2EntryBits()));
        return edit.append(copy.clear());
    }
}
