package org.blockferry.drivers.codec;

/** Makes compressors: the fastest that this machine has. */
public final class Compressors {
    private Compressors() {
    }

    /**
     * To raw deflate (RFC 1951) with a window of 32 KiB, by libdeflate where it is present, else by {@code java.util.zip}; the
     * figures are in {@link LibDeflateCompressor}.
     */
    public static Compressor deflate() {
        return LibDeflateCompressor.isPresent() ? new LibDeflateCompressor() : deflater();
    }

    /** To raw deflate, with what every Java runtime has. */
    public static Compressor deflater() {
        return new DeflaterCompressor();
    }

    /** To zstd frames (RFC 8878), each with its size and without a checksum. */
    public static Compressor zstd() {
        return new ZstdCompressor();
    }
}
