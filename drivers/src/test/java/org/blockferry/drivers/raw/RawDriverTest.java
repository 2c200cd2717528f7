package org.blockferry.drivers.raw;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.blockferry.drivers.filter.FilterStorage;
import org.blockferry.drivers.filter.FilterTarget;
import org.blockferry.drivers.filter.HookedStorage;
import org.blockferry.drivers.filter.HookedTarget;
import org.blockferry.drivers.filter.Operation;
import org.blockferry.drivers.filter.RequestLog;
import org.blockferry.drivers.synthetic.Kept;
import org.blockferry.drivers.synthetic.MemoryDisk;
import org.blockferry.engine.block.BackingReference;
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
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver.DataFileOpener;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.StreamSource;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RawDriverTest {
    private static final RawDriver RAW = new RawDriver();

    private static MemoryDisk holding(TestImage image) throws BlockException {
        MemoryDisk disk = MemoryDisk.ofLength("disk.raw", image.length());
        for (TestImage.Run run : image.runs()) {
            if (run.kind() == TestImage.Kind.DATA) {
                Disks.write(disk, run.range().offset(), image.bytes(run.range()));
            }
        }
        return disk;
    }

    private static FormatSource open(BlockSource file) throws BlockException {
        return RAW.open(file, OpenOptions.DEFAULT, DataFileOpener.REFUSE);
    }

    private static CreateOptions options(long length, Map<String, String> formatOptions) {
        return CreateOptions.ofLength(length).withFormatOptions(formatOptions);
    }

    @Nested
    class AsSource extends BlockSourceContract {
        @Override
        protected BlockSource open(TestImage image) throws Exception {
            return RawDriverTest.open(holding(image));
        }

        @Override
        protected String dataLetters() {
            return "L-MO";
        }
    }

    @Nested
    class AsStorage extends BlockStorageContract {
        private Kept last;

        @Override
        protected BlockStorage create(long length) throws Exception {
            return make(length);
        }

        @Override
        protected BlockStorage createGrowing() throws Exception {
            return make(NodeInfo.UNKNOWN_LENGTH);
        }

        private BlockStorage make(long length) throws BlockException {
            last = new Kept(MemoryDisk.growing("disk.raw"));
            return assertInstanceOf(BlockStorage.class, RAW.create(last, CreateOptions.ofLength(length)));
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

    @Nested
    class OverAFileThatCannotBeRead extends BlockTargetContract {
        private Kept last;

        @Override
        protected BlockTarget create(long length) throws Exception {
            last = new Kept(MemoryDisk.ofLength("disk.raw", length));
            BlockTarget target = RAW.create(new FilterTarget(last), CreateOptions.ofLength(length));
            assertFalse(target instanceof BlockSource);
            return target;
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
    void theRegistryFindsItAndItRecognisesNothing() throws Exception {
        assertInstanceOf(RawDriver.class, DriverRegistry.load().format("x", "raw"));
        assertInstanceOf(RawDriver.class, DriverRegistry.load().formatByExtension("a.img").orElseThrow());
        assertFalse(RAW.recognises(ByteBuffer.allocate(4096)));
    }

    @ParameterizedTest(name = "where the file says {0} the layer says {1}")
    @CsvSource({"1, L---", "3, LZ--", "5, L-MO", "7, LZMO", "13, L-MO", "15, LZMO"})
    void speaksByIdentity(int bits, String letters) throws Exception {
        ByteRange whole = new ByteRange(0, 1 << 20);
        BlockSource foreign = ArrayDisk.blank("elsewhere", 1 << 20);
        BlockSource file = new FilterStorage(MemoryDisk.ofLength("disk.raw", 1 << 20)) {
            @Override
            public BlockStatus status(ByteRange range) {
                return (bits & BlockStatus.OFFSET_VALID) == 0 ? BlockStatus.of(whole, bits) : BlockStatus.at(whole, bits, foreign, 5);
            }
        };
        try (FormatSource layer = open(file)) {
            BlockStatus status = layer.status(new ByteRange(4096, 512));
            assertEquals(letters, status.letters());
            assertEquals(whole, status.range());
            if (status.isOffsetValid()) {
                assertSame(file, status.host());
                assertEquals(0, status.hostOffset());
            }
        }
    }

    @Test
    void hasAFileAndNoBackingAndTheFilesTraits() throws Exception {
        MemoryDisk disk = holding(TestImage.standard());
        try (FormatSource layer = open(disk)) {
            assertSame(disk, layer.file());
            assertEquals(Optional.empty(), layer.backing());
            assertEquals("raw", layer.info().driver());
            assertEquals("disk.raw", layer.info().name());
            assertEquals(disk.info().traits(), layer.info().traits());
        }
    }

    @Test
    void aStreamStaysAStream() throws Exception {
        StreamSource stream = new StreamSource() {
            @Override
            public int readNext(ByteBuffer into) {
                return -1;
            }

            @Override
            public BlockStatus status(ByteRange range) {
                return BlockStatus.data(range);
            }

            @Override
            public void read(long offset, ByteBuffer into) {
                throw new AssertionError("read by offset");
            }

            @Override
            public NodeInfo info() {
                return MemoryDisk.growing("-").info().withLength(NodeInfo.UNKNOWN_LENGTH);
            }

            @Override
            public void close() {
                // Nothing is held.
            }
        };
        assertEquals(-1, assertInstanceOf(StreamSource.class, open(stream)).readNext(ByteBuffer.allocate(1)));
    }

    @Test
    void aLargerDeviceKeepsItsLengthAndASmallerOneIsRefused() throws Exception {
        BlockStorage device = new FilterStorage(MemoryDisk.ofLength("/dev/x", 4096)) {
            @Override
            public void setLength(long length) throws BlockException {
                throw BlockException.of(Kind.UNSUPPORTED, "/dev/x", "its length is fixed");
            }
        };
        assertEquals(4096, RAW.create(device, CreateOptions.ofLength(512)).info().length());
        BlockException e = assertThrows(BlockException.class, () -> RAW.create(device, CreateOptions.ofLength(4097)));
        assertEquals(Kind.NO_SPACE, e.kind());
        assertEquals("/dev/x: has 4096 bytes; the image needs 4097", e.getMessage());
        BlockTarget server = new FilterTarget(MemoryDisk.ofLength("nbd://x", 4096));
        assertEquals("nbd://x: has 4096 bytes; the image needs 4097",
                assertThrows(BlockException.class, () -> RAW.create(server, CreateOptions.ofLength(4097))).getMessage());
    }

    @Test
    void fullPreallocationWritesAllOfItAndNeverGivesItBack() throws Exception {
        MemoryDisk disk = MemoryDisk.growing("disk.raw");
        RequestLog log = new RequestLog(Operation.ZERO, Operation.DISCARD);
        try (BlockTarget target = RAW.create(new HookedStorage(disk, log), options(3 << 20, Map.of("preallocation", "full")))) {
            assertEquals(3 << 20, disk.used());
            assertTrue(target.writeZeroes(new ByteRange(0, 1 << 20), ZeroFlag.UNMAP));
            assertFalse(target.discard(new ByteRange(0, 1 << 20)));
            assertEquals(3 << 20, disk.used());
            assertEquals("zero 0x0+0x100000", log.text());
            assertFalse(target.info().has(Trait.DISCARD) || target.info().has(Trait.ZERO_MAY_UNMAP));
            assertTrue(target.info().has(Trait.READS_ZERO_WHEN_NEW));
        }
    }

    @Test
    void fallocPreallocationIsRefusedWhereThereIsNoCheapWay() throws Exception {
        BlockException e = assertThrows(BlockException.class,
                () -> RAW.create(MemoryDisk.growing("disk.raw"), options(1 << 20, Map.of("preallocation", "falloc"))));
        assertEquals(Kind.UNSUPPORTED, e.kind());
        List<ByteRange> allocated = new ArrayList<>();
        BlockStorage able = new FilterStorage(MemoryDisk.growing("disk.raw")) {
            @Override
            public boolean allocate(ByteRange range) {
                return allocated.add(range);
            }
        };
        RAW.create(able, options(1 << 20, Map.of("preallocation", "falloc"))).close();
        assertEquals(List.of(new ByteRange(0, 1 << 20)), allocated);
    }

    @ParameterizedTest(name = "{0}={1}")
    @CsvSource(delimiter = '|', value = {
        "preallocation | metadata | 512 | preallocation is 'metadata'; it must be off, falloc or full",
        "preallocation | full | -1 | preallocation is 'full'; it must be off where the length is not known",
        "cluster_size | 64K | 512 | Invalid parameter 'cluster_size'; raw knows preallocation"})
    void aWrongOptionIsRefusedBeforeAnythingIsWritten(String option, String value, long length, String message) throws Exception {
        RequestLog log = new RequestLog();
        BlockException e = assertThrows(BlockException.class, () -> RAW.create(
                new HookedTarget(MemoryDisk.growing("disk.raw"), log), options(length, Map.of(option, value))));
        assertEquals(Kind.INVALID_ARGUMENT, e.kind());
        assertEquals("disk.raw: " + message, e.getMessage());
        assertEquals("close", log.text(), "the file is closed and nothing else is done to it");
        assertThrows(BlockException.class, () -> RAW.checkCreateOptions("disk.raw", options(length, Map.of(option, value))));
    }

    @Test
    void hasNoBackingNoSnapshotsAndNoOptionsToOpen() throws Exception {
        CreateOptions backed = CreateOptions.ofLength(512).withBacking(new BackingReference("base.raw", Optional.empty()));
        assertEquals("a: a raw image cannot have a backing file; 'base.raw' was asked for",
                assertThrows(BlockException.class, () -> RAW.checkCreateOptions("a", backed)).getMessage());
        Kept file = new Kept(MemoryDisk.ofLength("disk.raw", 512));
        BlockException e = assertThrows(BlockException.class,
                () -> RAW.open(file, OpenOptions.DEFAULT.withSnapshot(Optional.of("s1")), DataFileOpener.REFUSE));
        assertEquals(Kind.NOT_FOUND, e.kind());
        assertEquals(512, file.content().length, "the file was closed");
        assertEquals(Kind.INVALID_ARGUMENT, assertThrows(BlockException.class, () -> RAW.openTarget(file,
                OpenOptions.DEFAULT.withDriverOptions(Map.of("offset", "5")), DataFileOpener.REFUSE)).kind());
    }

    @Test
    void writesInPlace() throws Exception {
        Kept file = new Kept(holding(TestImage.standard()));
        try (BlockTarget target = RAW.openTarget(file, OpenOptions.DEFAULT, DataFileOpener.REFUSE)) {
            Disks.write(target, 5, new byte[] {1, 2, 3});
            target.complete();
        }
        byte[] wanted = TestImage.standard().bytes();
        System.arraycopy(new byte[] {1, 2, 3}, 0, wanted, 5, 3);
        assertArrayEquals(wanted, file.content());
    }
}
