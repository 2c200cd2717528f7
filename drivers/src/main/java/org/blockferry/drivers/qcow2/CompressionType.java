package org.blockferry.drivers.qcow2;

import java.util.Optional;

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

    static Optional<CompressionType> ofCode(int code) {
        return code == 0 ? Optional.of(ZLIB) : code == 1 ? Optional.of(ZSTD) : Optional.empty();
    }
}
