package org.blockferry.drivers.qcow2;

import java.util.Optional;
import org.blockferry.engine.block.CompressedForm;

/** How compressed clusters are compressed; the header's field {@code compression_type}. */
enum CompressionType {
    /** Raw deflate (RFC 1951): no zlib header, whatever its name. */
    ZLIB(0),
    /** One zstd frame (RFC 8878). */
    ZSTD(1);

    private final int code;

    CompressionType(int code) {
        this.code = code;
    }

    /** The value of the header field. */
    int code() {
        return code;
    }

    /** The name that {@code -o compression_type=} takes. */
    String word() {
        return this == ZLIB ? "zlib" : "zstd";
    }

    /** What an image of this layout stores; it may as well be stored in another one of the same form. */
    CompressedForm form(Qcow2Layout layout) {
        return new CompressedForm("qcow2 " + word(), layout.clusterSize());
    }

    static Optional<CompressionType> ofCode(int code) {
        return code == 0 ? Optional.of(ZLIB) : code == 1 ? Optional.of(ZSTD) : Optional.empty();
    }
}
