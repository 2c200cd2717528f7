package org.blockferry.drivers.codec;

/** Makes decompressors: the fastest that this machine has. */
public final class Decompressors {
    private Decompressors() {
    }

    /**
     * For raw deflate (RFC 1951) with any window up to 32 KiB.
     *
     * <p>Design note: libdeflate where it is present, else {@code java.util.zip}; figures in {@link LibDeflate}. The system
     * property {@value LibDeflate#SWITCH} set to {@code off} leaves libdeflate alone.
     */
    public static Decompressor deflate() {
        return LibDeflate.isPresent() ? new LibDeflate() : inflater();
    }

    /** For raw deflate, with what every Java runtime has. */
    public static Decompressor inflater() {
        return new InflaterDecompressor();
    }

    /** For zstd frames (RFC 8878). */
    public static Decompressor zstd() {
        return new ZstdDecompressor();
    }
}
