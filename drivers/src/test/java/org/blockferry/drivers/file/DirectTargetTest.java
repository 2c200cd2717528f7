package org.blockferry.drivers.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockStorageContract;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Past the page cache and durable on return, the strictest of the cache modes. */
class DirectTargetTest extends BlockStorageContract {
    @TempDir
    private Path folder;
    private int made;

    private BlockStorage make(long length) throws Exception {
        made++;
        return (BlockStorage) new FileDriver().create(ImageLocation.file(path().toString()),
                CreateOptions.ofLength(length).withCache(CacheMode.DIRECTSYNC));
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
    void twoWritersThatShareABlockKeepBothTheirBytes() throws Exception {
        int rounds = 40;
        int width = 4096 * 2 + 1001;
        BlockStorage storage = create(2L * width * rounds);
        assertTrue(storage.info().has(Trait.DIRECT));
        CountDownLatch start = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(2);
        try (storage) {
            List<Future<?>> results = new ArrayList<>();
            for (int side = 0; side < 2; side++) {
                byte mine = (byte) (side + 1);
                results.add(pool.submit(() -> {
                    start.await();
                    ByteBuffer buffer = ByteBuffer.allocateDirect(width);
                    for (int i = 0; i < width; i++) {
                        buffer.put(i, mine);
                    }
                    for (int round = 0; round < rounds; round++) {
                        storage.write((2L * round + mine - 1) * width, buffer.clear(), WriteFlag.NONE);
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> result : results) {
                result.get(60, TimeUnit.SECONDS);
            }
            storage.complete();
        } finally {
            pool.shutdownNow();
        }
        byte[] left = contentAfterClose();
        for (int i = 0; i < left.length; i++) {
            assertEquals(i / width % 2 + 1, left[i], "byte " + i);
        }
    }
}
