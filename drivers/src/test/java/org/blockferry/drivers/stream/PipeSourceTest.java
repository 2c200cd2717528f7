package org.blockferry.drivers.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.StreamSource;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;

class PipeSourceTest {
    private static final byte[] BYTES = TestImage.data(300_001, 5).bytes();

    /** Gives at most so many bytes at once, and sometimes none. */
    private record Dripping(ReadableByteChannel below, SplittableRandom random) implements ReadableByteChannel {
        @Override
        public int read(ByteBuffer into) throws IOException {
            int limit = into.limit();
            int most = random.nextInt(9000);
            if (most == 0 || into.remaining() == 0) {
                return 0;
            }
            int length = below.read(into.limit(Math.min(limit, into.position() + most)));
            into.limit(limit);
            return length;
        }

        @Override
        public boolean isOpen() {
            return below.isOpen();
        }

        @Override
        public void close() throws IOException {
            below.close();
        }
    }

    private static PipeSource pipe(byte[] bytes, long seed) {
        return new PipeSource("-",
                new Dripping(Channels.newChannel(new ByteArrayInputStream(bytes)), new SplittableRandom(seed)));
    }

    private static byte[] rest(StreamSource source, int room) throws BlockException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer into = ByteBuffer.allocate(room + 7);
        int length;
        while ((length = source.readNext(into.clear().position(7))) >= 0) {
            assertTrue(length > 0, "a read gives at least one byte");
            assertEquals(7 + length, into.position());
            all.write(into.array(), 7, length);
        }
        assertEquals(-1, source.readNext(into.clear()), "the end is said again");
        return all.toByteArray();
    }

    @Test
    void givesEveryByteInOrder() throws Exception {
        for (long seed = 1; seed <= 5; seed++) {
            try (PipeSource source = pipe(BYTES, seed)) {
                assertArrayEquals(BYTES, rest(source, 10_000), "seed " + seed);
            }
        }
    }

    @Test
    void isAStreamOfUnknownLengthWithOneReader() throws Exception {
        try (PipeSource source = pipe(BYTES, 1)) {
            assertFalse(source.info().isLengthKnown());
            assertTrue(source.info().has(Trait.STREAM));
            assertEquals(1, source.info().maxReaders());
            assertEquals("0x500+0x200 L-M-", source.status(new ByteRange(0x500, 0x200)).toString());
        }
    }

    @Test
    void isProbedWithoutLosingAByte() throws Exception {
        for (long seed = 1; seed <= 5; seed++) {
            try (PipeSource source = pipe(BYTES, seed)) {
                assertArrayEquals(Arrays.copyOf(BYTES, 4096), Disks.read(source, new ByteRange(0, 4096)));
                assertArrayEquals(Arrays.copyOfRange(BYTES, 100, 9000), Disks.read(source, new ByteRange(100, 8900)));
                assertArrayEquals(BYTES, rest(source, 1 + (int) seed * 3000), "seed " + seed);
                assertArrayEquals(Arrays.copyOf(BYTES, 65536), Disks.read(source, new ByteRange(0, 65536)), "the head stays");
            }
        }
    }

    @Test
    void isProbedAfterItsStartWasRead() throws Exception {
        try (PipeSource source = pipe(BYTES, 3)) {
            ByteBuffer first = ByteBuffer.allocate(50);
            source.readNext(first);
            assertArrayEquals(Arrays.copyOf(BYTES, 5000), Disks.read(source, new ByteRange(0, 5000)));
            assertArrayEquals(Arrays.copyOfRange(BYTES, first.position(), BYTES.length), rest(source, 70_000));
        }
    }

    @Test
    void refusesToReadBehindItsEndOrItsHeadByOffset() throws Exception {
        try (PipeSource source = pipe(Arrays.copyOf(BYTES, 1000), 1)) {
            BlockException e = assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(0, 1001)));
            assertEquals(Kind.OUT_OF_BOUNDS, e.kind());
            assertEquals("-: read 1001 bytes at 0x0: the stream ends at 0x3e8", e.getMessage());
            assertEquals(Kind.UNSUPPORTED,
                    assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(65536, 1))).kind());
            assertArrayEquals(Arrays.copyOf(BYTES, 1000), rest(source, 100));
        }
    }

    @Test
    void anEmptyStreamEndsAtOnce() throws Exception {
        try (PipeSource source = pipe(new byte[0], 1)) {
            assertEquals(0, rest(source, 10).length);
        }
    }

    @Test
    void aBrokenStreamTellsWhereItBroke() throws Exception {
        ReadableByteChannel broken = new ReadableByteChannel() {
            private boolean isOpen = true;

            @Override
            public int read(ByteBuffer into) throws IOException {
                throw new IOException("Input/output error");
            }

            @Override
            public boolean isOpen() {
                return isOpen;
            }

            @Override
            public void close() {
                isOpen = false;
            }
        };
        try (PipeSource source = new PipeSource("-", broken)) {
            BlockException e = assertThrows(BlockException.class, () -> source.readNext(ByteBuffer.allocate(512)));
            assertEquals(Kind.IO, e.kind());
            assertEquals("-: read 512 bytes at 0x0: Input/output error", e.getMessage());
        }
        assertFalse(broken.isOpen());
    }
}
