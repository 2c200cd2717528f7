package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * Finding the blocks of 4 KiB that are zero in a slot. {@code scanner} is the {@link ZeroScanner} that copies use; the others
 * look at one block after the other and count. A rate is {@code slotBytes} by the time of an operation.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class ZeroScanBenchmark {
    private static final int BLOCK = PipelineOptions.DEFAULT_SPARSE_SIZE;

    @Param({"262144", "2097152"})
    int slotBytes;

    /**
     * {@code zero} and {@code data} throughout; {@code alternating} blocks of both; {@code lastByte}: zeroes but for the last
     * byte of each block, so that every byte must be looked at and nothing is found.
     */
    @Param({"zero", "data", "alternating", "lastByte"})
    String content;

    private final ZeroScanner scanner = new ZeroScanner();
    private final ByteBuffer zeroes = ByteBuffer.allocateDirect(BLOCK);
    private ByteBuffer bytes;
    private LongBuffer longs;

    @Setup
    public void fill() {
        bytes = ByteBuffer.allocateDirect(slotBytes).order(ByteOrder.nativeOrder());
        longs = bytes.asLongBuffer();
        SplittableRandom random = new SplittableRandom(7);
        for (int at = 0; at < slotBytes; at++) {
            boolean isData = switch (content) {
                case "zero" -> false;
                case "data" -> true;
                case "alternating" -> (at / BLOCK & 1) == 1;
                case "lastByte" -> at % BLOCK == BLOCK - 1;
                default -> throw new IllegalArgumentException("content " + content);
            };
            if (isData) {
                bytes.put(at, (byte) (1 + random.nextInt(255)));
            }
        }
    }

    @Benchmark
    public int scanner() {
        scanner.reset(bytes, 0, slotBytes, 0, BLOCK, BLOCK);
        int found = 0;
        while (scanner.next()) {
            found += scanner.isZero() ? (scanner.end() - scanner.start()) / BLOCK : 0;
        }
        return found;
    }

    @Benchmark
    public int mismatch() {
        int found = 0;
        for (int at = 0; at < slotBytes; at += BLOCK) {
            bytes.limit(at + BLOCK).position(at);
            found += bytes.mismatch(zeroes) < 0 ? 1 : 0;
        }
        return found;
    }

    @Benchmark
    public int longLoop() {
        int found = 0;
        for (int at = 0; at < slotBytes; at += BLOCK) {
            int end = (at + BLOCK) / Long.BYTES;
            long any = 0;
            for (int word = at / Long.BYTES; word < end; word++) {
                any |= longs.get(word);
            }
            found += any == 0 ? 1 : 0;
        }
        return found;
    }

    @Benchmark
    public int getLongLoop() {
        bytes.clear();
        int found = 0;
        for (int at = 0; at < slotBytes; at += BLOCK) {
            int end = at + BLOCK;
            int word = at;
            while (word < end && bytes.getLong(word) == 0) {
                word += Long.BYTES;
            }
            found += word == end ? 1 : 0;
        }
        return found;
    }
}
