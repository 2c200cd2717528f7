package org.blockferry.drivers.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockStorageContract;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTargetTest extends BlockStorageContract {
    @TempDir
    private Path folder;
    private int made;

    private BlockStorage make(long length) throws Exception {
        made++;
        return (BlockStorage) new FileDriver().create(ImageLocation.file(path().toString()), CreateOptions.ofLength(length));
    }

    private Path path() {
        return folder.resolve("disk" + made);
    }

    @Override
    protected BlockStorage create(long length) throws Exception {
        return make(length);
    }

    @Override
    protected BlockStorage createGrowing() throws Exception {
        return make(NodeInfo.UNKNOWN_LENGTH);
    }

    @Override
    protected byte[] contentAfterClose() throws Exception {
        return Files.readAllBytes(path());
    }

    @Override
    protected boolean looksFinished() {
        return Files.exists(path());
    }

    @Test
    void writersThatGrowItTogetherLoseNothing() throws Exception {
        int threads = 6;
        int rounds = 60;
        int unit = 10_007;
        BlockStorage storage = make(NodeInfo.UNKNOWN_LENGTH);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        CountDownLatch start = new CountDownLatch(1);
        try (storage) {
            List<Future<?>> results = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                int mine = thread;
                results.add(pool.submit(() -> {
                    start.await();
                    for (int round = 0; round < rounds; round++) {
                        long at = (long) unit * (round * threads + mine);
                        if ((round + mine) % 3 == 0) {
                            assertTrue(storage.writeZeroes(new ByteRange(at, unit),
                                    round % 2 == 0 ? ZeroFlag.UNMAP : ZeroFlag.NONE));
                        } else {
                            Disks.write(storage, at, unit(round, mine, unit));
                        }
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> result : results) {
                result.get(60, TimeUnit.SECONDS);
            }
            assertEquals((long) unit * rounds * threads, storage.info().length());
            storage.complete();
        } finally {
            pool.shutdownNow();
        }
        byte[] left = contentAfterClose();
        for (int round = 0; round < rounds; round++) {
            for (int thread = 0; thread < threads; thread++) {
                int at = unit * (round * threads + thread);
                assertArrayEquals((round + thread) % 3 == 0 ? new byte[unit] : unit(round, thread, unit),
                        Arrays.copyOfRange(left, at, at + unit), "round " + round + ", thread " + thread);
            }
        }
    }

    @Test
    void aLengthThatIsSetDoesNotCutOffWhatIsWrittenBehindItMeanwhile() throws Exception {
        TestNative access = new TestNative();
        byte[] bytes = TestImage.data(5000, 3).bytes();
        try (BlockStorage storage = (BlockStorage) new FileDriver(access::get).create(
                ImageLocation.file(folder.resolve("cut").toString()), CreateOptions.ofLength(NodeInfo.UNKNOWN_LENGTH))) {
            FutureTask<Void> write = new FutureTask<>(() -> {
                Disks.write(storage, 100_000, bytes);
                return null;
            });
            Thread writer = new Thread(write);
            access.before("truncate", () -> {
                // The writer makes the file longer as well.
                if (Thread.currentThread() == writer) {
                    return;
                }
                // Until it is through, or waits for us.
                writer.start();
                while (writer.isAlive() && writer.getState() != Thread.State.BLOCKED) {
                    Thread.onSpinWait();
                }
            });
            assertTrue(storage.writeZeroes(new ByteRange(0, 50_000), ZeroFlag.UNMAP));
            write.get(60, TimeUnit.SECONDS);
            assertEquals(105_000, storage.info().length());
            assertArrayEquals(bytes, Disks.read(storage, new ByteRange(100_000, bytes.length)));
        }
    }

    private static byte[] unit(int round, int thread, int length) {
        return TestImage.data(length, round * 100L + thread).bytes();
    }
}
