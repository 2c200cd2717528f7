package org.blockferry.drivers.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HoleStatusTest {
    private static final String[] SEEKS = {"seekData", "seekHole"};
    private static final int K = 1024;

    @TempDir
    private Path folder;
    private final TestNative access = new TestNative();

    private BlockSource open(Path path) throws BlockException {
        BlockSource source = new FileDriver(access::get).openSource(ImageLocation.file(path.toString()), OpenOptions.DEFAULT);
        access.forget();
        return source;
    }

    private static TestImage comb(int teeth) {
        TestImage.Builder builder = TestImage.builder();
        for (int i = 0; i < teeth; i++) {
            builder.zero(64 * K).data(64 * K);
        }
        return builder.build();
    }

    private static List<String> expected(TestImage image) {
        return image.runs().stream()
                .map(run -> run.range() + (run.kind() == TestImage.Kind.DATA ? " L-MO" : " LZ--")).toList();
    }

    @Test
    void aWalkOfAFileOfDataCostsOneSeek() throws Exception {
        TestImage image = TestImage.data(1 << 20, 1);
        try (BlockSource source = open(Sparse.write(folder.resolve("full"), image))) {
            assertEquals(expected(image), Disks.map(source, image.range()));
            assertEquals(1, access.count(SEEKS), access.calls().toString());
        }
    }

    @Test
    void aWalkCostsOneSeekAnExtentAndOneToBeginInAHole() throws Exception {
        TestImage image = comb(100);
        try (BlockSource source = open(Sparse.write(folder.resolve("comb"), image))) {
            assertEquals(expected(image), Disks.map(source, image.range()));
            assertEquals(200 + 1, access.count(SEEKS), access.calls().toString());
        }
    }

    @Test
    void aWalkInSmallStepsCostsNoMore() throws Exception {
        TestImage image = comb(20);
        try (BlockSource source = open(Sparse.write(folder.resolve("comb"), image))) {
            for (int at = 0; at < image.length(); at += 4096) {
                source.status(new ByteRange(at, 4096));
            }
            assertEquals(40 + 1, access.count(SEEKS), access.calls().toString());
        }
    }

    @Test
    void aQuestionAtRandomCostsTwoSeeksAtMost() throws Exception {
        TestImage image = comb(20);
        try (BlockSource source = open(Sparse.write(folder.resolve("comb"), image))) {
            SplittableRandom random = new SplittableRandom(3);
            for (int i = 0; i < 200; i++) {
                access.forget();
                source.status(new ByteRange(random.nextInt(image.length()), 1));
                assertTrue(access.count(SEEKS) <= 2, access.calls().toString());
            }
        }
    }

    @Test
    void aFileThatEndsInAHoleIsZeroUpToItsLength() throws Exception {
        Path path = Sparse.write(folder.resolve("tail"), TestImage.data(64 * K, 2));
        setLength(path, (1 << 20) + 5);
        try (BlockSource source = open(path)) {
            assertEquals(List.of("0x0+0x10000 L-MO", "0x10000+0xf0005 LZ--"), Disks.map(source, source.info().range()));
            assertEquals(2, access.count(SEEKS), access.calls().toString());
        }
    }

    @Test
    void aFileOfNothingButAHoleIsZero() throws Exception {
        Path path = folder.resolve("hole");
        setLength(path, 1L << 40);
        try (BlockSource source = open(path)) {
            assertEquals(List.of("0x0+0x10000000000 LZ--"), Disks.map(source, source.info().range()));
        }
    }

    @Test
    void anErrorOfSeekMeansDataToTheEndAndItIsNotAskedAgain() throws Exception {
        TestImage image = comb(4);
        Path path = Sparse.write(folder.resolve("comb"), image);
        for (String call : SEEKS) {
            TestNative refusing = new TestNative();
            refusing.fail(call, offset -> true, Errno.EINVAL);
            try (BlockSource source =
                    new FileDriver(refusing::get).openSource(ImageLocation.file(path.toString()), OpenOptions.DEFAULT)) {
                assertEquals(List.of("0x0+0x80000 L-MO"), Disks.map(source, image.range()), call);
                refusing.forget();
                assertEquals(64 * K, source.status(new ByteRange(64 * K, 1)).offset());
                assertEquals(0, refusing.count(SEEKS), call);
            }
        }
    }

    @Test
    void withoutNativeCallsAFileIsData() throws Exception {
        TestImage image = comb(4);
        Path path = Sparse.write(folder.resolve("comb"), image);
        try (BlockSource source = new FileDriver(NoNative::get).openSource(ImageLocation.file(path.toString()),
                OpenOptions.DEFAULT)) {
            assertEquals(List.of("0x0+0x80000 L-MO"), Disks.map(source, image.range()));
            assertEquals(image.length(), Disks.readAll(source).length);
        }
    }

    @Test
    void whatWasCutOffIsNoHole() throws Exception {
        Path path = folder.resolve("cut");
        setLength(path, 1 << 20);
        try (BlockSource source = open(path)) {
            setLength(path, 512 * K);
            assertEquals(List.of("0x0+0x80000 LZ--", "0x80000+0x80000 L-MO"), Disks.map(source, source.info().range()));
            setLength(path, 0);
            assertEquals("0xc0000+0x40000 L-MO", String.join(";", Disks.map(source, new ByteRange(768 * K, 256 * K))));
            BlockException e = assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(512 * K, 4096)));
            assertEquals(path + ": read 4096 bytes at 0x80000: the file ends there, and had 1048576 bytes when it was opened",
                    e.getMessage());
        }
    }

    @Test
    void aFileThatGrowsKeepsTheLengthThatItHad() throws Exception {
        TestImage image = TestImage.data(64 * K, 2);
        Path path = Sparse.write(folder.resolve("grown"), image);
        try (BlockSource source = open(path)) {
            setLength(path, 1 << 20);
            assertEquals(List.of("0x0+0x10000 L-MO"), Disks.map(source, source.info().range()));
            assertEquals(64 * K, source.info().length());
        }
    }

    @Test
    void aFileThatOthersWriteWhileItIsWalkedIsStillCoveredWhole() throws Exception {
        Path path = folder.resolve("live");
        setLength(path, 1 << 20);
        SplittableRandom random = new SplittableRandom(9);
        try (BlockSource source = open(path); FileChannel other = FileChannel.open(path, StandardOpenOption.WRITE)) {
            for (int round = 0; round < 20; round++) {
                List<BlockStatus> runs = new ArrayList<>();
                for (long at = 0; at < 1 << 20;) {
                    BlockStatus run = source.status(ByteRange.between(at, 1 << 20));
                    assertEquals(at, run.offset());
                    runs.add(run);
                    at = run.end();
                    other.write(ByteBuffer.allocate(4096), 4096L * random.nextInt(256));
                }
                assertEquals(1 << 20, runs.get(runs.size() - 1).end());
            }
        }
    }

    @Test
    void ourOwnWritesAndZeroesAreSeenAtOnce() throws Exception {
        try (BlockStorage storage = (BlockStorage) new FileDriver().create(
                ImageLocation.file(folder.resolve("own").toString()), CreateOptions.ofLength(1 << 20))) {
            assertEquals(List.of("0x0+0x100000 LZ--"), Disks.map(storage, storage.info().range()));
            Disks.write(storage, 256 * K, TestImage.data(64 * K, 1).bytes());
            assertEquals(List.of("0x0+0x40000 LZ--", "0x40000+0x10000 L-MO", "0x50000+0xb0000 LZ--"),
                    Disks.map(storage, storage.info().range()));
            assertTrue(storage.writeZeroes(new ByteRange(256 * K, 64 * K), ZeroFlag.UNMAP));
            assertEquals(List.of("0x0+0x100000 LZ--"), Disks.map(storage, storage.info().range()));
        }
    }

    @Test
    void tellsHolesOnMemoryFileSystemsAndXfsToo() throws Exception {
        TestImage image = TestImage.standard();
        List<ScratchMount> mounts = new ArrayList<>();
        try {
            mounts.add(ScratchMount.tmpfs(folder, 16 << 20));
            mounts.add(ScratchMount.make(folder, "xfs", 320 << 20));
            for (ScratchMount mount : mounts) {
                try (BlockSource source = open(Sparse.write(mount.path().resolve("disk"), image))) {
                    assertEquals(expected(image), Disks.map(source, image.range()), mount.path().toString());
                }
            }
        } finally {
            mounts.forEach(ScratchMount::close);
        }
    }

    private static void setLength(Path path, long length) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(length);
        }
    }
}
