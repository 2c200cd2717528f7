package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/**
 * The part of an image's first cluster that is in use, with other extensions:
 *
 * <pre>
 *   header, as it is │ extensions │ name of the backing file │ zeroes over what is left of the old
 * </pre>
 *
 * <p>It is written in one piece ({@link MetadataEdit#commit}). What is between the header fields that are known here stays as it is.
 */
final class HeaderRewrite {
    private HeaderRewrite() {
    }

    /**
     * Lays the bytes out that belong at the start of the file. Autoclear bits that are not known here are cleared, as by everybody who
     * changes an image; the bit of the bitmaps says whether there are some.
     *
     * @param bitmaps where the directory is; none of them: no extension
     * @return single fields may still be changed
     * @throws BlockException NO_SPACE if the first cluster is too small
     */
    static ByteBuffer withBitmaps(CheckedImage image, HeaderExtensions.Bitmaps bitmaps) throws BlockException {
        Qcow2Header header = image.header();
        boolean some = bitmaps.count() != 0;
        HeaderExtensions old = image.extensions();
        HeaderExtensions extensions = old.withBitmaps(some ? Optional.of(bitmaps) : Optional.empty());
        int name = header.backingLength();
        int clusterSize = image.layout().clusterSize();
        if (header.headerLength() + extensions.encodedLength() + name > clusterSize) {
            // They only help older programs to say what they miss.
            extensions = extensions.withFeatureNames(List.of());
        }
        int end = header.headerLength() + extensions.encodedLength() + name;
        if (end > clusterSize) {
            throw BlockException.of(Kind.NO_SPACE, image.node(), "the image's header would have " + end
                    + " bytes with the place of the bitmaps in it, and its first cluster has " + clusterSize);
        }
        long oldEnd = Math.max(header.headerLength() + old.encodedLength(), header.backingOffset() + name);
        ByteBuffer bytes = ByteBuffer.allocateDirect((int) Math.max(end, Math.min(oldEnd, clusterSize))).order(ByteOrder.BIG_ENDIAN);
        image.read(0, bytes.limit(header.headerLength()));
        bytes.limit(end);
        extensions.encode(bytes);
        if (header.hasBacking()) {
            bytes.putLong(Qcow2Header.AT_BACKING_OFFSET, bytes.position());
            image.read(header.backingOffset(), bytes);
        }
        long known = header.autoclear() & Feature.DATA_FILE_RAW.mask();
        return bytes.putLong(Qcow2Header.AT_AUTOCLEAR, known | (some ? Feature.BITMAPS.mask() : 0)).clear();
    }
}
