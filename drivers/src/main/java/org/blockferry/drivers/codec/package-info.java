/**
 * Compression codecs that image formats share. The doors are {@link org.blockferry.drivers.codec.Decompressors} and
 * {@link org.blockferry.drivers.codec.Compressors}.
 *
 * <pre>
 *   Decompressors.deflate() ─▶ LibDeflate (C library by JNA, where it is present) ─▶ falls back to ▶ InflaterDecompressor
 *   Decompressors.zstd()    ─▶ ZstdDecompressor (zstd-jni)
 *   Compressors.deflate()   ─▶ LibDeflateCompressor, where it is present, else DeflaterCompressor
 *   Compressors.zstd()      ─▶ ZstdCompressor
 * </pre>
 *
 * <p>Nothing here knows an image format: where a stream starts, how long it may be and what it must yield is said by the
 * caller.
 */
package org.blockferry.drivers.codec;
