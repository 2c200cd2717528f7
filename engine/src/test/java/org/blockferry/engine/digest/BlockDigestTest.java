package org.blockferry.engine.digest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The construction: the digests that blkhash's own tests expect of it, and that order and size of the pieces do not matter. */
class BlockDigestTest {
    private static final int HALF = BlockDigest.BLOCK / 2;

    private static byte[] bytes(int length, char content) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) content);
        return bytes;
    }

    /** A letter is half a block of it, {@code 0} zeroes that are read, {@code -} zeroes that are known. */
    @ParameterizedTest
    @CsvSource({
        "AA, 2e3a5f57d5e726ee5de62db1a85ff816f4fa6ea4627807d9a51bdc4c883e165e",
        "00, 8ab067ab7939a3d4f40cbb118956c07c06aeae2d075d6e0a2ebbb94bd42832af",
        "--, 8ab067ab7939a3d4f40cbb118956c07c06aeae2d075d6e0a2ebbb94bd42832af",
        "A, 9467334d6d7668a2f06898185b5cddc78cdfbd962f50c6bf250101f03a0e54dc",
        "0, 842d185f0ff348b0d689e184bddc47f69a19032a6934c89b879479f1e86f9d56",
        "-, 842d185f0ff348b0d689e184bddc47f69a19032a6934c89b879479f1e86f9d56",
        "----------------, 722ac11a3a81034edf196aa3ee68d1a2e345cd0838b0c78c2ce2fb015d4d817d",
        "0000000000000000, 722ac11a3a81034edf196aa3ee68d1a2e345cd0838b0c78c2ce2fb015d4d817d",
        "-----------------, e623a5702b1feb08fbb3d18e35bbb7ec10146b8cd1bcff811200a3948c78c55c",
        "ABCDEF, 4ab1586084326f5beb911621282e9557cd26856105eff7f78cace5986af4738b",
        "ABCDE, 2cad558b3a2a8d87435e80fe7bae69fa664d92eaa1b9411f573b9fbb412a4d43",
        "A--0E--0, 4b2b5acd96f8105f4fb26abaf35c7c5756338ef9ccce19ffe7714c9ad94b4398",
        "A--0E--, 2510ac29c7103f2e68c672d728cbd43db4ed3dc809a24cde96e62dc5862a0f57"})
    void isThatOfBlkhash(String halves, String expected) {
        BlockDigest digest = new BlockDigest(DigestAlgorithm.SHA256);
        long offset = 0;
        for (char half : halves.toCharArray()) {
            if (half == '-') {
                digest.zero(offset, HALF);
            } else {
                digest.data(offset, ByteBuffer.wrap(bytes(HALF, half == '0' ? 0 : half)));
            }
            offset += HALF;
        }
        assertEquals(expected, digest.finish(offset).hex());
    }

    @Test
    void aGibibyteOfZeroesIsThatOfBlkhash() {
        BlockDigest digest = new BlockDigest(DigestAlgorithm.SHA256);
        digest.zero(0, 1L << 30);
        Checksum result = digest.finish(1L << 30);
        assertEquals("c6d6562c3074a2caa0ceea3e1f460f3af678c792ed05e64157eb51e68ae5260d", result.hex());
        assertEquals(0, result.read());
    }

    /** The same disk, cut at random and added in random order, some of its zeroes as bytes. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void piecesAndTheirOrderDoNotMatter(long seed) {
        Random random = new Random(seed);
        int length = 20 * BlockDigest.BLOCK + random.nextInt(BlockDigest.BLOCK);
        byte[] disk = new byte[length];
        List<int[]> pieces = new ArrayList<>();
        for (int at = 0; at < length; ) {
            int end = Math.min(length, at + 1 + random.nextInt(random.nextBoolean() ? 9000 : 4 * BlockDigest.BLOCK));
            boolean zero = random.nextInt(3) == 0;
            if (!zero) {
                for (int i = at; i < end; i++) {
                    disk[i] = (byte) random.nextInt();
                }
            }
            pieces.add(new int[] {at, end, zero && random.nextBoolean() ? 1 : 0});
            at = end;
        }
        BlockDigest ascending = new BlockDigest(DigestAlgorithm.SHA3_256);
        ascending.data(0, ByteBuffer.wrap(disk));
        Collections.shuffle(pieces, random);
        BlockDigest shuffled = new BlockDigest(DigestAlgorithm.SHA3_256);
        pieces.forEach(piece -> {
            if (piece[2] == 1) {
                shuffled.zero(piece[0], piece[1] - piece[0]);
            } else {
                shuffled.data(piece[0], ByteBuffer.wrap(disk, piece[0], piece[1] - piece[0]));
            }
        });
        assertEquals(ascending.finish(length).hex(), shuffled.finish(length).hex());
    }

    @Test
    void everyBitCounts() {
        byte[] disk = bytes(3 * HALF, 'x');
        String whole = digestOf(disk);
        for (int at : new int[] {0, HALF, BlockDigest.BLOCK - 1, BlockDigest.BLOCK, disk.length - 1}) {
            disk[at] ^= 1;
            assertEquals(false, whole.equals(digestOf(disk)), "byte " + at);
            disk[at] ^= 1;
        }
        assertEquals(whole, digestOf(disk));
        assertEquals(false, digestOf(new byte[HALF]).equals(digestOf(new byte[HALF + 1])));
    }

    private static String digestOf(byte[] disk) {
        BlockDigest digest = new BlockDigest(DigestAlgorithm.SHA512);
        digest.data(0, ByteBuffer.wrap(disk));
        return digest.finish(disk.length).hex();
    }

    @Test
    void whatWasLeftOutIsNoticed() {
        BlockDigest digest = new BlockDigest(DigestAlgorithm.SHA1);
        digest.zero(0, BlockDigest.BLOCK);
        digest.zero(2 * BlockDigest.BLOCK, BlockDigest.BLOCK);
        assertThrows(IllegalStateException.class, () -> digest.finish(3 * BlockDigest.BLOCK));
    }
}
