package org.blockferry.drivers.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What really goes to a server, as the log filter of nbdkit tells it. */
@Timeout(60)
@SuppressWarnings("try") // servers run for the length of a block
class NbdRequestLogTest {
    /** {@code 2022-… connection=1 Read id=1 offset=0x0 count=0x1000 fua=0 ...}. */
    private static final Pattern REQUEST =
            Pattern.compile(" (Read|Write|Zero|Trim|Flush|Extents|Cache) id=[0-9]+(.*) \\.\\.\\.$");

    @TempDir
    Path folder;

    private Path log() {
        return folder.resolve("log");
    }

    private List<String> requests() throws Exception {
        return requests(log());
    }

    private static List<String> requests(Path log) throws Exception {
        List<String> requests = new ArrayList<>();
        for (String line : Files.readAllLines(log)) {
            Matcher matcher = REQUEST.matcher(line);
            if (matcher.find()) {
                requests.add(matcher.group(1) + matcher.group(2));
            }
        }
        return requests;
    }

    private String sorted() throws Exception {
        return requests().stream().sorted().collect(Collectors.joining("\n", "", "\n"));
    }

    @Test
    void aCopyNeverReadsHolesSendsNoZeroesAndEndsWithAFlush() throws Exception {
        Path other = Files.createDirectory(folder.resolve("source"));
        Path readLog = folder.resolve("read");
        TestImage image = TestImage.builder().zero(0x100000).data(0x10000).zero(0x200000).data(0x50000).zero(0x40000).build();
        Path file = NbdPeers.file(other.resolve("disk"), image);
        try (PeerProcess from = NbdPeers.nbdkit(other, "--filter=log", "file", file.toString(), "logfile=" + readLog);
                PeerProcess to = NbdPeers.nbdkit(folder, "--filter=log", "memory", Integer.toString(image.length()), "logfile="
                        + log());
                BlockSource source = NbdPeers.source(other);
                BlockStorage target = NbdPeers.target(folder)) {
            SimpleCopy.copy(source, target);
            assertArrayEquals(image.bytes(), Disks.readAll(source), "the log below ends before this");
        }
        assertEquals("""
                Flush
                Write offset=0x100000 count=0x10000 fua=0
                Write offset=0x310000 count=0x30000 fua=0
                Write offset=0x340000 count=0x20000 fua=0
                Zero offset=0x0 count=0x100000 trim=1 fua=0 fast=0
                Zero offset=0x110000 count=0x200000 trim=1 fua=0 fast=0
                Zero offset=0x360000 count=0x40000 trim=1 fua=0 fast=0
                """, sorted());
        assertEquals("Flush", requests().get(requests().size() - 1), "a flush ends the copy");
        assertEquals(List.of("Extents offset=0x0 count=0x3a0000 req_one=0", "Read offset=0x100000 count=0x10000",
                "Read offset=0x310000 count=0x30000", "Read offset=0x340000 count=0x20000"),
                requests(readLog).subList(0, 4).stream().sorted().toList());
    }

    @Test
    void requestsKeepToTheServersBlocksWhateverTheCallerAsks() throws Exception {
        try (PeerProcess server = NbdPeers.nbdkit(folder, "--filter=blocksize-policy", "--filter=log", "memory", "1M",
                "blocksize-minimum=4096", "blocksize-preferred=4096", "blocksize-maximum=64K", "blocksize-error-policy=error",
                "logfile=" + log());
                BlockStorage disk = NbdPeers.target(folder)) {
            Disks.write(disk, 5000, TestImage.data(200_000, 1).bytes());
            disk.writeZeroes(new ByteRange(300_000, 100_000), ZeroFlag.NONE);
            disk.discard(new ByteRange(500_001, 100_000));
            disk.writeZeroes(new ByteRange(700_000, 3000), Set.of(ZeroFlag.FAST));
            disk.write(0, ByteBuffer.allocate(4096), Set.of(WriteFlag.FUA));
        }
        assertEquals("""
                Read offset=0x1000 count=0x1000
                Read offset=0x32000 count=0x1000
                Read offset=0x49000 count=0x1000
                Read offset=0x61000 count=0x1000
                Trim offset=0x7b000 count=0x17000 fua=0
                Write offset=0x0 count=0x1000 fua=1
                Write offset=0x1000 count=0x1000 fua=0
                Write offset=0x10000 count=0x10000 fua=0
                Write offset=0x2000 count=0xe000 fua=0
                Write offset=0x20000 count=0x10000 fua=0
                Write offset=0x30000 count=0x2000 fua=0
                Write offset=0x32000 count=0x1000 fua=0
                Write offset=0x49000 count=0x1000 fua=0
                Write offset=0x61000 count=0x1000 fua=0
                Zero offset=0x4a000 count=0x17000 trim=0 fua=0 fast=0
                """, sorted());
    }

    @Test
    void neighboursThatWriteWithinOneBlockDoNotUndoEachOther() throws Exception {
        int writers = 8;
        byte[] wanted = TestImage.data(1 << 20, 9).bytes();
        try (PeerProcess server = NbdPeers.nbdkit(folder, "--filter=blocksize-policy", "memory", "1M",
                "blocksize-minimum=65536",
                "blocksize-preferred=65536", "blocksize-maximum=1M", "blocksize-error-policy=error");
                BlockStorage disk = NbdPeers.target(NbdPeers.uri(folder), Map.of("connections", "4"))) {
            ExecutorService pool = Executors.newFixedThreadPool(writers);
            try {
                CountDownLatch start = new CountDownLatch(1);
                List<Future<?>> all = new ArrayList<>();
                for (int i = 0; i < writers; i++) {
                    int mine = i;
                    all.add(pool.submit(() -> {
                        start.await();
                        // Pieces of 5,000 bytes, dealt out in turn: every block is written by all of them.
                        for (int at = mine * 5000; at < wanted.length; at += writers * 5000) {
                            Disks.write(disk, at, Arrays.copyOfRange(wanted, at, Math.min(at + 5000, wanted.length)));
                        }
                        return null;
                    }));
                }
                start.countDown();
                for (Future<?> each : all) {
                    each.get();
                }
            } finally {
                pool.shutdownNow();
            }
            assertArrayEquals(wanted, Disks.readAll(disk));
        }
    }
}
