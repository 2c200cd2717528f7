package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/**
 * The header extensions of an image (specification, section "Header extensions"). They stand directly after the header; each is
 *
 * <pre>
 * Byte  0 -  3:   Header extension type
 *       4 -  7:   Length of the header extension data
 *       8 -  n:   Header extension data
 *       n -  m:   Padding to round up the header extension size to the next multiple of 8.
 * </pre>
 *
 * @param backingFormat format of the backing file
 * @param dataFile name of the external data file
 * @param featureNames the feature name table
 * @param bitmaps where the bitmap directory is
 * @param crypto where the encryption header is
 * @param unknown extensions of other types, which are kept as they are
 */
record HeaderExtensions(
        Optional<String> backingFormat,
        Optional<String> dataFile,
        List<FeatureName> featureNames,
        Optional<Bitmaps> bitmaps,
        Optional<CryptoHeader> crypto,
        List<Unknown> unknown) {

    static final HeaderExtensions NONE = new HeaderExtensions(
            Optional.empty(), Optional.empty(), List.of(), Optional.empty(), Optional.empty(), List.of());

    private static final int END = 0;
    private static final int BACKING_FORMAT = 0xe2792aca;
    private static final int FEATURE_NAMES = 0x6803f857;
    private static final int BITMAPS = 0x23852875;
    private static final int CRYPTO = 0x0537be77;
    private static final int DATA_FILE = 0x44415441;

    private static final int PREFIX = 8;
    private static final int BITMAPS_LENGTH = 24;
    private static final int CRYPTO_LENGTH = 16;
    /** The longest format name that QEMU takes. */
    private static final int MAX_FORMAT = 15;

    HeaderExtensions {
        featureNames = List.copyOf(featureNames);
        unknown = List.copyOf(unknown);
    }

    /**
     * One entry of the feature name table.
     *
     * @param type code of a {@link Feature.Field}
     * @param bit bit within that mask
     * @param name at most 46 bytes
     */
    record FeatureName(int type, int bit, String name) {
        private static final int LENGTH = 48;
        private static final int MAX_NAME = 46;
    }

    /**
     * The bitmaps extension; only valid when the autoclear bit {@link Feature#BITMAPS} is set.
     *
     * @param count bitmaps in the image
     * @param directorySize bytes of the bitmap directory
     * @param directoryOffset where it starts
     */
    record Bitmaps(int count, long directorySize, long directoryOffset) {
    }

    /** The full disk encryption header pointer: where the encryption header is. */
    record CryptoHeader(long offset, long length) {
    }

    /** An extension of a type that is not known here. */
    record Unknown(int type, ByteBuffer data) {
        Unknown {
            ByteBuffer copy = ByteBuffer.allocate(data.remaining()).put(data.duplicate()).flip();
            data = copy.asReadOnlyBuffer();
        }
    }

    /**
     * Reads the extensions of an image.
     *
     * @param node for messages
     * @param area the bytes from the end of the header to the backing file's name or, without one, to the end of the first
     *     cluster or of the file; not changed
     * @throws BlockException INVALID_FORMAT if an extension is longer than the area or than its type allows
     */
    static HeaderExtensions parse(String node, ByteBuffer area) throws BlockException {
        ByteBuffer in = area.slice().order(ByteOrder.BIG_ENDIAN);
        HeaderExtensions found = NONE;
        // Collected aside: a hostile cluster holds hundreds of thousands, and copying the list for each would take hours.
        List<Unknown> unknown = new ArrayList<>();
        while (in.remaining() >= PREFIX) {
            int type = in.getInt();
            long length = Integer.toUnsignedLong(in.getInt());
            if (type == END) {
                break;
            }
            if (length > in.remaining()) {
                throw BlockException.field(Kind.INVALID_FORMAT, node, "length of the header extension 0x"
                        + Integer.toHexString(type), length, "at most " + in.remaining() + " before the end of its area");
            }
            ByteBuffer data = in.slice(in.position(), (int) length).order(ByteOrder.BIG_ENDIAN);
            in.position((int) Math.min(in.limit(), in.position() + (length + 7 & -8)));
            if (isKnown(type)) {
                found = found.with(node, type, data);
            } else {
                unknown.add(new Unknown(type, data));
            }
        }
        return new HeaderExtensions(
                found.backingFormat, found.dataFile, found.featureNames, found.bitmaps, found.crypto, unknown);
    }

    private static boolean isKnown(int type) {
        return type == BACKING_FORMAT || type == DATA_FILE || type == FEATURE_NAMES || type == BITMAPS || type == CRYPTO;
    }

    private HeaderExtensions with(String node, int type, ByteBuffer data) throws BlockException {
        FieldCheck check = new FieldCheck(node);
        switch (type) {
            case BACKING_FORMAT -> {
                check.within("length of the backing format", data.remaining(), 0, MAX_FORMAT);
                return withBackingFormat(Optional.of(text(data)));
            }
            case DATA_FILE -> {
                return withDataFile(Optional.of(text(data)));
            }
            case FEATURE_NAMES -> {
                return withFeatureNames(featureNames(data));
            }
            case BITMAPS -> {
                check.within("length of the bitmaps extension", data.remaining(), BITMAPS_LENGTH, BITMAPS_LENGTH);
                return withBitmaps(Optional.of(new Bitmaps(data.getInt(0), data.getLong(8), data.getLong(16))));
            }
            default -> {
                check.within("length of the encryption header extension", data.remaining(), CRYPTO_LENGTH, CRYPTO_LENGTH);
                return new HeaderExtensions(backingFormat, dataFile, featureNames, bitmaps,
                        Optional.of(new CryptoHeader(data.getLong(0), data.getLong(8))), unknown);
            }
        }
    }

    private static List<FeatureName> featureNames(ByteBuffer data) {
        List<FeatureName> names = new ArrayList<>();
        while (data.remaining() >= FeatureName.LENGTH) {
            int type = data.get() & 0xff;
            int bit = data.get() & 0xff;
            byte[] name = new byte[FeatureName.MAX_NAME];
            data.get(name);
            int end = 0;
            while (end < name.length && name[end] != 0) {
                end++;
            }
            names.add(new FeatureName(type, bit, new String(name, 0, end, StandardCharsets.UTF_8)));
        }
        return names;
    }

    private static String text(ByteBuffer data) {
        return StandardCharsets.UTF_8.decode(data.duplicate()).toString();
    }

    HeaderExtensions withBackingFormat(Optional<String> format) {
        return new HeaderExtensions(format, dataFile, featureNames, bitmaps, crypto, unknown);
    }

    HeaderExtensions withDataFile(Optional<String> name) {
        return new HeaderExtensions(backingFormat, name, featureNames, bitmaps, crypto, unknown);
    }

    HeaderExtensions withFeatureNames(List<FeatureName> names) {
        return new HeaderExtensions(backingFormat, dataFile, names, bitmaps, crypto, unknown);
    }

    HeaderExtensions withBitmaps(Optional<Bitmaps> directory) {
        return new HeaderExtensions(backingFormat, dataFile, featureNames, directory, crypto, unknown);
    }

    /** The name that the image gives to a feature bit. */
    Optional<String> nameOf(Feature.Field field, int bit) {
        return featureNames.stream().filter(name -> name.type() == field.code() && name.bit() == bit)
                .map(FeatureName::name).filter(name -> !name.isEmpty()).findFirst();
    }

    /** Bytes that {@link #encode} writes; a multiple of 8. */
    int encodedLength() {
        return encoded().stream().mapToInt(extension -> PREFIX + (extension.data().remaining() + 7 & -8)).sum() + PREFIX;
    }

    /**
     * Writes all extensions and the end marker at the buffer's position, {@link #encodedLength} bytes, padding zeroed, and moves
     * the position behind them. The backing file's name may follow there.
     */
    void encode(ByteBuffer out) {
        ByteBuffer to = out.slice().order(ByteOrder.BIG_ENDIAN);
        for (Unknown extension : encoded()) {
            int length = extension.data().remaining();
            to.putInt(extension.type()).putInt(length).put(extension.data().duplicate());
            for (int pad = length; (pad & 7) != 0; pad++) {
                to.put((byte) 0);
            }
        }
        to.putInt(END).putInt(0);
        out.position(out.position() + to.position());
    }

    /** Every extension in its bytes, in the order in which QEMU writes them. */
    private List<Unknown> encoded() {
        List<Unknown> all = new ArrayList<>();
        backingFormat.ifPresent(format -> all.add(new Unknown(BACKING_FORMAT, bytes(format))));
        dataFile.ifPresent(name -> all.add(new Unknown(DATA_FILE, bytes(name))));
        crypto.ifPresent(header -> all.add(new Unknown(CRYPTO,
                ByteBuffer.allocate(CRYPTO_LENGTH).putLong(header.offset()).putLong(header.length()).flip())));
        if (!featureNames.isEmpty()) {
            all.add(new Unknown(FEATURE_NAMES, encodedFeatureNames()));
        }
        bitmaps.ifPresent(directory -> all.add(new Unknown(BITMAPS, ByteBuffer.allocate(BITMAPS_LENGTH)
                .putInt(directory.count()).putInt(0).putLong(directory.directorySize()).putLong(directory.directoryOffset())
                .flip())));
        all.addAll(unknown);
        return all;
    }

    private ByteBuffer encodedFeatureNames() {
        ByteBuffer table = ByteBuffer.allocate(featureNames.size() * FeatureName.LENGTH);
        for (FeatureName feature : featureNames) {
            int start = table.position();
            byte[] name = feature.name().getBytes(StandardCharsets.UTF_8);
            table.put((byte) feature.type()).put((byte) feature.bit())
                    .put(name, 0, Math.min(name.length, FeatureName.MAX_NAME));
            table.position(start + FeatureName.LENGTH);
        }
        return table.flip();
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
