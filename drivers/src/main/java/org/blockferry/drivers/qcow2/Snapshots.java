package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStorage;

/**
 * Takes, deletes and goes back to internal snapshots. The table of the snapshots is written anew, behind the end of the file; entries
 * that stay are copied as they are, with extra data that is not known here. The order of changes is that of {@link MetadataEdit}.
 */
final class Snapshots {
    private static final int EXTRA = 24;
    private static final int AT_EXTRA = 36;
    private static final int MAX_NAME = 0xffff;

    private final BlockStorage file;
    private final String node;

    Snapshots(BlockStorage file) {
        this.file = file;
        this.node = file.info().name();
    }

    /** Remembers the current state under a name; several may have the same. */
    void create(String name, Instant now) throws BlockException {
        MetadataEdit edit = edit();
        CheckedImage image = edit.image();
        Qcow2Header header = image.header();
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        if (nameBytes.length > MAX_NAME || image.snapshots().size() >= Qcow2Layout.MAX_SNAPSHOTS) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "no room for a snapshot: its name has " + nameBytes.length
                    + " bytes, of at most " + MAX_NAME + ", and there are " + image.snapshots().size() + " already, of at most "
                    + Qcow2Layout.MAX_SNAPSHOTS);
        }
        byte[] id = Long.toString(nextId(image.snapshots())).getBytes(StandardCharsets.UTF_8);
        long l1Offset = edit.appendL1(activeL1(image));
        int length = SnapshotTable.MIN_ENTRY + EXTRA + id.length + nameBytes.length + 7 & -8;
        ByteBuffer entry = ByteBuffer.allocate(length).order(ByteOrder.BIG_ENDIAN);
        entry.putLong(header.l1Size() == 0 ? 0 : l1Offset).putInt(header.l1Size()).putShort((short) id.length)
                .putShort((short) nameBytes.length).putInt((int) now.getEpochSecond()).putInt(now.getNano()).putLong(0).putInt(0)
                .putInt(EXTRA).putLong(0).putLong(header.size()).putLong(0).put(id).put(nameBytes).clear();
        List<ByteBuffer> entries = entries(image);
        entries.add(entry);
        replaceTable(edit, entries);
    }

    /** Forgets the first snapshot of that name. */
    void delete(String name) throws BlockException {
        MetadataEdit edit = edit();
        List<SnapshotTable.Snapshot> snapshots = edit.image().snapshots();
        for (int i = 0; i < snapshots.size(); i++) {
            if (snapshots.get(i).name().equals(name)) {
                List<ByteBuffer> entries = entries(edit.image());
                entries.remove(i);
                replaceTable(edit, entries);
                return;
            }
        }
        throw BlockException.of(Kind.NOT_FOUND, node, "snapshot not found");
    }

    /** Makes the current state what it was, the disk's size included; what was written since is lost. */
    void apply(String idOrName) throws BlockException {
        MetadataEdit edit = edit();
        CheckedImage image = edit.image();
        SnapshotTable.Snapshot snapshot = SnapshotTable.find(node, image.snapshots(), idOrName);
        Qcow2Header header = image.header();
        long size = snapshot.diskSize().orElse(header.size());
        long needed = image.layout().l1EntriesFor(size);
        FieldCheck check = new FieldCheck(node);
        check.within("disk size of snapshot '" + snapshot.id() + "'", size, 0, image.layout().maxDiskBytes());
        int entries = check.within("l1_size of snapshot '" + snapshot.id() + "'", snapshot.l1Size(), 0,
                Qcow2Layout.MAX_L1_BYTES / Long.BYTES);
        if (snapshot.stateSize() != 0) {
            // Behind the disk; kept, as QEMU keeps it.
            needed = Math.max(needed, entries);
        }
        long[] l1 = new long[(int) Math.max(needed, entries)];
        image.readLongs(snapshot.l1Offset(), l1, entries);
        new HeaderFields(file, Qcow2Opener.examine(file)).begin();
        long offset = edit.appendL1(l1);
        // From the size to the place of the L1 table in one write: a crash leaves the old state or the new one.
        ByteBuffer fields = ByteBuffer.allocateDirect(Qcow2Header.AT_REFCOUNT_TABLE_OFFSET - Qcow2Header.AT_SIZE)
                .order(ByteOrder.BIG_ENDIAN);
        fields.putLong(size).putInt(header.cryptMethod()).putInt(l1.length).putLong(l1.length == 0 ? 0 : offset).flip();
        edit.commit(Qcow2Header.AT_SIZE, fields, MetadataEdit.Step.NONE);
    }

    private MetadataEdit edit() throws BlockException {
        MetadataEdit edit = new MetadataEdit(file);
        if (edit.image().hasDataFile()) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "an image with an external data file has no internal snapshots");
        }
        return edit;
    }

    private static long nextId(List<SnapshotTable.Snapshot> snapshots) {
        long highest = 0;
        for (SnapshotTable.Snapshot snapshot : snapshots) {
            try {
                highest = Math.max(highest, Long.parseLong(snapshot.id()));
            } catch (NumberFormatException e) {
                // An ID of another kind is not in the way.
                continue;
            }
        }
        return highest + 1;
    }

    private static long[] activeL1(CheckedImage image) throws BlockException {
        long[] l1 = new long[image.header().l1Size()];
        image.readLongs(image.header().l1Offset(), l1, l1.length);
        return l1;
    }

    /** The entries of the table as bytes, each padded to a multiple of 8. */
    private static List<ByteBuffer> entries(CheckedImage image) throws BlockException {
        List<ByteBuffer> entries = new ArrayList<>();
        long at = image.header().snapshotsOffset();
        for (int i = 0; i < image.snapshots().size(); i++) {
            ByteBuffer head = ByteBuffer.allocate(SnapshotTable.MIN_ENTRY).order(ByteOrder.BIG_ENDIAN);
            image.read(at, head);
            int length = SnapshotTable.MIN_ENTRY + head.getInt(AT_EXTRA) + (head.getShort(12) & 0xffff)
                    + (head.getShort(14) & 0xffff) + 7 & -8;
            ByteBuffer entry = ByteBuffer.allocate(length);
            image.read(at, entry);
            entries.add(entry.clear());
            at += length;
        }
        return entries;
    }

    private void replaceTable(MetadataEdit edit, List<ByteBuffer> entries) throws BlockException {
        long bytes = entries.stream().mapToLong(ByteBuffer::remaining).sum();
        new FieldCheck(node).within("length of the snapshot table", bytes, 0, Qcow2Layout.MAX_SNAPSHOT_TABLE_BYTES);
        ByteBuffer table = ByteBuffer.allocate((int) bytes);
        entries.forEach(table::put);
        long offset = edit.append(table.flip());
        ByteBuffer fields = ByteBuffer.allocateDirect(Integer.BYTES + Long.BYTES).order(ByteOrder.BIG_ENDIAN);
        edit.commit(Qcow2Header.AT_SNAPSHOT_COUNT, fields.putInt(entries.size()).putLong(offset).flip(),
                MetadataEdit.Step.NONE);
    }
}
