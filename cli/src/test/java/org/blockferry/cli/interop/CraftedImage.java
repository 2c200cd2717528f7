package org.blockferry.cli.interop;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.Deflater;

/**
 * A small qcow2 image, byte by byte: of clusters of 64 KiB, with a header, a refcount table and a block, an L1 table, an L2 table
 * and two clusters of data. Whoever makes it hostile changes what is there.
 */
final class CraftedImage {
    static final int CLUSTER = 64 << 10;
    static final int DISK = 1 << 20;
    static final int L1 = 3 * CLUSTER;
    static final int L2 = 4 * CLUSTER;
    static final int DATA = 5 * CLUSTER;
    static final int SPARE = 7 * CLUSTER;
    static final long COPIED = 1L << 63;
    static final long COMPRESSED = 1L << 62;
    static final int HEADER = 112;
    static final int BACKING_FORMAT = 0xe2792aca;
    static final int FEATURE_NAMES = 0x6803f857;
    static final int BITMAPS = 0x23852875;
    static final int DATA_FILE = 0x44415441;

    /** The file, 16 clusters. */
    final ByteBuffer bytes = ByteBuffer.allocate(16 * CLUSTER);
    private int extensions = HEADER;
    /** As long as the file is to be; what is longer than the bytes is a hole. */
    private long length = bytes.capacity();

    CraftedImage() {
        bytes.putInt(0, 0x514649fb).putInt(4, 3).putInt(20, 16).putLong(24, DISK).putInt(36, 1).putLong(40, L1)
                .putLong(48, CLUSTER).putInt(56, 1).putInt(96, 4).putInt(100, HEADER);
        bytes.putLong(CLUSTER, 2 * CLUSTER);
        for (int i = 0; i < 16; i++) {
            bytes.putShort(2 * CLUSTER + 2 * i, (short) 1);
        }
        bytes.putLong(L1, COPIED | L2);
        bytes.putLong(L2, COPIED | DATA).putLong(L2 + 8, COPIED | DATA + CLUSTER);
        for (int i = 0; i < 2 * CLUSTER; i++) {
            bytes.put(DATA + i, (byte) (i % 251));
        }
    }

    CraftedImage put(int at, long value) {
        bytes.putLong(at, value);
        return this;
    }

    CraftedImage putInt(int at, long value) {
        bytes.putInt(at, (int) value);
        return this;
    }

    CraftedImage putShort(int at, int value) {
        bytes.putShort(at, (short) value);
        return this;
    }

    CraftedImage put(int at, byte[] value) {
        bytes.put(at, value);
        return this;
    }

    /** A header extension, behind those that there are. */
    CraftedImage extension(int type, byte[] data) {
        bytes.putInt(extensions, type).putInt(extensions + 4, data.length).put(extensions + 8, data);
        extensions += 8 + (data.length + 7 & -8);
        return this;
    }

    CraftedImage extension(int type, String text) {
        return extension(type, text.getBytes(StandardCharsets.UTF_8));
    }

    /** The name of a backing file, at the end of the first cluster. */
    CraftedImage backing(byte[] name) {
        return put(8, CLUSTER - 1024).putInt(16, name.length).put(CLUSTER - 1024, name);
    }

    CraftedImage backing(String name) {
        return backing(name.getBytes(StandardCharsets.UTF_8));
    }

    CraftedImage dataFile(String name) {
        return put(72, 4).extension(DATA_FILE, name);
    }

    /** A snapshot with this ID, name, L1 table and number of its entries, in the spare cluster. */
    CraftedImage snapshot(String id, String name, long l1, int entries) {
        byte[] first = id.getBytes(StandardCharsets.UTF_8);
        byte[] second = name.getBytes(StandardCharsets.UTF_8);
        return putInt(60, 1).put(64, SPARE).put(SPARE, l1).putInt(SPARE + 8, entries).putShort(SPARE + 12, first.length)
                .putShort(SPARE + 14, second.length).putInt(SPARE + 36, 16).put(SPARE + 48, DISK).put(SPARE + 56, first)
                .put(SPARE + 56 + first.length, second);
    }

    /** A bitmap of this name, in the spare cluster, whose table is at {@code table}. */
    CraftedImage bitmap(String name, long table, int entries, int granularityBits) {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        int size = 24 + text.length + 7 & -8;
        extension(BITMAPS, ByteBuffer.allocate(24).putInt(1).putInt(0).putLong(size).putLong(SPARE).array());
        return put(88, 1).put(SPARE, table).putInt(SPARE + 8, entries).putInt(SPARE + 12, 0)
                .putShort(SPARE + 16, 1 << 8 | granularityBits).putShort(SPARE + 18, text.length).put(SPARE + 24, text);
    }

    /** The first cluster is compressed: this many zeroes, deflated, in the spare cluster. */
    CraftedImage bomb(int zeroes) {
        Deflater deflater = new Deflater(9, true);
        deflater.setInput(new byte[zeroes]);
        deflater.finish();
        byte[] packed = new byte[2 * CLUSTER];
        int size = deflater.deflate(packed);
        deflater.end();
        int sectors = (size + 511) / 512;
        // 62 - (cluster_bits - 8) = 54 bits of offset, then sectors less one.
        return put(SPARE, packed).put(L2, COMPRESSED | (long) (sectors - 1) << 54 | SPARE);
    }

    CraftedImage length(long fileLength) {
        length = fileLength;
        return this;
    }

    void write(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            ByteBuffer all = bytes.duplicate().clear().limit((int) Math.min(length, bytes.capacity()));
            while (all.hasRemaining()) {
                channel.write(all);
            }
            if (length > bytes.capacity()) {
                channel.write(ByteBuffer.allocate(1), length - 1);
            }
        }
    }

    /** What the disk reads as, when nothing was changed. */
    byte[] disk() {
        byte[] disk = new byte[DISK];
        for (int i = 0; i < 2 * CLUSTER; i++) {
            disk[i] = (byte) (i % 251);
        }
        return disk;
    }
}
