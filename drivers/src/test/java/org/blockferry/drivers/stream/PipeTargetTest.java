package org.blockferry.drivers.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class PipeTargetTest {
    private static final byte[] BYTES = TestImage.data(100_001, 6).bytes();

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private PipeTarget target(long length) {
        return new PipeTarget("-", Channels.newChannel(out), length);
    }

    @Test
    void writesInOrder() throws Exception {
        try (PipeTarget target = target(BYTES.length)) {
            Disks.write(target, 0, Arrays.copyOf(BYTES, 70_000));
            target.write(70_000, ByteBuffer.wrap(BYTES, 70_000, 30_001), WriteFlag.NONE);
            target.flush();
            target.complete();
        }
        assertArrayEquals(BYTES, out.toByteArray());
    }

    @Test
    void takesOneWriterInOrderAndNoCheapZeroes() throws Exception {
        try (PipeTarget target = target(1 << 20)) {
            assertTrue(target.info().has(Trait.APPEND_ONLY));
            assertFalse(target.info().has(Trait.READS_ZERO_WHEN_NEW));
            assertEquals(1, target.info().maxWriters());
            assertFalse(target.writeZeroes(new ByteRange(0, 512), ZeroFlag.UNMAP));
            assertFalse(target.discard(new ByteRange(0, 512)));
            assertEquals(0, target.offload(BlockStatus.data(new ByteRange(0, 512), new ArrayDisk("a", BYTES), 0), 0, 512));
            assertEquals(0, out.size());
        }
    }

    @Test
    void refusesAByteOutOfOrder() throws Exception {
        try (PipeTarget target = target(1 << 20)) {
            Disks.write(target, 0, new byte[512]);
            BlockException e = assertThrows(BlockException.class, () -> Disks.write(target, 1024, new byte[512]));
            assertEquals("-: write 512 bytes at 0x400: a stream is written in order; 0x200 is next", e.getMessage());
            assertEquals(512, out.size());
        }
    }

    @Test
    void refusesMoreOrFewerBytesThanItsLength() throws Exception {
        try (PipeTarget target = target(1000)) {
            assertEquals(Kind.OUT_OF_BOUNDS, assertThrows(BlockException.class, () -> Disks.write(target, 0, new byte[1001])).kind());
            Disks.write(target, 0, new byte[999]);
            assertEquals("-: the stream has 999 bytes; 1000 were to be written",
                    assertThrows(BlockException.class, target::complete).getMessage());
        }
    }

    @Test
    void aStreamOfUnknownLengthTakesWhatComes() throws Exception {
        try (PipeTarget target = target(NodeInfo.UNKNOWN_LENGTH)) {
            Disks.write(target, 0, BYTES);
            target.complete();
        }
        assertArrayEquals(BYTES, out.toByteArray());
    }

    @Test
    void aReaderThatIsGoneIsSaidPlainly() throws Exception {
        Pipe pipe = Pipe.open();
        pipe.source().close();
        try (PipeTarget target = new PipeTarget("-", pipe.sink(), 1 << 20)) {
            BlockException e = assertThrows(BlockException.class, () -> Disks.write(target, 0, new byte[512]));
            assertEquals(Kind.IO, e.kind());
            assertEquals("-: write 512 bytes at 0x0: Broken pipe (nobody reads standard output any more)", e.getMessage());
        }
    }

    @Test
    void aFullDiskBehindStandardOutputIsNoSpace() throws Exception {
        Path full = Path.of("/dev/full");
        Assumptions.assumeTrue(Files.isWritable(full), "skipped: /dev/full is not here");
        try (FileOutputStream stream = new FileOutputStream(full.toFile());
                PipeTarget target = new PipeTarget("-", stream.getChannel(), 1 << 20)) {
            BlockException e = assertThrows(BlockException.class, () -> Disks.write(target, 0, new byte[512]));
            assertEquals(Kind.NO_SPACE, e.kind());
        }
    }
}
