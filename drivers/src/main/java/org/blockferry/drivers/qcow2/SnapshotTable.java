package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;

/**
 * The directory of internal snapshots (specification, section "Snapshots"): entries of variable length, each
 *
 * <pre>
 * Byte 0 -  7:    Offset of the snapshot's L1 table          24 - 31:    Guest run time in nanoseconds
 *      8 - 11:    Number of entries in it                    32 - 35:    Size of the VM state in bytes
 *     12 - 13:    Length of the unique ID string             36 - 39:    Size of extra data
 *     14 - 15:    Length of the name                         40 - 47:    extra: size of the VM state in bytes
 *     16 - 19:    Time taken, seconds since the Epoch        48 - 55:    extra: virtual disk size of the snapshot
 *     20 - 23:    its nanoseconds                            56 - 63:    extra: instructions that the guest had run
 *                                                            then ID, name, padding to a multiple of 8
 * </pre>
 */
final class SnapshotTable {
    /** Bytes of an entry without extra data, ID and name. */
    static final int MIN_ENTRY = 40;
    /** QEMU's limit. */
    private static final int MAX_EXTRA = 1024;
    private static final int MAX_ENTRY = MIN_ENTRY + MAX_EXTRA + 2 * 0xffff + 8;
    private static final int WINDOW = 1 << 20;

    private SnapshotTable() {
    }

    /**
     * One internal snapshot.
     *
     * @param id unique ID
     * @param name name given by the user
     * @param l1Offset where its L1 table starts
     * @param l1Size entries of that table
     * @param diskSize bytes of the disk as it was; empty in version 2 images that do not say
     * @param seconds when it was taken, since the Epoch
     * @param nanos and the part of a second
     * @param guestNanos how long the guest had run
     * @param stateSize bytes of VM state, 0 if there is none
     * @param instructions how many instructions the guest had run; empty if the entry does not say
     */
    record Snapshot(String id, String name, long l1Offset, int l1Size, Optional<Long> diskSize,
            long seconds, int nanos, long guestNanos, long stateSize, OptionalLong instructions) {
    }

    /**
     * Reads the directory, entry by entry, through a window of a megabyte.
     *
     * @throws BlockException INVALID_FORMAT if an entry is outside its bounds or ends past the file
     */
    static List<Snapshot> read(String node, BlockSource file, Qcow2Header header) throws BlockException {
        List<Snapshot> snapshots = new ArrayList<>();
        long fileLength = file.info().length();
        long at = header.snapshotsOffset();
        ByteBuffer window = ByteBuffer.allocate(0);
        for (int i = 0; i < header.snapshotCount(); i++) {
            if (window.remaining() < MAX_ENTRY && at + window.remaining() < fileLength) {
                window = ByteBuffer.allocate((int) Math.min(WINDOW, fileLength - at)).order(ByteOrder.BIG_ENDIAN);
                file.read(at, window);
                window.flip();
            }
            int start = window.position();
            snapshots.add(entry(node, i, window));
            at += window.position() - start;
            new FieldCheck(node).within("length of the snapshot table", at - header.snapshotsOffset(), 0,
                    Qcow2Layout.MAX_SNAPSHOT_TABLE_BYTES);
        }
        return List.copyOf(snapshots);
    }

    private static Snapshot entry(String node, int number, ByteBuffer in) throws BlockException {
        int start = in.position();
        requireBytes(node, number, in, MIN_ENTRY);
        int idLength = in.getShort(start + 12) & 0xffff;
        int nameLength = in.getShort(start + 14) & 0xffff;
        int extra = new FieldCheck(node).within("extra data of snapshot " + number, in.getInt(start + 36), 0, MAX_EXTRA);
        requireBytes(node, number, in, MIN_ENTRY + extra + idLength + nameLength);
        int strings = start + MIN_ENTRY + extra;
        Snapshot snapshot = new Snapshot(
                text(in, strings, idLength),
                text(in, strings + idLength, nameLength),
                in.getLong(start),
                in.getInt(start + 8),
                extra >= 16 ? Optional.of(in.getLong(start + 48)) : Optional.empty(),
                Integer.toUnsignedLong(in.getInt(start + 16)),
                in.getInt(start + 20),
                in.getLong(start + 24),
                extra >= 8 ? in.getLong(start + 40) : Integer.toUnsignedLong(in.getInt(start + 32)),
                // All ones: the guest did not run with a counter of instructions.
                extra >= 24 && in.getLong(start + 56) != -1 ? OptionalLong.of(in.getLong(start + 56)) : OptionalLong.empty());
        int length = MIN_ENTRY + extra + idLength + nameLength + 7 & -8;
        in.position(Math.min(in.limit(), start + length));
        return snapshot;
    }

    private static void requireBytes(String node, int number, ByteBuffer in, int bytes) throws BlockException {
        if (in.remaining() < bytes) {
            throw BlockException.of(Kind.INVALID_FORMAT, node, "snapshot " + number + " of the snapshot table needs "
                    + bytes + " bytes; the file ends after " + in.remaining());
        }
    }

    private static String text(ByteBuffer in, int start, int length) {
        return StandardCharsets.UTF_8.decode(in.slice(start, length)).toString();
    }

    /**
     * The snapshot with the given ID, else the first with that name, as QEMU looks it up.
     *
     * @throws BlockException NOT_FOUND
     */
    static Snapshot find(String node, List<Snapshot> snapshots, String idOrName) throws BlockException {
        return snapshots.stream().filter(snapshot -> snapshot.id().equals(idOrName)).findFirst()
                .or(() -> snapshots.stream().filter(snapshot -> snapshot.name().equals(idOrName)).findFirst())
                .orElseThrow(() -> BlockException.of(Kind.NOT_FOUND, node, "no snapshot '" + idOrName + "'"));
    }
}
