package org.blockferry.drivers.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Servers that fail, die, stall, or answer nonsense: one clear error with the offset, and no hang. */
@Timeout(60)
@SuppressWarnings("try") // servers run for the length of a block
class NbdFaultTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    // Errors of an honest server.

    private PeerProcess eval(String... scripts) {
        Map<String, String> methods = new TreeMap<>(Map.of("get_size", "echo 1M", "pread", "head -c $3 /dev/zero",
                "can_write", "exit 0", "pwrite", "cat >/dev/null", "can_flush", "exit 0", "can_fua", "echo none"));
        for (String script : scripts) {
            methods.put(script.substring(0, script.indexOf('=')), script.substring(script.indexOf('=') + 1));
        }
        List<String> arguments = new ArrayList<>(List.of("eval"));
        methods.forEach((method, script) -> arguments.add(method + "=" + script));
        return NbdPeers.nbdkit(folder, arguments.toArray(String[]::new));
    }

    @Test
    void anErrorAtOneOffsetIsTheErrorOfThatPieceAlone() throws Exception {
        try (PeerProcess server = eval(
                "pread=if [ $4 -eq 524288 ]; then echo EIO bad sector >&2; exit 1; fi; head -c $3 /dev/zero")) {
            try (BlockSource source = NbdPeers.source(NbdPeers.uri(folder), Map.of("request-size", "256K"))) {
                BlockException e = assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(0, MIB)));
                assertEquals(Kind.IO, e.kind());
                assertTrue(e.getMessage().contains("read 262144 bytes at 0x80000: Input/output error"), e.getMessage());
                assertArrayEquals(new byte[1000], Disks.read(source, new ByteRange(0, 1000)), "the connection lives on");
            }
        }
    }

    @Test
    void aFullDiskAtOneOffsetIsNoSpaceThere() throws Exception {
        try (PeerProcess server = eval("pwrite=cat >/dev/null; if [ $4 -ge 786432 ]; then echo ENOSPC >&2; exit 1; fi")) {
            try (BlockStorage disk = NbdPeers.target(NbdPeers.uri(folder), Map.of("request-size", "256K"))) {
                BlockException e = assertThrows(BlockException.class, () -> Disks.write(disk, 0, new byte[MIB]));
                assertEquals(Kind.NO_SPACE, e.kind());
                assertTrue(e.getMessage().endsWith("write 262144 bytes at 0xc0000: No space left on device"), e.getMessage());
                Disks.write(disk, 0, new byte[4096]);
            }
        }
    }

    @Test
    void aFailedFlushAtTheEndIsAFailedCopy() throws Exception {
        try (PeerProcess server = eval("flush=echo EIO >&2; exit 1")) {
            try (BlockStorage disk = NbdPeers.target(folder)) {
                Disks.write(disk, 0, new byte[4096]);
                BlockException e = assertThrows(BlockException.class, disk::complete);
                assertTrue(e.getMessage().contains("flush 0 bytes at 0x0: Input/output error"), e.getMessage());
            }
        }
    }

    @Test
    void aServerThatSaysItCannotZeroAfterAllIsBelievedAndNotAskedAgain() throws Exception {
        Path log = folder.resolve("zeroes");
        try (PeerProcess server = eval("can_zero=exit 0", "zero=echo $4 >> " + log + "; echo EOPNOTSUPP >&2; exit 1")) {
            try (BlockStorage disk = NbdPeers.target(folder)) {
                // nbdkit writes zeroes itself when its plugin cannot: both answers are right, a wrong byte is not.
                disk.writeZeroes(new ByteRange(0, MIB), ZeroFlag.UNMAP);
                assertArrayEquals(new byte[MIB], Disks.read(disk, new ByteRange(0, MIB)));
            }
        }
    }

    // Death and silence.

    @Test
    void aServerThatIsKilledEndsEveryRequestWithItsOffset() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try (PeerProcess server = NbdPeers.nbdkit(folder, "--filter=delay", "memory", "64M", "delay-read=30");
                BlockSource source = NbdPeers.source(folder)) {
            List<Future<BlockException>> failures = new ArrayList<>();
            CountDownLatch started = new CountDownLatch(4);
            for (int i = 0; i < 4; i++) {
                long offset = (long) i * MIB;
                failures.add(pool.submit(() -> {
                    started.countDown();
                    return assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(offset, MIB)));
                }));
            }
            started.await();
            while (((NbdSource) source).pool.inFlight() < 4) {
                Thread.onSpinWait();
            }
            server.process().destroyForcibly();
            for (int i = 0; i < 4; i++) {
                BlockException e = failures.get(i).get(20, TimeUnit.SECONDS);
                assertEquals(Kind.IO, e.kind());
                assertTrue(e.getMessage().matches(".*read 1048576 bytes at 0x" + Integer.toHexString(i * MIB)
                        + ": (the server closed the connection|the connection was lost: .*)"), e.getMessage());
            }
            assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(0, 1)));
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aServerThatStallsIsGivenUpAfterTheTimeout() throws Exception {
        try (PeerProcess server = NbdPeers.nbdkit(folder, "--filter=delay", "memory", "1M", "delay-write=30")) {
            try (BlockStorage disk = NbdPeers.target(NbdPeers.uri(folder) + "&timeout=0.4", Map.of())) {
                long start = System.nanoTime();
                BlockException e = assertThrows(BlockException.class, () -> Disks.write(disk, 4096, new byte[512]));
                assertTrue(System.nanoTime() - start < 15_000_000_000L);
                assertTrue(e.getMessage().endsWith("write 512 bytes at 0x1000: the server has not answered for 0.4 seconds"),
                        e.getMessage());
            }
            server.process().destroyForcibly();
        }
    }

    @Test
    void aServerThatNeverGreetsIsGivenUp() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        try (ScriptedServer server = ScriptedServer.raw(folder.resolve("s"), (in, out) -> await(end))) {
            NbdConnector connector = NbdDriver.connector(NbdPeers.location(server.uri()), Map.of());
            BlockException e = assertThrows(BlockException.class, () -> connector.connect(Duration.ofMillis(300)));
            assertTrue(e.getMessage().endsWith("did not complete the handshake within 0.3 seconds"), e.getMessage());
        } finally {
            end.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aServerThatComesBackIsReconnectedAndNothingIsLost() throws Exception {
        byte[] image = TestImage.data(24 * MIB, 5).bytes();
        Path file = folder.resolve("disk");
        NbdPeers.setLength(file, image.length);
        PeerProcess server = NbdPeers.nbdkit(folder, "--filter=delay", "file", file.toString(), "delay-write=2ms");
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try (BlockStorage disk = NbdPeers.target(NbdPeers.uri(folder), Map.of("reconnect", "30", "connections", "2"))) {
            CountDownLatch half = new CountDownLatch(12);
            List<Future<?>> writers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                int first = i;
                writers.add(pool.submit(() -> {
                    for (int at = first * MIB; at < image.length; at += 4 * MIB) {
                        disk.write(at, ByteBuffer.wrap(image, at, MIB), Set.of());
                        half.countDown();
                    }
                    return null;
                }));
            }
            half.await();
            server.process().destroyForcibly().waitFor();
            Files.deleteIfExists(NbdPeers.socket(folder));
            Files.deleteIfExists(folder.resolve("pid"));
            PeerProcess dead = server;
            server = NbdPeers.nbdkit(folder, "file", file.toString());
            dead.close();
            for (Future<?> writer : writers) {
                writer.get(40, TimeUnit.SECONDS);
            }
            disk.complete();
        } finally {
            pool.shutdownNow();
            server.close();
        }
        assertArrayEquals(image, Files.readAllBytes(file));
    }

    @Test
    void aServerThatStaysAwayEndsReconnectingInTime() throws Exception {
        PeerProcess server = NbdPeers.nbdkit(folder, "memory", "1M");
        try (BlockSource source = NbdPeers.source(NbdPeers.uri(folder), Map.of("reconnect", "0.5"))) {
            server.process().destroyForcibly().waitFor();
            BlockException e = assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(7, 9)));
            assertTrue(e.getMessage().endsWith("and for 0.5 seconds it could not be made again"), e.getMessage());
            assertTrue(e.getMessage().contains("read 9 bytes at 0x7: "), e.getMessage());
        } finally {
            server.close();
        }
    }

    @Test
    void anotherExportAfterReconnectingIsRefused() throws Exception {
        PeerProcess server = NbdPeers.nbdkit(folder, "memory", "1M");
        try (BlockSource source = NbdPeers.source(NbdPeers.uri(folder), Map.of("reconnect", "20"))) {
            server.process().destroyForcibly().waitFor();
            Files.deleteIfExists(NbdPeers.socket(folder));
            Files.deleteIfExists(folder.resolve("pid"));
            server.close();
            server = NbdPeers.nbdkit(folder, "memory", "2M");
            BlockException e = assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(7, 9)));
            assertTrue(e.getMessage().endsWith("the export is another: its size is now 2097152, was 1048576"), e.getMessage());
        } finally {
            server.close();
        }
    }

    // Nonsense, one kind after the other, and what is legal but strange.

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    static Stream<Arguments> nonsense() {
        return Stream.of(
                answer("a wrong handle", "answers the handle 0x",
                (r, out) -> ScriptedServer.data(out, 1, r.cookie() ^ 64, 0, new byte[512])),
                answer("a handle of another place", "answers the handle 0x",
                        (r, out) -> ScriptedServer.data(out, 1, r.cookie() + 1, 0, new byte[512])),
                answer("a wrong magic", "the magic of a reply is 0x12345678", (r, out) -> {
                    out.writeInt(0x12345678);
                    out.write(new byte[60]);
                }),
                answer("a simple reply to a structured read", "simple reply although",
                        (r, out) -> ScriptedServer.simple(out, 0, r.cookie())),
                answer("too few bytes", "ended before all bytes had come",
                        (r, out) -> ScriptedServer.data(out, 1, r.cookie(), r.offset(), new byte[100])),
                answer("no bytes at all", "ended before all bytes had come",
                        (r, out) -> ScriptedServer.chunk(out, 1, Nbd.REPLY_NONE, r.cookie(), 0)),
                answer("the same bytes twice", "twice", (r, out) -> {
                    ScriptedServer.data(out, 0, r.cookie(), r.offset(), new byte[100]);
                    ScriptedServer.data(out, 1, r.cookie(), r.offset() + 99, new byte[413]);
                }),
                answer("bytes before the request", "lies outside the read",
                        (r, out) -> ScriptedServer.data(out, 1, r.cookie(), r.offset() - 1, new byte[512])),
                answer("bytes after the request", "lies outside the read",
                        (r, out) -> ScriptedServer.data(out, 1, r.cookie(), r.offset() + 1, new byte[512])),
                answer("a negative offset", "lies outside the read",
                        (r, out) -> ScriptedServer.data(out, 1, r.cookie(), -5, new byte[512])),
                answer("a chunk of 4 GiB", "a chunk of type 1 with 4294967295 bytes",
                        (r, out) -> ScriptedServer.chunk(out, 0, Nbd.REPLY_OFFSET_DATA, r.cookie(), -1)),
                answer("an empty data chunk", "a chunk of type 1 with 8 bytes", (r, out) -> {
                    ScriptedServer.chunk(out, 0, Nbd.REPLY_OFFSET_DATA, r.cookie(), 8);
                    out.writeLong(r.offset());
                }),
                answer("an empty hole", "lies outside the read", (r, out) -> {
                    ScriptedServer.chunk(out, 1, Nbd.REPLY_OFFSET_HOLE, r.cookie(), 12);
                    out.writeLong(r.offset());
                    out.writeInt(0);
                }),
                answer("an unknown chunk", "unknown type 77", (r, out) -> ScriptedServer.chunk(out, 1, 77, r.cookie(), 0)),
                answer("an extent for a read", "a chunk of type 5",
                (r, out) -> ScriptedServer.chunk(out, 1, 5, r.cookie(), 12)),
                answer("a none chunk that is not the last", "an empty chunk",
                        (r, out) -> ScriptedServer.chunk(out, 0, Nbd.REPLY_NONE, r.cookie(), 0)),
                answer("an error with a lying length", "says that its message has 4000", (r, out) -> {
                    ScriptedServer.chunk(out, 1, Nbd.REPLY_ERROR, r.cookie(), 10);
                    out.writeInt(5);
                    out.writeShort(4000);
                    out.writeInt(0);
                }),
                answer("an endless error", "an error chunk has",
                (r, out) -> ScriptedServer.chunk(out, 1, Nbd.REPLY_ERROR, r.cookie(), -1)),
                answer("half a header", "closed the connection", (r, out) -> out.writeInt(Nbd.STRUCTURED_REPLY_MAGIC)),
                answer("half the bytes", "closed the connection", (r, out) -> {
                    ScriptedServer.chunk(out, 1, Nbd.REPLY_OFFSET_DATA, r.cookie(), 520);
                    out.writeLong(r.offset());
                    out.write(new byte[17]);
                }));
    }

    private interface Answer {
        void to(ScriptedServer.Request request, DataOutputStream out) throws IOException;
    }

    private static Arguments answer(String name, String error, Answer answer) {
        return Arguments.of(name, error, answer);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("nonsense")
    void nonsenseIsOneClearErrorAndTheEndOfTheConnection(String name, String error, Answer answer) throws Exception {
        try (ScriptedServer server = ScriptedServer.transmission(folder.resolve("s"), MIB, 0, true,
                (in, out) -> answer.to(ScriptedServer.Request.read(in), out));
                BlockSource source = NbdPeers.source(server.uri(), Map.of("timeout", "10"))) {
            BlockException e = assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(4096, 512)));
            assertTrue(e.getMessage().contains("read 512 bytes at 0x1000: ") && e.getMessage().contains(error), e.getMessage());
            assertEquals(1, e.getMessage().lines().count());
        }
    }

    @Test
    void chunksInAnyOrderHolesAndErrorsAfterDataAreLegal() throws Exception {
        try (ScriptedServer server = ScriptedServer.transmission(folder.resolve("s"), MIB, 0, true, (in, out) -> {
            ScriptedServer.Request r = ScriptedServer.Request.read(in);
            ScriptedServer.data(out, 0, r.cookie(), r.offset() + 300, filled(212, 3));
            ScriptedServer.chunk(out, 0, Nbd.REPLY_OFFSET_HOLE, r.cookie(), 12);
            out.writeLong(r.offset() + 100);
            out.writeInt(200);
            ScriptedServer.data(out, 0, r.cookie(), r.offset(), filled(100, 1));
            ScriptedServer.chunk(out, 1, Nbd.REPLY_NONE, r.cookie(), 0);
            ScriptedServer.Request second = ScriptedServer.Request.read(in);
            ScriptedServer.data(out, 0, second.cookie(), second.offset(), filled(100, 1));
            ScriptedServer.chunk(out, 1, Nbd.REPLY_ERROR_OFFSET, second.cookie(), 14 + 4);
            out.writeInt(5);
            out.writeShort(4);
            out.writeBytes("bad\n");
            out.writeLong(second.offset() + 40);
            ScriptedServer.Request third = ScriptedServer.Request.read(in);
            ScriptedServer.chunk(out, 1, Nbd.REPLY_ERROR_BIT | 99, third.cookie(), 6 + 3);
            out.writeInt(28);
            out.writeShort(0);
            out.write(new byte[3]);
            ScriptedServer.Request.read(in);
        }); BlockSource source = NbdPeers.source(server.uri(), Map.of())) {
            byte[] wanted = new byte[512];
            System.arraycopy(filled(100, 1), 0, wanted, 0, 100);
            System.arraycopy(filled(212, 3), 0, wanted, 300, 212);
            assertArrayEquals(wanted, Disks.read(source, new ByteRange(4096, 512)));
            BlockException e = assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(4096, 512)));
            assertTrue(e.getMessage().endsWith("read 472 bytes at 0x1028: Input/output error (the server says: bad\\x0a)"),
                    e.getMessage());
            assertEquals(Kind.NO_SPACE,
                    assertThrows(BlockException.class, () -> Disks.read(source, new ByteRange(0, 1))).kind());
        }
    }

    @Test
    void repliesInReverseOrderReachTheirCallers() throws Exception {
        int callers = 8;
        try (ScriptedServer server = ScriptedServer.transmission(folder.resolve("s"), MIB, 0, false, (in, out) -> {
            for (int round = 0; round < 20; round++) {
                List<ScriptedServer.Request> requests = new ArrayList<>();
                for (int i = 0; i < callers; i++) {
                    requests.add(0, ScriptedServer.Request.read(in));
                }
                for (ScriptedServer.Request r : requests) {
                    ScriptedServer.simple(out, 0, r.cookie());
                    out.write(filled(r.length(), (int) (r.offset() >> 12)));
                }
            }
            ScriptedServer.Request.read(in);
        }); BlockSource source = NbdPeers.source(server.uri(), Map.of())) {
            ExecutorService pool = Executors.newFixedThreadPool(callers);
            try {
                List<Future<?>> all = new ArrayList<>();
                for (int i = 0; i < callers; i++) {
                    int mine = i;
                    all.add(pool.submit(() -> {
                        for (int round = 0; round < 20; round++) {
                            int length = 100 + 300 * mine;
                            assertArrayEquals(filled(length, mine),
                                    Disks.read(source, new ByteRange((long) mine << 12, length)));
                        }
                        return null;
                    }));
                }
                for (Future<?> each : all) {
                    each.get(30, TimeUnit.SECONDS);
                }
            } finally {
                pool.shutdownNow();
            }
        }
    }

    @Test
    void statusNonsenseIsAnErrorAndAStatusErrorIsData() throws Exception {
        try (ScriptedServer server = ScriptedServer.transmission(folder.resolve("s"), MIB, 0, true, (in, out) -> {
            ScriptedServer.Request r = ScriptedServer.Request.read(in);
            ScriptedServer.chunk(out, 1, Nbd.REPLY_ERROR, r.cookie(), 6);
            out.writeInt(5);
            out.writeShort(0);
            ScriptedServer.Request.read(in);
        }); BlockSource source = NbdPeers.source(server.uri(), Map.of())) {
            assertEquals(List.of("0x0+0x100000 L-M-"), Disks.map(source, source.info().range()));
        }
        try (ScriptedServer server = ScriptedServer.transmission(folder.resolve("t"), MIB, 0, true, (in, out) -> {
            ScriptedServer.Request r = ScriptedServer.Request.read(in);
            ScriptedServer.chunk(out, 1, Nbd.REPLY_BLOCK_STATUS, r.cookie(), 12);
            out.writeInt(1);
            out.writeLong(0);
        }); BlockSource source = NbdPeers.source(server.uri(), Map.of())) {
            BlockException e = assertThrows(BlockException.class, () -> source.status(new ByteRange(0, 5)));
            assertTrue(e.getMessage().contains("extent 0 of a status reply has 0 bytes"), e.getMessage());
        }
    }

    // Fuzz.

    @Test
    void randomBytesAfterAnHonestHandshakeNeverHangOrEscape() throws Exception {
        for (long seed = 1; seed <= 60; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            long thisSeed = seed;
            try (ScriptedServer server = ScriptedServer.transmission(folder.resolve("f" + seed), MIB, Nbd.SEND_FLUSH,
                    seed % 2 == 0, (in, out) -> {
                        for (int i = 0; i < 6; i++) {
                            ScriptedServer.Request r = ScriptedServer.Request.read(in);
                            mutatedReply(random, r, out, thisSeed % 2 == 0);
                        }
                    }); BlockSource source = NbdPeers.source(server.uri(), Map.of("timeout", "0.7"))) {
                for (int i = 0; i < 4; i++) {
                    try {
                        if (random.nextBoolean()) {
                            Disks.read(source, new ByteRange(random.nextInt(1000), 1 + random.nextInt(3000)));
                        } else {
                            source.status(new ByteRange(random.nextInt(1000), 1000));
                        }
                    } catch (BlockException e) {
                        assertEquals(1, e.getMessage().lines().count(), () -> "seed " + thisSeed + ": " + e.getMessage());
                    } catch (RuntimeException e) {
                        throw new AssertionError("seed " + seed, e);
                    }
                }
            }
        }
    }

    /** An honest reply with some bytes changed. */
    private static void mutatedReply(SplittableRandom random, ScriptedServer.Request r, DataOutputStream out,
            boolean structured)
            throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream honest = new DataOutputStream(bytes);
        if (r.command() == Nbd.CMD_BLOCK_STATUS) {
            ScriptedServer.chunk(honest, 1, Nbd.REPLY_BLOCK_STATUS, r.cookie(), 20);
            honest.writeInt(1);
            honest.writeInt(500);
            honest.writeInt(3);
            honest.writeInt(1 << 19);
            honest.writeInt(0);
        } else if (structured) {
            ScriptedServer.data(honest, 0, r.cookie(), r.offset(), new byte[r.length()]);
            ScriptedServer.chunk(honest, 1, Nbd.REPLY_NONE, r.cookie(), 0);
        } else {
            ScriptedServer.simple(honest, 0, r.cookie());
            honest.write(new byte[r.length()]);
        }
        byte[] reply = bytes.toByteArray();
        int changes = random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            reply[random.nextInt(Math.min(reply.length, 64))] = (byte) random.nextInt(256);
        }
        // A changed length may make the client wait for more: there is more, then the end.
        out.write(reply);
        if (changes > 0 && random.nextInt(3) == 0) {
            byte[] noise = new byte[random.nextInt(5000)];
            random.nextBytes(noise);
            out.write(noise);
            throw new IOException("hang up");
        }
    }

    @Test
    void randomHandshakesNeverHangOrEscape() throws Exception {
        for (long seed = 1; seed <= 120; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            try (ScriptedServer server = ScriptedServer.raw(folder.resolve("h" + seed), (in, out) -> {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                DataOutputStream honest = new DataOutputStream(bytes);
                honest.writeLong(Nbd.INIT_MAGIC);
                honest.writeLong(Nbd.OPTION_MAGIC);
                honest.writeShort(3);
                ScriptedServer.reply(honest, Nbd.OPT_EXTENDED_HEADERS, Nbd.REP_ERR_UNSUP, 0);
                ScriptedServer.reply(honest, Nbd.OPT_STRUCTURED_REPLY, Nbd.REP_ACK, 0);
                ScriptedServer.reply(honest, Nbd.OPT_SET_META_CONTEXT, Nbd.REP_META_CONTEXT, 8);
                honest.writeInt(1);
                honest.writeBytes("x:yz");
                ScriptedServer.reply(honest, Nbd.OPT_SET_META_CONTEXT, Nbd.REP_ACK, 0);
                ScriptedServer.reply(honest, Nbd.OPT_GO, Nbd.REP_INFO, 14);
                honest.writeShort(Nbd.INFO_BLOCK_SIZE);
                honest.writeInt(512);
                honest.writeInt(4096);
                honest.writeInt(1 << 20);
                ScriptedServer.reply(honest, Nbd.OPT_GO, Nbd.REP_INFO, 12);
                honest.writeShort(Nbd.INFO_EXPORT);
                honest.writeLong(MIB);
                honest.writeShort(1);
                ScriptedServer.reply(honest, Nbd.OPT_GO, Nbd.REP_ACK, 0);
                byte[] all = bytes.toByteArray();
                for (int i = random.nextInt(3); i >= 0; i--) {
                    all[random.nextInt(all.length)] = (byte) random.nextInt(256);
                }
                out.write(all);
            })) {
                try {
                    NbdDriver.connector(NbdPeers.location(server.uri()), Map.of()).connect(Duration.ofSeconds(5)).close();
                } catch (BlockException e) {
                    assertEquals(1, e.getMessage().lines().count(), "seed " + seed + ": " + e.getMessage());
                } catch (RuntimeException e) {
                    throw new AssertionError("seed " + seed, e);
                }
            }
        }
    }
}
