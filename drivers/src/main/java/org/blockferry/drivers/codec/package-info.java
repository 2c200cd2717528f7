/**
 * Compression codecs that image formats share. The door is {@link org.blockferry.drivers.codec.Decompressors}.
 *
 * <pre>
 *   Decompressors.deflate() ─▶ LibDeflate (C library by JNA, where it is present) ─▶ falls back to ▶ InflaterDecompressor
 *   Decompressors.zstd()    ─▶ ZstdDecompressor (zstd-jni)
 * </pre>
 *
 * <p>Nothing here knows an image format: where a stream starts, how long it may be and what it must yield is said by the
 * caller.
 */
package org.blockferry.drivers.codec;
