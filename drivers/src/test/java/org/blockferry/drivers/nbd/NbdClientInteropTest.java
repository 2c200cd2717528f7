package org.blockferry.drivers.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Our client against other people's servers: what the contracts do not ask. */
@Timeout(120)
@SuppressWarnings("try") // servers run for the length of a block
class NbdClientInteropTest {
    @TempDir
    Path folder;

    // Reading, compared with nbdcopy.

    static Stream<Arguments> sources() {
        return Stream.of(
                Arguments.of("memory", List.of("memory", "3M")),
                Arguments.of("data", List.of("data", "( 0x55 0xAA )*100000 @0x100000 \"end\" @2097152 1 2 3")),
                Arguments.of("pattern", List.of("pattern", "5M")),
                Arguments.of("pattern of 10 MiB + 513", List.of("pattern", "10486273")),
                Arguments.of("sparse-random", List.of("sparse-random", "64M", "seed=7", "runlength=65536")),
                Arguments.of("noextents", List.of("--filter=noextents", "sparse-random", "8M", "seed=8")),
                Arguments.of("multi-conn disabled",
                        List.of("--filter=multi-conn", "sparse-random", "8M", "seed=9", "multi-conn-mode=disable")),
                Arguments.of("noparallel", List.of("--filter=noparallel", "sparse-random", "8M", "seed=10")),
                Arguments.of("simple replies", List.of("--no-sr", "sparse-random", "8M", "seed=11")),
                Arguments.of("oldstyle", List.of("--oldstyle", "sparse-random", "8M", "seed=12")),
                Arguments.of("newstyle without flags", List.of("--mask-handshake=0", "sparse-random", "8M", "seed=13")),
                Arguments.of("without NO_ZEROES", List.of("--mask-handshake=1", "sparse-random", "8M", "seed=14")),
                Arguments.of("delayed", List.of("--filter=delay", "sparse-random", "4M", "seed=15", "delay-read=20ms")),
                Arguments.of("blocks of 4096", List.of("--filter=blocksize-policy", "sparse-random", "4M", "seed=16",
                        "blocksize-minimum=4096", "blocksize-maximum=128K", "blocksize-error-policy=error")),
                Arguments.of("exitlast", List.of("--filter=exitlast", "sparse-random", "4M", "seed=17")),
                Arguments.of("empty", List.of("memory", "0")),
                Arguments.of("1 byte", List.of("data", "0x42")),
                Arguments.of("511 bytes", List.of("pattern", "511")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("sources")
    void readsWhatNbdcopyReads(String name, List<String> server) throws Exception {
        Peers.require("nbdcopy");
        Path copy = folder.resolve("copy");
        byte[] read;
        try (PeerProcess nbdkit = NbdPeers.nbdkit(folder, server.toArray(String[]::new))) {
            try (BlockSource source = NbdPeers.source(folder)) {
                read = Disks.readAll(source);
                ByteRange all = source.info().range();
                for (BlockStatus run : all.isEmpty() ? List.<BlockStatus>of() : Disks.walk(source, all)) {
                    if (run.isZero()) {
                        assertArrayEquals(new byte[(int) run.length()],
                                Arrays.copyOfRange(read, (int) run.offset(), (int) run.end()), () -> "says " + run);
                    }
                }
                // While our connection still stands: exitlast ends with the last one.
                Peers.run(folder, "nbdcopy", NbdPeers.uri(folder), copy.toString());
            }
        }
        assertArrayEquals(Files.readAllBytes(copy), read);
    }

    @Test
    void readsTheBaseAndTheOverlayOfAQcow2ChainWithHolesAndZeroes() throws Exception {
        Peers.require("qemu-img", "qemu-io", "qemu-nbd");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", "4M");
        Peers.run(folder, "qemu-io", "-c", "write -P 1 0 1M", "base.qcow2");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "top.qcow2");
        Peers.run(folder, "qemu-io", "-c", "write -P 2 1M 64k", "-c", "write -z 0 128k", "top.qcow2");
        try (PeerProcess server = NbdPeers.qemuNbd(folder, "-r", "-A", "-f", "qcow2", "top.qcow2")) {
            try (NbdSource source = NbdPeers.source(NbdPeers.uri(folder), Map.of("meta-context", "qemu:allocation-depth"))) {
                assertEquals(List.of("0x0+0x20000 LZ--", "0x20000+0xf0000 L-M-", "0x110000+0x2f0000 LZ--"),
                        Disks.map(source, source.info().range()));
                List<String> depths = new ArrayList<>();
                source.metadata("qemu:allocation-depth", source.info().range(),
                        (range, depth) -> depths.add(range + " " + depth));
                assertEquals(List.of("0x0+0x20000 1", "0x20000+0xe0000 2", "0x100000+0x10000 1", "0x110000+0x2f0000 0"),
                        depths);
                assertEquals(new TreeSet<>(Set.of("base:allocation", "qemu:allocation-depth")),
                        new TreeSet<>(source.contexts()));
            }
        }
    }

    @Test
    void readsADirtyBitmap() throws Exception {
        Peers.require("qemu-img", "qemu-io", "qemu-nbd");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "disk.qcow2", "4M");
        Peers.run(folder, "qemu-img", "bitmap", "--add", "disk.qcow2", "b0");
        Peers.run(folder, "qemu-io", "-c", "write -P 1 1M 64k", "-c", "write 3M 1", "disk.qcow2");
        try (PeerProcess server = NbdPeers.qemuNbd(folder, "-r", "-B", "b0", "-f", "qcow2", "disk.qcow2")) {
            String context = "qemu:dirty-bitmap:b0";
            try (NbdSource source = NbdPeers.source(NbdPeers.uri(folder), Map.of("meta-context", context))) {
                List<String> runs = new ArrayList<>();
                source.metadata(context, new ByteRange(0x80000, 0x300000), (range, dirty) -> runs.add(range + " " + dirty));
                assertEquals(List.of("0x80000+0x80000 0", "0x100000+0x10000 1", "0x110000+0x1f0000 0", "0x300000+0x10000 1",
                        "0x310000+0x70000 0"), runs);
            }
            try (NbdSource source = NbdPeers.source(NbdPeers.uri(folder), Map.of())) {
                BlockException e = assertThrows(BlockException.class,
                        () -> source.metadata(context, source.info().range(), (range, dirty) -> { }));
                assertEquals(Kind.UNSUPPORTED, e.kind());
            }
        }
    }

    @Test
    void qemuStorageDaemonServesNamedExportsOverTheOldSpellings() throws Exception {
        Peers.require("qemu-storage-daemon");
        Path file = NbdPeers.file(folder.resolve("disk"), TestImage.standard());
        Path socket = NbdPeers.socket(folder);
        try (PeerProcess server = Peers.start(folder, "qemu-storage-daemon", "--blockdev", "file,node-name=n,filename=" + file,
                "--nbd-server", "addr.type=unix,addr.path=" + socket, "--export",
                "nbd,id=e,node-name=n,name=a disk,writable=on",
                "--pidfile", folder.resolve("pid").toString()).await(folder.resolve("pid"))) {
            for (String uri : List.of("nbd:unix:" + socket + ":exportname=a disk", "nbd+unix:///a%20disk?socket=" + socket)) {
                try (BlockSource source = NbdPeers.source(uri, Map.of())) {
                    assertArrayEquals(TestImage.standard().bytes(), Disks.readAll(source));
                }
            }
            BlockException e = assertThrows(BlockException.class,
                    () -> NbdPeers.source("nbd+unix:///other?socket=" + socket, Map.of()));
            assertEquals(Kind.NOT_FOUND, e.kind());
            assertTrue(e.getMessage().contains("the server has no export 'other'"), e.getMessage());
            List<NbdExport> exports = NbdExports.list(NbdPeers.location("nbd+unix:///?socket=" + socket), Map.of());
            assertEquals(1, exports.size());
            assertEquals("a disk", exports.get(0).name());
            assertEquals(TestImage.standard().length(), exports.get(0).size().getAsLong());
            assertEquals(List.of("base:allocation"), exports.get(0).contexts());
            assertFalse(exports.get(0).readOnly());
        }
    }

    // Sizes.

    @ParameterizedTest(name = "{0} bytes")
    @ValueSource(longs = {Long.MAX_VALUE, Long.MAX_VALUE - 511, 1L << 62, 1L << 40})
    void readsAndAsksForStatusAtTheFarEndOfHugeExports(long size) throws Exception {
        try (PeerProcess nbdkit = NbdPeers.nbdkit(folder, "memory", Long.toString(size))) {
            try (BlockStorage disk = NbdPeers.target(folder)) {
                assertEquals(size, disk.info().length());
                Disks.write(disk, size - 3, new byte[] {1, 2, 3});
                assertArrayEquals(new byte[] {0, 0, 1, 2, 3}, Disks.read(disk, new ByteRange(size - 5, 5)));
                BlockStatus first = disk.status(disk.info().range());
                assertTrue(first.isZero() && first.length() > 1 << 20, first.toString());
                assertFalse(disk.status(new ByteRange(size - 1, 1)).isZero());
                assertEquals(Kind.OUT_OF_BOUNDS, assertThrows(BlockException.class,
                        () -> disk.read(size - 1, ByteBuffer.allocate(2))).kind());
                assertTrue(disk.writeZeroes(new ByteRange(size - 4, 4), ZeroFlag.UNMAP));
                assertArrayEquals(new byte[3], Disks.read(disk, new ByteRange(size - 3, 3)));
            }
        }
    }

    @Test
    void aTooSmallExportIsRefusedBeforeAnythingIsWritten() throws Exception {
        try (PeerProcess nbdkit = NbdPeers.nbdkit(folder, "memory", "1M")) {
            BlockException e = assertThrows(BlockException.class, () -> new NbdDriver()
                    .create(NbdPeers.location(NbdPeers.uri(folder)), CreateOptions.ofLength((1 << 20) + 1)));
            assertEquals(Kind.NO_SPACE, e.kind());
            assertTrue(e.getMessage().endsWith("the export has 1048576 bytes; 1048577 are needed"), e.getMessage());
            try (BlockStorage disk = NbdPeers.target(folder)) {
                disk.setLength(1000);
                assertEquals(1 << 20, disk.info().length());
                assertEquals(Kind.UNSUPPORTED,
                        assertThrows(BlockException.class, () -> disk.setLength((1 << 20) + 1)).kind());
            }
        }
    }

    @Test
    void aReadOnlyExportIsRefusedAtOpen() throws Exception {
        try (PeerProcess nbdkit = NbdPeers.nbdkit(folder, "-r", "memory", "1M")) {
            BlockException e = assertThrows(BlockException.class, () -> NbdPeers.target(folder));
            assertEquals(Kind.READ_ONLY, e.kind());
            assertTrue(e.getMessage().endsWith("the server exports this read-only"), e.getMessage());
        }
    }

    @Test
    void nobodyListeningIsNotFound() {
        BlockException e = assertThrows(BlockException.class, () -> NbdPeers.source(folder));
        assertEquals(Kind.NOT_FOUND, e.kind());
        assertTrue(e.getMessage().contains("cannot connect to unix:") && e.getMessage().endsWith("there is no such socket"),
                e.getMessage());
        BlockException tcp = assertThrows(BlockException.class, () -> NbdPeers.source("nbd://127.0.0.1:1/", Map.of()));
        assertEquals(Kind.NOT_FOUND, tcp.kind());
        assertTrue(tcp.getMessage().contains("cannot connect to 127.0.0.1:1: Connection refused"), tcp.getMessage());
    }

    // Traits and the ladder.

    @Test
    void traitsFollowTheServersFlags() throws Exception {
        try (PeerProcess nbdkit = NbdPeers.nbdkit(folder, "memory", "1M")) {
            try (BlockStorage disk = NbdPeers.target(folder)) {
                assertEquals(Set.of(Trait.REMOTE, Trait.DISCARD, Trait.ZERO_MAY_UNMAP, Trait.FAST_ZERO), disk.info().traits());
            }
        }
    }

    @Test
    void aServerThatCannotZeroOrTrimSaysFalseAndCostsNothing() throws Exception {
        try (PeerProcess nbdkit = NbdPeers.nbdkit(folder, "--filter=nozero", "full", "1M")) {
            try (BlockStorage disk = NbdPeers.target(folder)) {
                assertFalse(disk.writeZeroes(disk.info().range(), ZeroFlag.UNMAP));
                BlockException e = assertThrows(BlockException.class, () -> Disks.write(disk, 5, new byte[100]));
                assertEquals(Kind.NO_SPACE, e.kind());
                assertTrue(e.getMessage().endsWith("write 100 bytes at 0x5: No space left on device"), e.getMessage());
            }
        }
    }

    @Test
    void fastZeroIsAnsweredWithFalseWhereTheServerWouldHaveToWrite() throws Exception {
        try (PeerProcess nbdkit = NbdPeers.nbdkit(folder, "--filter=nozero", "memory", "1M", "zeromode=emulate",
                "fastzeromode=slow")) {
            try (BlockStorage disk = NbdPeers.target(folder)) {
                Disks.write(disk, 0, TestImage.data(1 << 20, 1).bytes());
                assertFalse(disk.writeZeroes(disk.info().range(), Set.of(ZeroFlag.FAST, ZeroFlag.MAY_UNMAP)));
                assertArrayEquals(TestImage.data(1 << 20, 1).bytes(), Disks.readAll(disk));
                assertTrue(disk.writeZeroes(disk.info().range(), ZeroFlag.UNMAP));
                assertArrayEquals(new byte[1 << 20], Disks.readAll(disk));
            }
        }
    }

    @Test
    void whatIsWrittenIsWhatCheckwriteExpects() throws Exception {
        String[] server = {"--filter=checkwrite", "sparse-random", "32M", "seed=3", "runlength=65536"};
        try (PeerProcess nbdkit = NbdPeers.nbdkit(folder, server)) {
            Path other = Files.createDirectory(folder.resolve("source"));
            try (PeerProcess same = NbdPeers.nbdkit(other, "sparse-random", "32M", "seed=3", "runlength=65536");
                    BlockSource source = NbdPeers.source(other);
                    BlockStorage target = NbdPeers.target(folder)) {
                SimpleCopy.copy(source, target);
            }
        }
    }

    @Test
    void oneTebibyteOfThreeIslandsIsCopiedBetweenTwoServersInAFewHundredRequests() throws Exception {
        Path other = Files.createDirectory(folder.resolve("source"));
        Path readLog = folder.resolve("read.log");
        Path writeLog = folder.resolve("write.log");
        try (PeerProcess from = NbdPeers.nbdkit(other, "--filter=log", "data",
                        "@0x1000 \"one\" @0x8000000000 \"two\" @0xfffffff000 \"three\"", "size=1T", "logfile=" + readLog);
                PeerProcess to = NbdPeers.nbdkit(folder, "--filter=log", "memory", "1T", "logfile=" + writeLog);
                BlockSource source = NbdPeers.source(other);
                BlockStorage target = NbdPeers.target(folder)) {
            SimpleCopy.copy(source, target);
            assertArrayEquals("three".getBytes(StandardCharsets.US_ASCII),
                    Disks.read(target, new ByteRange(0xfffffff000L, 5)));
        }
        long asked = requests(readLog, "Extents");
        assertTrue(asked < 400, asked + " questions for status");
        assertTrue(requests(readLog, "Read") <= 3, requests(readLog, "Read") + " reads");
        assertTrue(requests(writeLog, "Zero") <= 520, requests(writeLog, "Zero") + " zero requests");
        assertTrue(requests(writeLog, "Write") <= 3, requests(writeLog, "Write") + " writes");
    }

    /** Requests of a kind in the log of nbdkit's filter, which has a line when one begins and one ("...Read") when it ends. */
    private static long requests(Path log, String what) throws Exception {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> line.contains(" " + what + " id=")).count();
        }
    }

    @Test
    void severalConnectionsAreUsedWhenAllAreBusyAndTheServerAllowsIt() throws Exception {
        try (PeerProcess nbdkit = NbdPeers.nbdkit(folder, "--filter=delay", "memory", "16M", "delay-read=50ms")) {
            try (NbdSource source = NbdPeers.source(NbdPeers.uri(folder), Map.of("connections", "3"))) {
                List<Thread> threads = new ArrayList<>();
                for (int i = 0; i < 6; i++) {
                    Thread thread = new Thread(() -> {
                        ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
                        for (int n = 0; n < 6; n++) {
                            try {
                                source.read((long) n << 20, buffer.clear());
                            } catch (BlockException e) {
                                throw new IllegalStateException(e);
                            }
                        }
                    });
                    threads.add(thread);
                    thread.start();
                }
                for (Thread thread : threads) {
                    thread.join();
                }
                assertEquals(3, source.pool.size());
                assertEquals(24, source.info().maxReaders());
            }
        }
    }

    @Test
    void manyThreadsUseAPoolWhileItGrows() throws Exception {
        try (PeerProcess nbdkit = NbdPeers.nbdkit(folder, "memory", "1M")) {
            for (int round = 0; round < 15; round++) {
                try (NbdSource source = NbdPeers.source(NbdPeers.uri(folder), Map.of("connections", "8"))) {
                    ExecutorService threads = Executors.newFixedThreadPool(8);
                    try {
                        List<Future<?>> all = new ArrayList<>();
                        for (int i = 0; i < 8; i++) {
                            all.add(threads.submit(() -> {
                                for (int n = 0; n < 60; n++) {
                                    assertArrayEquals(new byte[1000], Disks.read(source, new ByteRange(n * 1000, 1000)));
                                }
                                return null;
                            }));
                        }
                        for (Future<?> each : all) {
                            each.get();
                        }
                    } finally {
                        threads.shutdownNow();
                    }
                }
            }
        }
    }

    @Test
    void writesThatMustBeDurableAreFlushedWhereTheServerHasNoFua() throws Exception {
        Path log = folder.resolve("log");
        try (PeerProcess nbdkit = NbdPeers.nbdkit(folder, "--filter=log", "eval", "get_size=echo 1M",
                "pread=head -c $3 /dev/zero",
                "can_write=exit 0", "pwrite=cat >/dev/null", "can_flush=exit 0", "flush=exit 0", "can_fua=echo none",
                "logfile=" + log)) {
            try (BlockStorage disk = NbdPeers.target(folder)) {
                disk.write(0, ByteBuffer.allocateDirect(4096), Set.of(WriteFlag.FUA));
                disk.complete();
            }
        }
        List<String> lines = Files.readAllLines(log);
        assertTrue(lines.stream().anyMatch(line -> line.contains(" Write ") && line.contains("fua=0")), lines.toString());
        assertEquals(2, lines.stream().filter(line -> line.contains(" Flush id=")).count(), lines.toString());
    }
}
