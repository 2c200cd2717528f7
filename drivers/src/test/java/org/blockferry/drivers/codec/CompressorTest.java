package org.blockferry.drivers.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What each compressor makes, each decompressor of its format reads. */
class CompressorTest {

    static List<Arguments> codecs() {
        Named<Supplier<Decompressor>> best = Named.of("deflate", Decompressors::deflate);
        Named<Supplier<Decompressor>> java = Named.of("inflater", Decompressors::inflater);
        return List.of(pair("deflate", Compressors::deflate, best), pair("deflate", Compressors::deflate, java),
                pair("deflater", Compressors::deflater, best), pair("deflater", Compressors::deflater, java),
                pair("zstd", Compressors::zstd, Named.of("zstd", Decompressors::zstd)));
    }

    private static Arguments pair(String name, Supplier<Compressor> compressor, Named<Supplier<Decompressor>> decompressor) {
        return Arguments.of(Named.of(name, compressor), decompressor);
    }

    private static ByteBuffer words(int length, int seed) {
        Random random = new Random(seed);
        ByteBuffer buffer = ByteBuffer.allocateDirect(length);
        while (buffer.hasRemaining()) {
            buffer.put((byte) ('a' + random.nextInt(6)));
        }
        return buffer.flip();
    }

    @ParameterizedTest(name = "{0} to {1}")
    @MethodSource("codecs")
    void whatIsMadeIsReadBackUnitByUnit(Supplier<Compressor> compressors, Supplier<Decompressor> decompressors) {
        try (Compressor compressor = compressors.get(); Decompressor decompressor = decompressors.get()) {
            for (int length : new int[] {1, 512, 4096, 65536, 65536, 2 << 20}) {
                ByteBuffer from = ByteBuffer.allocateDirect(length + 7).position(7).put(words(length, length)).position(7);
                ByteBuffer into = ByteBuffer.allocateDirect(length + 200).position(5);
                int made = compressor.compress(from, into);
                assertTrue(made > 0 && into.position() == 5 + made, "made " + made);
                assertTrue(length < 512 || made < length * 3 / 4, made + " of " + length);
                ByteBuffer back = ByteBuffer.allocateDirect(length);
                assertTrue(decompressor.decompress(into.slice(5, made), back));
                assertEquals(words(length, length), back.flip());
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("codecs")
    void whatDoesNotFitIsNotMadeAndTheNextUnitIs(Supplier<Compressor> compressors, Supplier<Decompressor> decompressors) {
        byte[] noise = new byte[65536];
        new Random(1).nextBytes(noise);
        try (Compressor compressor = compressors.get(); Decompressor decompressor = decompressors.get()) {
            ByteBuffer from = ByteBuffer.allocateDirect(noise.length).put(noise).flip();
            assertEquals(0, compressor.compress(from, ByteBuffer.allocateDirect(noise.length - 1)));
            ByteBuffer into = ByteBuffer.allocateDirect(65536);
            int made = compressor.compress(words(65536, 2), into);
            ByteBuffer back = ByteBuffer.allocateDirect(65536);
            assertTrue(decompressor.decompress(into.slice(0, made), back));
            assertEquals(words(65536, 2), back.flip());
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("codecs")
    void aSecondCloseDoesNothing(Supplier<Compressor> compressors, Supplier<Decompressor> decompressors) {
        Compressor compressor = compressors.get();
        compressor.close();
        compressor.close();
        Decompressor decompressor = decompressors.get();
        decompressor.close();
        decompressor.close();
    }
}
