package org.blockferry.engine.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ZeroScannerTest {

    /** What stands there, one letter for each 512 bytes; offset on the disk; block; minimum; what is found. */
    static Stream<Arguments> cases() {
        return Stream.of(
                arguments("only data", "DDDD", 0, 512, 512, "DDDD"),
                arguments("only zeroes", "0000", 0, 512, 512, "0000"),
                arguments("runs take turns", "D00D0", 0, 512, 512, "D00D0"),
                arguments("short zeroes are data", "DD0DD000", 0, 512, 1024, "DDDDD000"),
                arguments("zeroes are found in whole blocks", "D00D0000", 0, 1024, 512, "DDDD0000"),
                arguments("blocks are those of the disk", "D00D0000", 512, 1024, 512, "D00DD000"),
                arguments("the end counts as a block", "DDDD000", 0, 2048, 512, "DDDD000"),
                arguments("the start counts as a block", "0DDDD", 1536, 2048, 512, "0DDDD"),
                arguments("fewer zeroes than the minimum, but all there is", "00", 0, 512, 4096, "00"),
                arguments("zeroes that run into the end", "D0", 0, 512, 4096, "DD"),
                arguments("longer than what is compared at once", "D" + "0".repeat(500) + "D", 0, 512, 4096,
                        "D" + "0".repeat(500) + "D"));
    }

    @ParameterizedTest(name = "{0}: {1} is {5}")
    @MethodSource("cases")
    void finds(String name, String letters, long offset, int block, int minimum, String expected) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(letters.length() * 512);
        for (int i = 0; i < letters.length(); i++) {
            if (letters.charAt(i) == 'D') {
                bytes.put(i * 512 + 511, (byte) 1);
            }
        }
        ZeroScanner scanner = new ZeroScanner();
        scanner.reset(bytes, 0, bytes.capacity(), offset, block, minimum);
        StringBuilder found = new StringBuilder();
        while (scanner.next()) {
            found.append((scanner.isZero() ? "0" : "D").repeat((scanner.end() - scanner.start()) / 512));
        }
        assertEquals(expected, found.toString());
    }

    static LongStream seeds() {
        return LongStream.range(0, 200);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void whatIsToldAsZeroIsZeroAndEveryLongRunIsTold(long seed) {
        Random random = new Random(seed);
        int length = 1 + random.nextInt(300_000);
        byte[] content = new byte[length];
        for (int at = 0; at < length; at += 1 + random.nextInt(30_000)) {
            content[at] = 1;
        }
        int from = random.nextInt(length);
        ByteBuffer bytes = ByteBuffer.allocateDirect(length).put(0, content);
        int block = 512 << random.nextInt(6);
        int minimum = 512 * (1 + random.nextInt(40));
        long offset = random.nextInt(1 << 20);
        ZeroScanner scanner = new ZeroScanner();
        scanner.reset(bytes, from, length, offset, block, minimum);
        int at = from;
        boolean zero = false;
        while (scanner.next()) {
            assertEquals(at, scanner.start(), "seed " + seed);
            assertTrue(at == from || zero != scanner.isZero(), "seed " + seed + ": runs take turns");
            zero = scanner.isZero();
            int zeroes = 0;
            for (int i = scanner.start(); i < scanner.end(); i++) {
                zeroes = content[i] == 0 ? zeroes + 1 : 0;
                assertTrue(!zero || content[i] == 0, "seed " + seed + " at " + i);
                assertTrue(zero || zeroes < minimum + 2 * block, "seed " + seed + ": missed zeroes before " + i);
            }
            if (zero) {
                assertTrue(at == from || (offset + at - from) % block == 0, "seed " + seed);
                assertTrue(scanner.end() == length || (offset + scanner.end() - from) % block == 0, "seed " + seed);
            }
            at = scanner.end();
        }
        assertEquals(length, at, "seed " + seed);
    }
}
