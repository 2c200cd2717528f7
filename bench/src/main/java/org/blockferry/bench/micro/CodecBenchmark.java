package org.blockferry.bench.micro;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.blockferry.drivers.codec.Compressor;
import org.blockferry.drivers.codec.Compressors;
import org.blockferry.drivers.codec.Decompressor;
import org.blockferry.drivers.codec.Decompressors;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One cluster, compressed and decompressed, by the codecs as the drivers use them: our levels, direct buffers, contexts reused.
 * {@code Deflate} is what {@link Compressors#deflate} gives: libdeflate, where the machine has it; set-up prints which it is.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class CodecBenchmark {
    private static final int WORDS = 2000;
    private static final int LETTERS = 26;

    @Param("65536")
    int clusterBytes;

    /** {@code text}: words of which few are frequent. {@code random}: cannot be made smaller. */
    @Param({"text", "random"})
    String content;

    private final Compressor deflate = Compressors.deflate();
    private final Compressor javaZip = Compressors.deflater();
    private final Compressor zstd = Compressors.zstd();
    private final Decompressor inflate = Decompressors.deflate();
    private final Decompressor javaUnzip = Decompressors.inflater();
    private final Decompressor unzstd = Decompressors.zstd();
    private ByteBuffer plain;
    private ByteBuffer out;
    private ByteBuffer deflated;
    private ByteBuffer zstandard;

    @Setup
    public void fill() {
        SplittableRandom random = new SplittableRandom(7);
        byte[] bytes = new byte[clusterBytes];
        switch (content) {
            case "text" -> fillWithWords(bytes, random);
            case "random" -> random.nextBytes(bytes);
            default -> throw new IllegalArgumentException("content " + content);
        }
        plain = ByteBuffer.allocateDirect(clusterBytes).put(bytes);
        // What cannot be made smaller gets somewhat larger; a driver would store it plainly.
        out = ByteBuffer.allocateDirect(2 * clusterBytes);
        deflated = made(deflate);
        zstandard = made(zstd);
        System.out.println("# " + content + ": " + clusterBytes + " bytes become " + deflated.limit() + " by "
                + deflate.getClass().getSimpleName() + ", " + made(javaZip).limit() + " by java.util.zip, " + zstandard.limit()
                + " by zstd");
    }

    private static void fillWithWords(byte[] bytes, SplittableRandom random) {
        byte[][] words = new byte[WORDS][];
        for (int word = 0; word < WORDS; word++) {
            StringBuilder letters = new StringBuilder();
            for (int length = 2 + random.nextInt(9); length > 0; length--) {
                letters.append((char) ('a' + random.nextInt(LETTERS)));
            }
            words[word] = letters.append(' ').toString().getBytes(StandardCharsets.US_ASCII);
        }
        for (int at = 0; at < bytes.length; ) {
            double even = random.nextDouble();
            byte[] word = words[(int) (even * even * even * WORDS)];
            int length = Math.min(word.length, bytes.length - at);
            System.arraycopy(word, 0, bytes, at, length);
            at += length;
        }
    }

    private ByteBuffer made(Compressor compressor) {
        int length = compress(compressor);
        return ByteBuffer.allocateDirect(length).put(out.flip()).flip();
    }

    @Benchmark
    public int compressDeflate() {
        return compress(deflate);
    }

    @Benchmark
    public int compressJavaZip() {
        return compress(javaZip);
    }

    @Benchmark
    public int compressZstd() {
        return compress(zstd);
    }

    @Benchmark
    public boolean decompressDeflate() {
        return decompress(inflate, deflated);
    }

    @Benchmark
    public boolean decompressJavaZip() {
        return decompress(javaUnzip, deflated);
    }

    @Benchmark
    public boolean decompressZstd() {
        return decompress(unzstd, zstandard);
    }

    private int compress(Compressor compressor) {
        return compressor.compress(plain.position(0).limit(clusterBytes), out.clear());
    }

    private boolean decompress(Decompressor decompressor, ByteBuffer from) {
        if (!decompressor.decompress(from.position(0), out.clear().limit(clusterBytes))) {
            throw new IllegalStateException("what was compressed cannot be decompressed");
        }
        return true;
    }

    @TearDown
    public void close() {
        deflate.close();
        javaZip.close();
        zstd.close();
        inflate.close();
        javaUnzip.close();
        unzstd.close();
    }
}
