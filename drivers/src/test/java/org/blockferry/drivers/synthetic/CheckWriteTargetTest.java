package org.blockferry.drivers.synthetic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class CheckWriteTargetTest {
    private static final String DISK = "sparse-random:32M?seed=3&percent=30";

    private static void refused(String message, Executable request) {
        BlockException e = assertThrows(BlockException.class, request);
        assertEquals(Kind.IO, e.kind());
        assertEquals(message, e.getMessage());
    }

    /** Copies in pieces, those that read as zero by {@code zeroes}: written, made, or left out. */
    private static void copy(BlockSource source, BlockTarget target, String zeroes) throws BlockException {
        for (BlockStatus run : Disks.walk(source, source.info().range())) {
            for (ByteRange left = run.range(); !left.isEmpty(); left = left.from(Math.min(left.end(), left.offset() + (1 << 20)))) {
                ByteRange piece = left.first(1 << 20);
                if (!run.isZero() || zeroes.equals("written")) {
                    Disks.write(target, piece.offset(), Disks.read(source, piece));
                } else if (zeroes.equals("made")) {
                    assertTrue(target.writeZeroes(piece, ZeroFlag.UNMAP));
                }
            }
        }
    }

    @Test
    void aRightCopyCompletesWhateverBecameOfItsZeroes() throws Exception {
        for (String zeroes : List.of("written", "made", "left out")) {
            try (BlockSource source = Opening.source(DISK); BlockTarget target = Opening.create(DISK, 32 << 20)) {
                copy(source, target, zeroes);
                target.flush();
                target.complete();
            }
        }
    }

    @Test
    void aWrongByteIsNamed() throws Exception {
        try (BlockSource source = Opening.source("sparse-random:1M?percent=100");
                BlockTarget target = Opening.target("sparse-random:1M?percent=100")) {
            byte[] bytes = Disks.read(source, new ByteRange(4096, 8192));
            int right = bytes[5000] & 0xff;
            bytes[5000] ^= 1;
            refused("sparse-random:1M?percent=100: write 8192 bytes at 0x1000: byte 0x2388 is " + (right ^ 1) + "; it must be "
                    + right, () -> Disks.write(target, 4096, bytes));
        }
    }

    @Test
    void aByteWhereAHoleMustBeIsNamed() throws Exception {
        try (BlockTarget target = Opening.create("sparse-random:?percent=0", 1L << 40)) {
            byte[] bytes = new byte[700_000];
            Disks.write(target, 1L << 30, bytes);
            bytes[699_999] = 9;
            refused("sparse-random:?percent=0: write 700000 bytes at 0x40000000: byte 0x400aae5f is 9; it must be 0",
                    () -> Disks.write(target, 1L << 30, bytes));
        }
    }

    @Test
    void zeroesWhereDataMustBeAreNamed() throws Exception {
        try (BlockTarget target = Opening.target("sparse-random:1M?percent=100&random-content=off")) {
            refused("sparse-random:1M?percent=100&random-content=off: zero 4096 bytes at 0x2000: byte 0x2000 must not become zero",
                    () -> target.writeZeroes(new ByteRange(8192, 4096), ZeroFlag.UNMAP));
        }
    }

    @Test
    void dataThatIsMissingIsNamedAtTheEnd() throws Exception {
        String disk = "sparse-random:1M?percent=100&random-content=off";
        try (BlockSource source = Opening.source(disk); BlockTarget target = Opening.target(disk)) {
            Disks.write(target, 0, Disks.read(source, new ByteRange(0, 300_000)));
            Disks.write(target, 300_001, Disks.read(source, new ByteRange(300_001, (1 << 20) - 300_001)));
            refused(disk + ": complete 1 bytes at 0x493e0: the data at 0x493e0 was never written", target::complete);
            Disks.write(target, 299_990, Disks.read(source, new ByteRange(299_990, 100)));
            target.complete();
        }
        try (BlockTarget target = Opening.target(disk)) {
            assertThrows(BlockException.class, target::complete);
        }
    }

    @Test
    void piecesInAnyOrderFromManyThreadsComplete() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try (BlockSource source = Opening.source(DISK); BlockTarget target = Opening.target(DISK)) {
            List<Integer> pieces = new ArrayList<>();
            for (int at = 0; at < 32 << 20; at += 100_000) {
                pieces.add(at);
            }
            Collections.shuffle(pieces, new Random(1));
            List<Future<?>> results = new ArrayList<>();
            for (int at : pieces) {
                results.add(pool.submit(() -> {
                    Disks.write(target, at, Disks.read(source, new ByteRange(at, 100_000).intersect(source.info().range())));
                    return null;
                }));
            }
            for (Future<?> result : results) {
                result.get(60, TimeUnit.SECONDS);
            }
            target.complete();
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void anySourceCanBeWhatMustBeWritten() throws Exception {
        TestImage image = TestImage.standard();
        // A source that does not know its zeroes: the target may leave them out all the same.
        try (BlockTarget target = new CheckWriteTarget("check", new ArrayDisk("expected", image.bytes()))) {
            copy(new ArrayDisk("source", image), target, "left out");
            target.complete();
        }
        try (BlockTarget target = new CheckWriteTarget("check", new ArrayDisk("expected", image.bytes()))) {
            copy(new ArrayDisk("source", image), target, "made");
            target.complete();
        }
    }

    @Test
    void refusesWhatLeavesTheDiskAndAnUnknownLength() throws Exception {
        try (BlockTarget target = Opening.create("sparse-random:", 1000)) {
            assertEquals(1000, target.info().length());
            BlockException e = assertThrows(BlockException.class,
                    () -> target.write(999, ByteBuffer.allocate(2), WriteFlag.NONE));
            assertEquals(Kind.OUT_OF_BOUNDS, e.kind());
        }
        Opening.assertInvalid("sparse-random:: size is missing; write sparse-random:SIZE, such as sparse-random:1T",
                () -> Opening.create("sparse-random:", NodeInfo.UNKNOWN_LENGTH));
        assertTrue(Opening.exists("sparse-random:1M"));
        assertFalse(Opening.exists("sparse-random:"));
    }
}
