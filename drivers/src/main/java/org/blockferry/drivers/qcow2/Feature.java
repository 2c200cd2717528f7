package org.blockferry.drivers.qcow2;

import java.util.Arrays;
import java.util.List;

/**
 * The feature bits that the specification gives a meaning (section "Header"), with the names that QEMU writes into the feature
 * name table.
 */
enum Feature {
    /** Refcounts may be inconsistent. */
    DIRTY(Field.INCOMPATIBLE, 0, "dirty bit"),
    /** Any structure may be corrupt; not to be written. */
    CORRUPT(Field.INCOMPATIBLE, 1, "corrupt bit"),
    /** Guest clusters stand in another file, at their guest offset. */
    DATA_FILE(Field.INCOMPATIBLE, 2, "external data file"),
    /** {@code compression_type} is there and is not zlib. */
    COMPRESSION_TYPE(Field.INCOMPATIBLE, 3, "compression type"),
    /** L2 entries of 16 bytes with a subcluster bitmap. */
    EXTENDED_L2(Field.INCOMPATIBLE, 4, "extended L2 entries"),
    /** Refcount updates may be put off while the dirty bit is set. */
    LAZY_REFCOUNTS(Field.COMPATIBLE, 0, "lazy refcounts"),
    /** The bitmaps extension is consistent. */
    BITMAPS(Field.AUTOCLEAR, 0, "bitmaps"),
    /** The data file read as raw is the disk. */
    DATA_FILE_RAW(Field.AUTOCLEAR, 1, "raw external data");

    /** Which of the three bit masks of the header; the code is the one of the feature name table. */
    enum Field {
        INCOMPATIBLE, COMPATIBLE, AUTOCLEAR;

        int code() {
            return ordinal();
        }
    }

    /** All incompatible bits that are known here. */
    static final long KNOWN_INCOMPATIBLE = maskOf(Field.INCOMPATIBLE);

    private final Field field;
    private final int bit;
    private final String title;

    Feature(Field field, int bit, String title) {
        this.field = field;
        this.bit = bit;
        this.title = title;
    }

    Field field() {
        return field;
    }

    int bit() {
        return bit;
    }

    long mask() {
        return 1L << bit;
    }

    /** The name in the feature name table. */
    String title() {
        return title;
    }

    private static long maskOf(Field field) {
        return Arrays.stream(values()).filter(feature -> feature.field == field).mapToLong(Feature::mask).sum();
    }

    /** The feature name table of a new image, one entry for each feature, in the order of the specification. */
    static List<HeaderExtensions.FeatureName> nameTable() {
        return Arrays.stream(values())
                .map(feature -> new HeaderExtensions.FeatureName(feature.field.code(), feature.bit, feature.title)).toList();
    }
}
