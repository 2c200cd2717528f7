package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
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

    private BitmapDirectory() {
    }

    /**
     * Reads the directory.
     *
     * @throws BlockException INVALID_FORMAT if it or an entry is outside its bounds
     */
    static List<FormatDetails.Bitmap> read(String node, BlockSource file, Qcow2Layout layout, HeaderExtensions.Bitmaps where)
            throws BlockException {
        FieldCheck check = new FieldCheck(node);
        int count = check.within("nb_bitmaps", where.count(), 1, MAX_BITMAPS);
        int bytes = (int) check.within("bitmap_directory_size", where.directorySize(), (long) count * MIN_ENTRY, MAX_BYTES);
        check.table("bitmap_directory_offset", where.directoryOffset(), layout.clusterSize(), bytes, file.info().length());
        ByteBuffer in = ByteBuffer.allocate(bytes).order(ByteOrder.BIG_ENDIAN);
        file.read(where.directoryOffset(), in);
        in.flip();
        List<FormatDetails.Bitmap> bitmaps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            bitmaps.add(entry(node, i, in));
        }
        return bitmaps;
    }

    private static FormatDetails.Bitmap entry(String node, int number, ByteBuffer in) throws BlockException {
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
        return new FormatDetails.Bitmap(name, 1L << granularity, (flags & IN_USE) != 0, (flags & AUTO) != 0);
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
