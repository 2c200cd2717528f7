package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/**
 * The header of an image, field by field as it stands in the first cluster, big-endian (specification, section "Header").
 * Immutable; {@link #parse} checks what can be told from the header alone, {@link #check} what depends on the file's length.
 *
 * <p>Version 2 has no fields from byte 72 on; here they then have the values the specification assumes. Fields past byte 111
 * (of later versions) are not kept: whoever changes an image in place patches single fields, at the offsets that are named
 * here, and leaves the others alone.
 *
 * @param version 2 or 3
 * @param backingOffset where the backing file's name stands, 0 if there is none
 * @param backingLength bytes of that name, at most 1023
 * @param clusterBits a cluster has {@code 1 << clusterBits} bytes, 9 to 21
 * @param size bytes of the virtual disk
 * @param cryptMethod 0 none, 1 AES, 2 LUKS
 * @param l1Size entries of the active L1 table
 * @param l1Offset where it starts
 * @param refcountTableOffset where the refcount table starts
 * @param refcountTableClusters clusters that it occupies
 * @param snapshotCount internal snapshots
 * @param snapshotsOffset where the snapshot table starts
 * @param incompatible incompatible feature bits
 * @param compatible compatible feature bits
 * @param autoclear autoclear feature bits
 * @param refcountOrder a refcount has {@code 1 << refcountOrder} bits
 * @param headerLength bytes of the header; extensions follow
 * @param compression how compressed clusters are compressed
 */
record Qcow2Header(
        int version,
        long backingOffset,
        int backingLength,
        int clusterBits,
        long size,
        int cryptMethod,
        int l1Size,
        long l1Offset,
        long refcountTableOffset,
        int refcountTableClusters,
        int snapshotCount,
        long snapshotsOffset,
        long incompatible,
        long compatible,
        long autoclear,
        int refcountOrder,
        int headerLength,
        CompressionType compression) {

    /** {@code "QFI\xfb"}. */
    static final int MAGIC = 0x514649fb;
    static final int V2_LENGTH = 72;
    /** The shortest header of version 3. */
    static final int V3_MIN_LENGTH = 104;
    /** With {@code compression_type} and its padding: what QEMU writes since 5.1, and what we write. */
    static final int V3_LENGTH = 112;

    static final int AT_BACKING_OFFSET = 8;
    static final int AT_BACKING_LENGTH = 16;
    static final int AT_SIZE = 24;
    static final int AT_L1_SIZE = 36;
    static final int AT_L1_OFFSET = 40;
    static final int AT_REFCOUNT_TABLE_OFFSET = 48;
    static final int AT_REFCOUNT_TABLE_CLUSTERS = 56;
    static final int AT_SNAPSHOT_COUNT = 60;
    static final int AT_SNAPSHOTS_OFFSET = 64;
    static final int AT_INCOMPATIBLE = 72;
    static final int AT_COMPATIBLE = 80;
    static final int AT_AUTOCLEAR = 88;
    private static final int AT_COMPRESSION = 104;

    static final int CRYPT_NONE = 0;
    static final int MAX_BACKING_LENGTH = 1023;
    static final int MAX_REFCOUNT_ORDER = 6;
    private static final int V2_REFCOUNT_ORDER = 4;

    Qcow2Header {
        Objects.requireNonNull(compression, "compression");
    }

    /** A header for a new image, without tables, backing file and features; {@code withX} adds them. */
    static Qcow2Header ofNew(int version, int clusterBits, int refcountOrder, long size) {
        return new Qcow2Header(version, 0, 0, clusterBits, size, CRYPT_NONE, 0, 0, 0, 0, 0, 0, 0, 0, 0, refcountOrder,
                version == 2 ? V2_LENGTH : V3_LENGTH, CompressionType.ZLIB);
    }

    /** Whether an image begins with these bytes. */
    static boolean hasMagic(ByteBuffer head) {
        ByteBuffer bytes = head.duplicate().order(ByteOrder.BIG_ENDIAN);
        return bytes.remaining() >= Integer.BYTES && bytes.getInt(bytes.position()) == MAGIC;
    }

    /**
     * Reads the header from the first bytes of a file.
     *
     * @param node for messages
     * @param head the first bytes of the file, position to limit, {@value #V3_LENGTH} or all that there are; not changed
     * @throws BlockException INVALID_FORMAT if it is no qcow2 header or a field is outside the bounds of the specification,
     *     UNSUPPORTED for another version; unknown feature bits are not its business, see {@link UnknownFeatures}
     */
    static Qcow2Header parse(String node, ByteBuffer head) throws BlockException {
        ByteBuffer in = head.slice().order(ByteOrder.BIG_ENDIAN);
        if (!hasMagic(in)) {
            throw BlockException.of(Kind.INVALID_FORMAT, node, "Image is not in qcow2 format");
        }
        requireLength(node, in, V2_LENGTH);
        int version = in.getInt(4);
        if (version != 2 && version != 3) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "Unsupported qcow2 version " + Integer.toUnsignedString(version));
        }
        boolean v3 = version == 3;
        if (v3) {
            requireLength(node, in, V3_MIN_LENGTH);
        }
        FieldCheck check = new FieldCheck(node);
        int clusterBits = check.within("cluster_bits", in.getInt(20), Qcow2Layout.MIN_CLUSTER_BITS,
                Qcow2Layout.MAX_CLUSTER_BITS);
        int headerLength = !v3 ? V2_LENGTH
                : check.within("header_length", in.getInt(100), V3_MIN_LENGTH, 1 << clusterBits);
        if (v3) {
            check.multiple("header_length", headerLength, 8);
        }
        long incompatible = v3 ? in.getLong(AT_INCOMPATIBLE) : 0;
        boolean hasBacking = in.getLong(AT_BACKING_OFFSET) != 0;
        Qcow2Header header = new Qcow2Header(
                version,
                in.getLong(AT_BACKING_OFFSET),
                hasBacking ? check.within("backing_file_size", in.getInt(AT_BACKING_LENGTH), 0, MAX_BACKING_LENGTH) : 0,
                clusterBits,
                check.notNegative("size", in.getLong(AT_SIZE)),
                in.getInt(32),
                check.within("l1_size", in.getInt(AT_L1_SIZE), 0, Qcow2Layout.MAX_L1_BYTES / Long.BYTES),
                in.getLong(AT_L1_OFFSET),
                in.getLong(AT_REFCOUNT_TABLE_OFFSET),
                check.within("refcount_table_clusters", in.getInt(AT_REFCOUNT_TABLE_CLUSTERS), 0,
                        Math.max(1, Qcow2Layout.MAX_REFCOUNT_TABLE_BYTES >> clusterBits)),
                check.within("nb_snapshots", in.getInt(AT_SNAPSHOT_COUNT), 0, Qcow2Layout.MAX_SNAPSHOTS),
                in.getLong(AT_SNAPSHOTS_OFFSET),
                incompatible,
                v3 ? in.getLong(AT_COMPATIBLE) : 0,
                v3 ? in.getLong(AT_AUTOCLEAR) : 0,
                v3 ? check.within("refcount_order", in.getInt(96), 0, MAX_REFCOUNT_ORDER) : V2_REFCOUNT_ORDER,
                headerLength,
                compression(node, in, headerLength, incompatible));
        if (header.has(Feature.EXTENDED_L2)) {
            check.within("cluster_bits", clusterBits, Qcow2Layout.MIN_EXTENDED_CLUSTER_BITS, Qcow2Layout.MAX_CLUSTER_BITS);
        }
        return header;
    }

    private static void requireLength(String node, ByteBuffer in, int length) throws BlockException {
        if (in.limit() < length) {
            throw BlockException.field(Kind.INVALID_FORMAT, node, "length of the file", in.limit(),
                    "its header needs " + length);
        }
    }

    private static CompressionType compression(String node, ByteBuffer in, int headerLength, long incompatible)
            throws BlockException {
        boolean present = headerLength > AT_COMPRESSION && in.limit() > AT_COMPRESSION;
        int code = present ? in.get(AT_COMPRESSION) & 0xff : 0;
        boolean flagged = (incompatible & Feature.COMPRESSION_TYPE.mask()) != 0;
        if (flagged != (code != 0)) {
            throw BlockException.field(Kind.INVALID_FORMAT, node, "compression_type", code, flagged
                    ? "not 0 when the feature bit 'compression type' is set"
                    : "0 when the feature bit 'compression type' is not set");
        }
        return CompressionType.ofCode(code).orElseThrow(() -> BlockException.field(Kind.UNSUPPORTED, node,
                "compression_type", code, "known are 0 (zlib) and 1 (zstd)"));
    }

    /**
     * Checks every table against the file before memory is taken for it.
     *
     * @param fileLength bytes of the image file
     * @throws BlockException INVALID_FORMAT naming the field, its value and the bound
     */
    void check(String node, long fileLength) throws BlockException {
        FieldCheck check = new FieldCheck(node);
        Qcow2Layout layout = layout();
        check.within("size", size, 0, layout.maxDiskBytes());
        check.table("l1_table_offset", l1Offset, layout.clusterSize(), (long) l1Size * Long.BYTES, fileLength);
        long needed = layout.l1EntriesFor(size);
        if (l1Size < needed) {
            throw BlockException.field(Kind.INVALID_FORMAT, node, "l1_size", l1Size,
                    "a disk of " + size + " bytes needs " + needed);
        }
        // Reading does not need it, and an unwritten tail of it counts nothing, so only its start must be in the file.
        check.within("refcount_table_clusters", refcountTableClusters, 1, Integer.MAX_VALUE);
        check.table("refcount_table_offset", refcountTableOffset, layout.clusterSize(), 1, fileLength);
        check.table("snapshots_offset", snapshotsOffset, layout.clusterSize(),
                (long) snapshotCount * SnapshotTable.MIN_ENTRY, fileLength);
        if (backingOffset != 0) {
            long end = Math.min(layout.clusterSize(), fileLength);
            check.within("backing_file_offset", backingOffset, headerLength, end - backingLength);
        }
    }

    /** Writes the header at the buffer's position, {@link #headerLength} bytes, and moves the position behind it. */
    void encode(ByteBuffer out) {
        ByteBuffer to = out.slice().order(ByteOrder.BIG_ENDIAN);
        to.putInt(MAGIC).putInt(version).putLong(backingOffset).putInt(backingLength).putInt(clusterBits).putLong(size)
                .putInt(cryptMethod).putInt(l1Size).putLong(l1Offset).putLong(refcountTableOffset)
                .putInt(refcountTableClusters).putInt(snapshotCount).putLong(snapshotsOffset);
        if (version >= 3) {
            to.putLong(incompatible).putLong(compatible).putLong(autoclear).putInt(refcountOrder).putInt(headerLength);
            if (headerLength > AT_COMPRESSION) {
                to.put((byte) compression.code());
            }
            while (to.position() < headerLength) {
                to.put((byte) 0);
            }
        }
        out.position(out.position() + headerLength);
    }

    /** Whether a feature's bit is set. */
    boolean has(Feature feature) {
        return (bits(feature.field()) & feature.mask()) != 0;
    }

    /** The bits of one of the three masks. */
    long bits(Feature.Field field) {
        return switch (field) {
            case INCOMPATIBLE -> incompatible;
            case COMPATIBLE -> compatible;
            case AUTOCLEAR -> autoclear;
        };
    }

    /** The known features that are set. */
    List<Feature> features() {
        List<Feature> set = new ArrayList<>();
        for (Feature feature : Feature.values()) {
            if (has(feature)) {
                set.add(feature);
            }
        }
        return List.copyOf(set);
    }

    boolean hasBacking() {
        return backingOffset != 0;
    }

    /** Address arithmetic for this image. */
    Qcow2Layout layout() {
        return new Qcow2Layout(clusterBits, refcountOrder, has(Feature.EXTENDED_L2));
    }

    Qcow2Header withSize(long bytes) {
        return new Qcow2Header(version, backingOffset, backingLength, clusterBits, bytes, cryptMethod, l1Size, l1Offset,
                refcountTableOffset, refcountTableClusters, snapshotCount, snapshotsOffset, incompatible, compatible, autoclear,
                refcountOrder, headerLength, compression);
    }

    Qcow2Header withBacking(long offset, int length) {
        return new Qcow2Header(version, offset, length, clusterBits, size, cryptMethod, l1Size, l1Offset,
                refcountTableOffset, refcountTableClusters, snapshotCount, snapshotsOffset, incompatible, compatible, autoclear,
                refcountOrder, headerLength, compression);
    }

    Qcow2Header withL1(int entries, long offset) {
        return new Qcow2Header(version, backingOffset, backingLength, clusterBits, size, cryptMethod, entries, offset,
                refcountTableOffset, refcountTableClusters, snapshotCount, snapshotsOffset, incompatible, compatible, autoclear,
                refcountOrder, headerLength, compression);
    }

    Qcow2Header withRefcountTable(long offset, int clusters) {
        return new Qcow2Header(version, backingOffset, backingLength, clusterBits, size, cryptMethod, l1Size, l1Offset,
                offset, clusters, snapshotCount, snapshotsOffset, incompatible, compatible, autoclear, refcountOrder,
                headerLength, compression);
    }

    Qcow2Header withSnapshots(int count, long offset) {
        return new Qcow2Header(version, backingOffset, backingLength, clusterBits, size, cryptMethod, l1Size, l1Offset,
                refcountTableOffset, refcountTableClusters, count, offset, incompatible, compatible, autoclear, refcountOrder,
                headerLength, compression);
    }

    /** With the feature's bit set. */
    Qcow2Header with(Feature feature) {
        return withBits(feature.field(), bits(feature.field()) | feature.mask());
    }

    /** With the feature's bit cleared. */
    Qcow2Header without(Feature feature) {
        return withBits(feature.field(), bits(feature.field()) & ~feature.mask());
    }

    private Qcow2Header withBits(Feature.Field field, long mask) {
        return new Qcow2Header(version, backingOffset, backingLength, clusterBits, size, cryptMethod, l1Size, l1Offset,
                refcountTableOffset, refcountTableClusters, snapshotCount, snapshotsOffset,
                field == Feature.Field.INCOMPATIBLE ? mask : incompatible,
                field == Feature.Field.COMPATIBLE ? mask : compatible,
                field == Feature.Field.AUTOCLEAR ? mask : autoclear, refcountOrder, headerLength, compression);
    }

    /** With another compression type, and the feature bit that goes with it. */
    Qcow2Header withCompression(CompressionType type) {
        Qcow2Header other = new Qcow2Header(version, backingOffset, backingLength, clusterBits, size, cryptMethod, l1Size,
                l1Offset, refcountTableOffset, refcountTableClusters, snapshotCount, snapshotsOffset, incompatible, compatible,
                autoclear, refcountOrder, headerLength, type);
        return type == CompressionType.ZLIB ? other.without(Feature.COMPRESSION_TYPE) : other.with(Feature.COMPRESSION_TYPE);
    }
}
