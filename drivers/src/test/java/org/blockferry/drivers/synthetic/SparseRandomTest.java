package org.blockferry.drivers.synthetic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;
import java.util.zip.Deflater;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockSourceContract;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class SparseRandomTest {
    @Nested
    class WithRandomContent extends BlockSourceContract {
        private static final String LOCATION = "sparse-random:3145795?seed=7&percent=40&runlength=96K";
        private static final TestImage IMAGE = blockByBlock(LOCATION);

        @Override
        protected BlockSource open(TestImage image) throws Exception {
            return Opening.source(LOCATION);
        }

        @Override
        protected TestImage image() {
            return IMAGE;
        }
    }

    @Nested
    class WithRepeatedContent extends BlockSourceContract {
        private static final String LOCATION = "sparse-random:2M?seed=8&percent=50&runlength=20K&random-content=off";
        private static final TestImage IMAGE = blockByBlock(LOCATION);

        @Override
        protected BlockSource open(TestImage image) throws Exception {
            return Opening.source(LOCATION);
        }

        @Override
        protected TestImage image() {
            return IMAGE;
        }
    }

    /** The image as its 4 KiB blocks read one by one; runs by whether a block is all zero, so without the status. */
    private static TestImage blockByBlock(String location) {
        try (BlockSource source = Opening.source(location)) {
            int length = (int) source.info().length();
            byte[] bytes = new byte[length];
            List<TestImage.Run> runs = new ArrayList<>();
            for (int at = 0; at < length; at += 4096) {
                byte[] block = Disks.read(source, ByteRange.between(at, Math.min(length, at + 4096)));
                System.arraycopy(block, 0, bytes, at, block.length);
                TestImage.Kind kind = Arrays.equals(block, new byte[block.length]) ? TestImage.Kind.ZERO : TestImage.Kind.DATA;
                TestImage.Run last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
                if (last != null && last.kind() == kind) {
                    runs.remove(runs.size() - 1);
                }
                long start = last != null && last.kind() == kind ? last.range().offset() : at;
                runs.add(new TestImage.Run(ByteRange.between(start, at + block.length), kind));
            }
            return TestImage.of(bytes, runs);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** The bytes that version 0.1 makes: who has measured with a seed must get the same disk ever after. */
    @Test
    void aSeedMakesTheSameDiskForEver() throws Exception {
        assertEquals("4318656", crc("sparse-random:64M?seed=3"));
        assertEquals("1e6c76dc", crc("sparse-random:64M?seed=3&random-content=off"));
        assertEquals("c50b8736", crc("sparse-random:16M?seed=-1&percent=62.5&runlength=40K"));
        assertEquals("[0x0+0xb7000 LZ--, 0xb7000+0x3e000 L-M-, 0xf5000+0x7f000 LZ--, 0x174000+0x25000 L-M-, "
                + "0x199000+0x116000 LZ--, 0x2af000+0x15000 L-M-, 0x2c4000+0x13c000 LZ--]", map("sparse-random:4M?seed=3&runlength=128K"));
    }

    private static String map(String location) throws Exception {
        try (BlockSource source = Opening.source(location)) {
            return Disks.map(source, source.info().range()).toString();
        }
    }

    private static String crc(String location) throws Exception {
        CRC32C crc = new CRC32C();
        try (BlockSource source = Opening.source(location)) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
            for (long at = 0; at < source.info().length(); at += 1 << 20) {
                source.read(at, buffer.clear());
                crc.update(buffer.flip());
            }
        }
        return Long.toHexString(crc.getValue());
    }

    @Test
    void anotherSeedMakesAnotherDisk() throws Exception {
        assertNotEquals(crc("sparse-random:16M?seed=1"), crc("sparse-random:16M?seed=2"));
        assertEquals(crc("sparse-random:16M"), crc("sparse-random:16M?seed=0&percent=10"));
    }

    @Test
    void noBlockIsLikeAnotherAndEveryByteValueIsAsFrequent() throws Exception {
        Set<Long> firstWords = new HashSet<>();
        long[] counts = new long[256];
        try (BlockSource source = Opening.source("sparse-random:16M?percent=100&seed=5")) {
            for (int at = 0; at < 16 << 20; at += 4096) {
                byte[] block = Disks.read(source, new ByteRange(at, 4096));
                assertTrue(firstWords.add(ByteBuffer.wrap(block).getLong()), "the block at " + at + " was there before");
                for (byte b : block) {
                    counts[b & 0xff]++;
                }
            }
        }
        double mean = (16 << 20) / 256.0;
        for (int value = 0; value < 256; value++) {
            assertEquals(mean, counts[value], mean * 0.03, "byte " + value);
        }
    }

    @Test
    void randomContentDoesNotCompressAndRepeatedContentDoes() throws Exception {
        assertTrue(deflated("sparse-random:1M?percent=100") > 1 << 20);
        assertTrue(deflated("sparse-random:1M?percent=100&random-content=off") < 20_000);
    }

    private static int deflated(String location) throws Exception {
        Deflater deflater = new Deflater(1);
        try (BlockSource source = Opening.source(location)) {
            deflater.setInput(Disks.readAll(source));
            deflater.finish();
            int length = 0;
            for (byte[] out = new byte[1 << 16]; !deflater.finished();) {
                length += deflater.deflate(out);
            }
            return length;
        } finally {
            deflater.end();
        }
    }

    @Test
    void anyPieceOfTheLargestDiskIsReadAtOnce() throws Exception {
        try (BlockSource source = Opening.source("sparse-random:9223372036854775807?percent=100&seed=9")) {
            long end = Long.MAX_VALUE;
            byte[] tail = Disks.read(source, new ByteRange(end - 9001, 9001));
            assertArrayEquals(Arrays.copyOfRange(tail, 9001 - 77, 9001), Disks.read(source, new ByteRange(end - 77, 77)));
            assertEquals(List.of("0x0+0x7fffffffffffffff L-M-"), Disks.map(source, source.info().range()));
        }
    }

    @Test
    void aTebibyteIsWalkedInRunsAsLongAsTheyAre() throws Exception {
        try (BlockSource source = Opening.source("sparse-random:1T?seed=3")) {
            long data = 0;
            List<BlockStatus> runs = Disks.walk(source, source.info().range());
            for (BlockStatus run : runs) {
                data += run.isZero() ? 0 : run.length();
            }
            assertTrue(runs.size() < 15_000, runs.size() + " runs");
            assertEquals(0.1, (double) data / (1L << 40), 0.005);
        }
    }

    @Test
    void aSmallDiskHasRunsToo() throws Exception {
        for (String size : List.of("4M", "64M", "1G")) {
            try (BlockSource source = Opening.source("sparse-random:" + size)) {
                List<String> map = Disks.map(source, source.info().range());
                assertTrue(map.size() >= 10, size + ": " + map);
            }
        }
    }

    @Test
    void aDiskOfNoBytesIsADisk() throws Exception {
        try (BlockSource source = Opening.source("sparse-random:0")) {
            assertEquals(0, source.info().length());
            assertEquals(0, Disks.readAll(source).length);
        }
    }
}
