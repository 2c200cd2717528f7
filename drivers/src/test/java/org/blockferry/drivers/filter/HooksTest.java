package org.blockferry.drivers.filter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.blockferry.drivers.filter.Faults.Fault;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockSourceContract;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockStorageContract;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.BlockTargetContract;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class HooksTest {
    private static final ByteRange PIECE = new ByteRange(4096, 512);

    private final ArrayDisk disk = ArrayDisk.blank("disk", 1 << 20);

    @Nested
    class AsSource extends BlockSourceContract {
        @Override
        protected BlockSource open(TestImage image) {
            return new HookedSource(new ArrayDisk("disk", image), new RequestLog());
        }
    }

    @Nested
    class AsStorage extends BlockStorageContract {
        private ArrayDisk last;

        @Override
        protected BlockStorage create(long length) {
            last = ArrayDisk.blank("disk", (int) length);
            return new HookedStorage(last, new RequestLog());
        }

        @Override
        protected BlockStorage createGrowing() {
            last = ArrayDisk.growing("disk");
            return new HookedStorage(last, new RequestLog());
        }

        @Override
        protected byte[] contentAfterClose() {
            return last.content();
        }

        @Override
        protected boolean looksFinished() {
            return last.isCompleted();
        }
    }

    /** The contract of targets also holds where nothing is cheap. */
    @Nested
    class AsTargetThatRefuses extends BlockTargetContract {
        private ArrayDisk last;

        @Override
        protected BlockTarget create(long length) {
            last = ArrayDisk.blank("disk", (int) length);
            return new HookedTarget(last, new Refusals(Operation.DISCARD, Operation.OFFLOAD, Operation.ZERO));
        }

        @Override
        protected byte[] contentAfterClose() {
            return last.content();
        }

        @Override
        protected boolean looksFinished() {
            return last.isCompleted();
        }
    }

    @Test
    void theLogHasALineForEachRequest() throws Exception {
        RequestLog log = new RequestLog();
        try (BlockStorage storage = new HookedStorage(disk, log)) {
            storage.status(storage.info().range());
            Disks.read(storage, PIECE);
            storage.write(4096, ByteBuffer.allocate(512), EnumSet.of(WriteFlag.FUA));
            storage.writeZeroes(new ByteRange(0x10000, 0x70000), EnumSet.of(ZeroFlag.MAY_UNMAP, ZeroFlag.FAST));
            storage.discard(PIECE);
            storage.offload(BlockStatus.data(PIECE, disk, 0), 65536, 512);
            storage.setLength(2 << 20);
            storage.allocate(PIECE);
            storage.flush();
            storage.complete();
        }
        assertEquals("""
                status 0x0+0x100000
                read 0x1000+0x200
                write 0x1000+0x200 fua
                zero 0x10000+0x70000 fast may-unmap
                discard 0x1000+0x200
                offload 0x10000+0x200
                set-length 0x0+0x200000
                allocate 0x1000+0x200
                flush
                complete
                close""", log.text());
    }

    @Test
    void theLogIsSortedAsTheDiskIsAndKeepsWhatItIsTold() throws Exception {
        RequestLog log = new RequestLog(Operation.WRITE, Operation.ZERO, Operation.COMPLETE);
        try (BlockTarget target = new HookedTarget(disk, log)) {
            target.complete();
            Disks.write(target, 8192, new byte[1]);
            Disks.write(target, 100, new byte[2]);
            target.flush();
            target.writeZeroes(PIECE, ZeroFlag.NONE);
        }
        assertEquals("""
                write 0x64+0x2
                zero 0x1000+0x200
                write 0x2000+0x1
                complete""", log.sortedText());
    }

    @Test
    void aFaultFailsTheCallThatItCountsTo() throws Exception {
        Faults faults = new Faults(Fault.onCall(Operation.READ, 3, Kind.IO));
        RequestLog log = new RequestLog(Operation.READ);
        try (BlockSource source = new HookedSource(disk, faults.and(log))) {
            Disks.read(source, PIECE);
            source.status(PIECE);
            Disks.read(source, PIECE);
            BlockException e = assertThrows(BlockException.class, () -> Disks.read(source, PIECE));
            assertEquals(Kind.IO, e.kind());
            assertEquals("disk: read 512 bytes at 0x1000: injected fault", e.getMessage());
            Disks.read(source, PIECE);
        }
        assertEquals(1, faults.failed());
        assertEquals(3, log.requests().size(), "what failed was not served");
    }

    @Test
    void aFaultFailsWhatTouchesItsRangeAndWritesNothing() throws Exception {
        Faults faults = new Faults(Fault.at(Operation.WRITE, new ByteRange(5000, 1), Kind.NO_SPACE));
        try (BlockTarget target = new HookedTarget(disk, faults)) {
            Disks.write(target, 0, new byte[5000]);
            Disks.write(target, 5001, new byte[5000]);
            byte[] bytes = TestImage.data(2, 1).bytes();
            assertEquals(Kind.NO_SPACE, assertThrows(BlockException.class, () -> Disks.write(target, 4999, bytes)).kind());
            assertEquals(Kind.NO_SPACE, assertThrows(BlockException.class, () -> Disks.write(target, 5000, bytes)).kind());
            assertTrue(target.writeZeroes(new ByteRange(0, 10_000), ZeroFlag.NONE), "another operation passes");
        }
        assertArrayEquals(new byte[1 << 20], disk.content());
    }

    @Test
    void faultsEndAfterTheirTimesAndHitRequestsWithoutBytes() throws Exception {
        Faults faults = new Faults();
        try (BlockTarget target = new HookedTarget(disk, faults)) {
            target.flush();
            faults.add(Fault.at(Operation.FLUSH, PIECE, Kind.IO).times(2));
            assertThrows(BlockException.class, target::flush);
            assertThrows(BlockException.class, target::flush);
            target.flush();
        }
    }

    @Test
    void aFailedCloseClosesTheNodeBelow() {
        BlockSource source = new HookedSource(disk, new Faults(Fault.onCall(Operation.CLOSE, 1, Kind.IO)));
        assertThrows(BlockException.class, source::close);
        assertTrue(disk.isClosed());
    }

    @Test
    void whatIsRefusedHasNoCheapWayAndChangesNothing() throws Exception {
        Disks.write(disk, 0, TestImage.data(1 << 20, 2).bytes());
        try (BlockStorage storage = new HookedStorage(disk,
                new Refusals(Operation.ZERO, Operation.DISCARD, Operation.ALLOCATE, Operation.OFFLOAD))) {
            assertFalse(storage.writeZeroes(PIECE, ZeroFlag.UNMAP));
            assertFalse(storage.discard(PIECE));
            assertFalse(storage.allocate(PIECE));
            assertEquals(0, storage.offload(BlockStatus.data(PIECE, disk, 0), 0, 512));
        }
        assertArrayEquals(TestImage.data(1 << 20, 2).bytes(), disk.content());
        assertThrows(IllegalArgumentException.class, () -> new Refusals(Operation.WRITE));
    }

    @Test
    void aDelayedRequestTakesAtLeastThatLong() throws Exception {
        try (BlockSource source = new HookedSource(disk, new Delay(Map.of(Operation.READ, Duration.ofMillis(20))))) {
            long start = System.nanoTime();
            Disks.read(source, PIECE);
            assertTrue(System.nanoTime() - start >= 20_000_000);
            source.status(PIECE);
        }
    }

    @Test
    void aGateHoldsWhatComesUntilItIsOpened() throws Exception {
        Gate gate = new Gate(Operation.WRITE);
        RequestLog log = new RequestLog(Operation.WRITE);
        ExecutorService pool = Executors.newFixedThreadPool(2);
        try (BlockTarget target = new HookedTarget(disk, gate.and(log))) {
            List<Future<?>> writes = List.of(
                    pool.submit(() -> {
                        Disks.write(target, 0, new byte[512]);
                        return null;
                    }),
                    pool.submit(() -> {
                        Disks.write(target, 512, new byte[512]);
                        return null;
                    }));
            assertTrue(gate.await(2, Duration.ofSeconds(30)));
            assertEquals("", log.text(), "nothing was served yet");
            target.flush();
            gate.open();
            for (Future<?> write : writes) {
                write.get(30, TimeUnit.SECONDS);
            }
            assertEquals("write 0x0+0x200\nwrite 0x200+0x200", log.sortedText());
        } finally {
            gate.open();
            pool.shutdownNow();
        }
    }
}
