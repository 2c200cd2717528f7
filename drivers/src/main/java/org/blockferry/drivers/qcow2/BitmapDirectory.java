package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.FormatDetails;

/**
 * The directory of persistent bitmaps (specification, section "Bitmap directory"): entries of variable length, each
 *
 * <pre>
 * Byte 0 -  7:    Offset of the bitmap table                16:         Type, 1 is a dirty tracking bitmap
 *      8 - 11:    Number of entries in it                   17:         Granularity, as a power of two
 *     12 - 15:    Flags: bit 0 in_use, bit 1 auto           18 - 19:    Length of the name
 *                                                           20 - 23:    Size of extra data
 *                 then extra data, name, padding to a multiple of 8
 * </pre>
 */
final class BitmapDirectory {
    private static final int MIN_ENTRY = 24;
    /** QEMU's limits. */
    private static final int MAX_BITMAPS = 65535;
    private static final int MAX_BYTES = 64 << 20;
    private static final int MAX_GRANULARITY_BITS = 31;
    private static final int IN_USE = 1;
    private static final int AUTO = 2;
    private static final int EXTRA_DATA_COMPATIBLE = 4;
    private static final int DIRTY_TRACKING = 1;

    private BitmapDirectory() {
    }

    /**
     * One entry.
     *
     * @param name as its user called it
     * @param tableOffset where its bitmap table starts
     * @param tableSize entries of that, unsigned
     * @param flags as they stand
     * @param type 1: dirty tracking
     * @param granularityBits the disk's bytes for one bit, as a power of two
     * @param extra data whose meaning is not known here
     */
    record Entry(String name, long tableOffset, int tableSize, int flags, int type, int granularityBits, ByteBuffer extra) {
        /** A new one, without bits and extra data. */
        static Entry ofNew(String name, int granularityBits, boolean auto) {
            return new Entry(name, 0, 0, auto ? AUTO : 0, DIRTY_TRACKING, granularityBits, ByteBuffer.allocate(0));
        }

        int extraBytes() {
            return extra.remaining();
        }

        Entry withTable(long offset, int entries) {
            return new Entry(name, offset, entries, flags, type, granularityBits, extra);
        }

        Entry withAuto(boolean auto) {
            return new Entry(name, tableOffset, tableSize, auto ? flags | AUTO : flags & ~AUTO, type, granularityBits, extra);
        }

        boolean isInUse() {
            return (flags & IN_USE) != 0;
        }

        boolean isAuto() {
            return (flags & AUTO) != 0;
        }

        /** @throws BlockException REFUSED or UNSUPPORTED if nobody may rely on what this entry's bits say */
        void requireReadable(String node) throws BlockException {
            if (isInUse()) {
                throw BlockException.of(Kind.REFUSED, node, "Bitmap '" + name
                        + "' is inconsistent and cannot be used: who recorded it last did not save it");
            }
            if (type != DIRTY_TRACKING) {
                throw BlockException.field(Kind.UNSUPPORTED, node, "type of bitmap '" + name + "'", type,
                        "1, dirty tracking, is all that is known");
            }
            if ((flags & ~(AUTO | EXTRA_DATA_COMPATIBLE)) != 0 || extra.hasRemaining() && (flags & EXTRA_DATA_COMPATIBLE) == 0) {
                throw BlockException.field(Kind.UNSUPPORTED, node, "flags of bitmap '" + name + "'",
                        "0x" + Integer.toHexString(flags) + " with " + extraBytes()
                        + " bytes of extra data", "something that is not known here");
            }
        }
    }

    /**
     * Reads the directory, as {@link #entries}.
     */
    static List<FormatDetails.Bitmap> read(String node, BlockSource file, Qcow2Layout layout, HeaderExtensions.Bitmaps where)
            throws BlockException {
        return entries(node, file, layout, where).stream().map(entry ->
                new FormatDetails.Bitmap(entry.name(), 1L << entry.granularityBits(), entry.isInUse(), entry.isAuto())).toList();
    }

    /**
     * One bitmap, to be read.
     *
     * @return empty if there is none of this name, or another program has left all of them behind
     * @throws BlockException as {@link #entries} and {@link Entry#requireReadable}
     */
    static Optional<Entry> find(String node, BlockSource file, OpenedImage image, String name) throws BlockException {
        Optional<Entry> found = entries(node, file, image.header(), image.extensions()).stream()
                .filter(entry -> entry.name().equals(name)).findFirst();
        if (found.isPresent()) {
            found.get().requireReadable(node);
        }
        return found;
    }

    /** As {@link #entries(String, BlockSource, Qcow2Layout, HeaderExtensions.Bitmaps)}; none, if another program has left them behind. */
    static List<Entry> entries(String node, BlockSource file, Qcow2Header header, HeaderExtensions extensions) throws BlockException {
        Optional<HeaderExtensions.Bitmaps> where = extensions.bitmaps();
        return where.isEmpty() || !header.has(Feature.BITMAPS) ? List.of() : entries(node, file, header.layout(), where.get());
    }

    /**
     * Reads the directory.
     *
     * @throws BlockException INVALID_FORMAT if it or an entry is outside its bounds
     */
    static List<Entry> entries(String node, BlockSource file, Qcow2Layout layout, HeaderExtensions.Bitmaps where)
            throws BlockException {
        FieldCheck check = new FieldCheck(node);
        int count = check.within("nb_bitmaps", where.count(), 1, MAX_BITMAPS);
        int bytes = (int) check.within("bitmap_directory_size", where.directorySize(), (long) count * MIN_ENTRY, MAX_BYTES);
        check.table("bitmap_directory_offset", where.directoryOffset(), layout.clusterSize(), bytes, file.info().length());
        ByteBuffer in = ByteBuffer.allocate(bytes).order(ByteOrder.BIG_ENDIAN);
        file.read(where.directoryOffset(), in);
        in.flip();
        List<Entry> bitmaps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            bitmaps.add(entry(node, i, in));
        }
        return bitmaps;
    }

    private static Entry entry(String node, int number, ByteBuffer in) throws BlockException {
        int start = in.position();
        requireBytes(node, number, in, MIN_ENTRY);
        int flags = in.getInt(start + 12);
        int granularity = in.get(start + 17) & 0xff;
        new FieldCheck(node).within("granularity of bitmap " + number, granularity, 9, MAX_GRANULARITY_BITS);
        int nameLength = in.getShort(start + 18) & 0xffff;
        long length = MIN_ENTRY + Integer.toUnsignedLong(in.getInt(start + 20)) + nameLength;
        requireBytes(node, number, in, length);
        String name = StandardCharsets.UTF_8.decode(in.slice(start + (int) length - nameLength, nameLength)).toString();
        in.position((int) Math.min(in.limit(), start + (length + 7 & -8)));
        return new Entry(name, in.getLong(start), in.getInt(start + 8), flags, in.get(start + 16) & 0xff, granularity,
                in.slice(start + MIN_ENTRY, (int) length - nameLength - MIN_ENTRY));
    }

    /** The directory in its bytes. */
    static ByteBuffer encode(List<Entry> entries) {
        long bytes = entries.stream().mapToLong(entry -> entryBytes(entry.name()) + entry.extraBytes() + 7).sum();
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.BIG_ENDIAN);
        for (Entry entry : entries) {
            byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
            out.putLong(entry.tableOffset()).putInt(entry.tableSize()).putInt(entry.flags()).put((byte) entry.type())
                    .put((byte) entry.granularityBits()).putShort((short) name.length).putInt(entry.extraBytes())
                    .put(entry.extra().duplicate()).put(name);
            out.position(out.position() + 7 & -8);
        }
        return out.flip();
    }

    /** Bytes of the entry of a bitmap with this name and no extra data. */
    static long entryBytes(String name) {
        return MIN_ENTRY + name.getBytes(StandardCharsets.UTF_8).length + 7 & -8;
    }

    private static void requireBytes(String node, int number, ByteBuffer in, long bytes) throws BlockException {
        if (in.remaining() < bytes) {
            throw BlockException.of(Kind.INVALID_FORMAT, node, "bitmap " + number + " of the bitmap directory needs " + bytes
                    + " bytes; the directory ends after " + in.remaining());
        }
    }
}
