package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Looking clusters up: no allocation once tables are in memory, the same answer from every thread. */
@Timeout(60)
class ClusterMapTest {
    @TempDir
    Path dir;

    private static ClusterMap map(ChannelSource file, Qcow2Layout layout, Qcow2Header header) {
        FileEnd end = new FileEnd(file);
        L1Table l1 = new L1Table("x", file, end, layout, header.l1Offset(), header.l1Size());
        return new ClusterMap("x", layout, header.version(), false, file, end, end, l1);
    }

    private Qcow2Header header(QemuImage image) throws Exception {
        return Qcow2Header.parse("x", ByteBuffer.wrap(image.fileBytes(), 0, 4096));
    }

    @Test
    void aLookupThatFindsItsTablesInMemoryAllocatesNothing() throws Exception {
        QemuImage image = QemuImage.create(dir, "a.qcow2", 64 << 20, "cluster_size=4k")
                .io("write -q -P 1 0 1M", "write -q -z 3M 9M", "write -q -P 2 33M 5k");
        Qcow2Header header = header(image);
        try (ChannelSource file = new ChannelSource(image.path())) {
            ClusterMap map = map(file, header.layout(), header);
            ClusterRun run = new ClusterRun();
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            walk(map, run);
            long reads = file.reads();
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 1000; i++) {
                walk(map, run);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < 4096, () -> allocated + " bytes in 1000 walks");
            assertEquals(reads, file.reads());
        }
    }

    private static int walk(ClusterMap map, ClusterRun run) throws Exception {
        int runs = 0;
        for (long at = 0; at < 64 << 20; at = run.end()) {
            map.find(at, 64 << 20, run);
            runs++;
        }
        return runs;
    }

    @Test
    void manyThreadsInALittleCacheSeeTheSameTables() throws Exception {
        QemuImage image = QemuImage.create(dir, "p.qcow2", 64 << 20, "preallocation=metadata,cluster_size=512");
        Qcow2Header header = header(image);
        try (ChannelSource file = new ChannelSource(image.path())) {
            // 2,048 tables of 512 bytes and sixteen slots: nearly every lookup throws another thread's slice out.
            TableCache cache = new TableCache(file, 9, 4);
            FileEnd end = new FileEnd(file);
            L1Table l1 = new L1Table("x", file, end, header.layout(), header.l1Offset(), header.l1Size());
            ExecutorService pool = Executors.newFixedThreadPool(4);
            CountDownLatch start = new CountDownLatch(1);
            try {
                List<Future<Void>> results = IntStream.range(0, 4).mapToObj(n -> pool.submit((Callable<Void>) () -> {
                    SplittableRandom random = new SplittableRandom(n);
                    start.await();
                    for (int i = 0; i < 20_000; i++) {
                        long table = l1.l2Table(random.nextLong(64 << 20));
                        TableCache.Slice slice = cache.get(table, 512);
                        assertEquals(table, slice.hostOffset());
                        assertEquals(L2Entry.hostOffset(slice.entries()[0]) + 63 * 512, L2Entry.hostOffset(slice.entries()[63]));
                    }
                    return null;
                })).toList();
                start.countDown();
                for (Future<Void> result : results) {
                    result.get(50, TimeUnit.SECONDS);
                }
            } finally {
                pool.shutdownNow();
            }
        }
    }
}
