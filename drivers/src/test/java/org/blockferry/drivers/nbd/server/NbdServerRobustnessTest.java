package org.blockferry.drivers.nbd.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.drivers.nbd.wire.NbdErrno;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients that break the protocol, are slow, silent or many: each costs little, and none stops the others. */
@Timeout(60)
class NbdServerRobustnessTest {
    private static final int MIB = 1 << 20;
    private static final Duration LONG = Duration.ofMinutes(5);

    @TempDir
    Path folder;
    private final List<AutoCloseable> open = new ArrayList<>();

    private Path socket() {
        return folder.resolve("s");
    }

    private NbdServer serve(BlockStorage disk) throws BlockException {
        return serve(NbdServerOptions.unix(socket()), disk);
    }

    private NbdServer serve(NbdServerOptions options, BlockStorage disk) throws BlockException {
        NbdServer server = NbdServer.start(options, List.of(ServedExport.writable("d", disk)));
        open.add(0, server);
        return server;
    }

    private RawClient client() throws IOException {
        RawClient client = new RawClient(socket());
        open.add(0, client);
        return client;
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private static ArrayDisk disk() {
        return new ArrayDisk("disk", TestImage.data(MIB, 1).bytes());
    }

    /** Whoever misbehaves, a proper client is served. */
    private void assertServes() throws IOException {
        try (RawClient proper = new RawClient(socket())) {
            proper.enter("d").request(0, Nbd.CMD_READ, 1, 0, 4096);
            RawClient.Chunk chunk = proper.chunk();
            assertEquals(Nbd.REPLY_OFFSET_DATA, chunk.type());
            byte[] wanted = TestImage.data(MIB, 1).bytes();
            for (int i = 0; i < 4096; i++) {
                assertEquals(wanted[i], chunk.data()[8 + i]);
            }
        }
    }

    // Handshake.

    static Stream<Arguments> options() {
        byte[] none = new byte[0];
        return Stream.of(
                option("unknown option", 4242, new byte[10], Nbd.REP_ERR_UNSUP),
                option("list with data", Nbd.OPT_LIST, new byte[1], Nbd.REP_ERR_INVALID),
                option("structured with data", Nbd.OPT_STRUCTURED_REPLY, new byte[4], Nbd.REP_ERR_INVALID),
                option("extended with data", Nbd.OPT_EXTENDED_HEADERS, new byte[4], Nbd.REP_ERR_INVALID),
                option("TLS without credentials", Nbd.OPT_STARTTLS, none, Nbd.REP_ERR_POLICY),
                option("go without data", Nbd.OPT_GO, none, Nbd.REP_ERR_INVALID),
                option("go with a name past its end", Nbd.OPT_GO, ByteBuffer.allocate(8).putInt(100).array(),
                Nbd.REP_ERR_INVALID),
                option("go with a negative name", Nbd.OPT_GO, ByteBuffer.allocate(8).putInt(-1).array(), Nbd.REP_ERR_INVALID),
                option("go with missing requests", Nbd.OPT_GO, ByteBuffer.allocate(6).putInt(0).putShort((short) 9).array(),
                        Nbd.REP_ERR_INVALID),
                option("go with too much", Nbd.OPT_GO, ByteBuffer.allocate(9).array(), Nbd.REP_ERR_INVALID),
                option("go with a name that is no UTF-8", Nbd.OPT_GO,
                        ByteBuffer.allocate(8).putInt(2).put((byte) 0xff).put((byte) 0xfe).array(), Nbd.REP_ERR_INVALID),
                option("go for an unknown export", Nbd.OPT_GO, RawClient.go("../../etc/passwd"), Nbd.REP_ERR_UNKNOWN),
                option("contexts before structured replies", Nbd.OPT_SET_META_CONTEXT, RawClient.meta("d", "base:allocation"),
                        Nbd.REP_ERR_INVALID),
                option("an option of 100 KiB", 77, new byte[100 << 10], Nbd.REP_ERR_TOO_BIG));
    }

    private static Arguments option(String name, int option, byte[] data, int expected) {
        return Arguments.of(name, option, data, expected);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("options")
    void aWrongOptionIsRefusedAndTheNextOneAnswered(String name, int option, byte[] data, int expected) throws Exception {
        serve(disk());
        RawClient client = client().greet();
        RawClient.OptionReply reply = client.option(option, data).reply();
        assertEquals(Integer.toHexString(expected), Integer.toHexString(reply.type()), new String(reply.data()));
        client.option(Nbd.OPT_LIST, new byte[0]);
        assertEquals(Nbd.REP_SERVER, client.reply().type());
        assertEquals(Nbd.REP_ACK, client.reply().type());
        client.option(Nbd.OPT_GO, RawClient.go("d"));
        assertEquals(Nbd.REP_INFO, client.reply().type());
    }

    @Test
    void contextsThatOverrunTheirOptionAreRefused() throws Exception {
        serve(disk());
        RawClient client = client().greet();
        client.option(Nbd.OPT_STRUCTURED_REPLY, new byte[0]).reply();
        for (byte[] data : List.of(ByteBuffer.allocate(9).putInt(1).put((byte) 'd').putInt(3).array(),
                ByteBuffer.allocate(13).putInt(1).put((byte) 'd').putInt(1).putInt(50).array(), new byte[3])) {
            assertEquals(Nbd.REP_ERR_INVALID, client.option(Nbd.OPT_SET_META_CONTEXT, data).reply().type());
        }
        byte[] many = ByteBuffer.allocate(9).putInt(1).put((byte) 'd').putInt(1_000_000).array();
        assertEquals(Nbd.REP_ERR_TOO_BIG, client.option(Nbd.OPT_LIST_META_CONTEXT, many).reply().type());
        client.option(Nbd.OPT_LIST_META_CONTEXT, RawClient.meta("d", "base:"));
        assertEquals(Nbd.REP_META_CONTEXT, client.reply().type());
        assertEquals(Nbd.REP_ACK, client.reply().type());
    }

    @Test
    void unknownClientFlagsWrongMagicAndHugeOptionsEndTheSession() throws Exception {
        serve(disk());
        RawClient flags = client();
        flags.in.readFully(new byte[18]);
        flags.out.writeInt(0x80);
        assertThrows(EOFException.class, flags.in::readByte);
        RawClient magic = client().greet();
        magic.out.write(new byte[16]);
        assertThrows(EOFException.class, magic.in::readByte);
        RawClient huge = client().greet();
        huge.out.writeLong(Nbd.OPTION_MAGIC);
        huge.out.writeInt(Nbd.OPT_GO);
        huge.out.writeInt(Integer.MAX_VALUE);
        assertThrows(EOFException.class, huge.in::readByte);
        RawClient abort = client().greet();
        assertEquals(Nbd.REP_ACK, abort.option(Nbd.OPT_ABORT, new byte[0]).reply().type());
        assertThrows(EOFException.class, abort.in::readByte);
        assertServes();
    }

    @Test
    void theOldWayInWorksAndAnUnknownNameEndsIt() throws Exception {
        serve(disk());
        RawClient client = client().greet();
        client.option(Nbd.OPT_EXPORT_NAME, "d".getBytes());
        assertEquals(MIB, client.in.readLong());
        assertTrue((client.in.readShort() & Nbd.CAN_MULTI_CONN) != 0);
        client.request(0, Nbd.CMD_READ, 5, 8, 8);
        assertEquals(Nbd.SIMPLE_REPLY_MAGIC, client.in.readInt());
        assertEquals(0, client.in.readInt());
        assertEquals(5, client.in.readLong());
        byte[] bytes = new byte[8];
        client.in.readFully(bytes);
        assertArrayEquals(TestImage.data(MIB, 1).bytes(new ByteRange(8, 8)), bytes);
        RawClient unknown = client().greet();
        unknown.option(Nbd.OPT_EXPORT_NAME, "nothing".getBytes());
        assertThrows(EOFException.class, unknown.in::readByte);
    }

    // Transmission.

    static Stream<Arguments> requests() {
        return Stream.of(
                Arguments.of("read past the end", 0, Nbd.CMD_READ, MIB - 1L, 2, NbdErrno.EINVAL),
                Arguments.of("read at 2^63", 0, Nbd.CMD_READ, Long.MIN_VALUE, 2, NbdErrno.EINVAL),
                Arguments.of("read that wraps around", 0, Nbd.CMD_READ, -1L, 2, NbdErrno.EINVAL),
                Arguments.of("read of 4 GiB", 0, Nbd.CMD_READ, 0L, -1, NbdErrno.EINVAL),
                Arguments.of("read with a flag of zeroes", Nbd.CMD_FLAG_NO_HOLE, Nbd.CMD_READ, 0L, 2, NbdErrno.EINVAL),
                Arguments.of("trim past the end", 0, Nbd.CMD_TRIM, 0L, MIB + 1, NbdErrno.EINVAL),
                Arguments.of("zeroes past the end", 0, Nbd.CMD_WRITE_ZEROES, 0L, MIB + 1, NbdErrno.ENOSPC),
                Arguments.of("status past the end", 0, Nbd.CMD_BLOCK_STATUS, MIB + 0L, 1, NbdErrno.EINVAL),
                Arguments.of("status of nothing", 0, Nbd.CMD_BLOCK_STATUS, 0L, 0, NbdErrno.EINVAL),
                Arguments.of("flush with an offset", 0, Nbd.CMD_FLUSH, 5L, 0, NbdErrno.EINVAL),
                Arguments.of("an unknown command", 0, 99, 0L, 0, NbdErrno.EINVAL),
                Arguments.of("an unknown flag", 1 << 15, Nbd.CMD_READ, 0L, 1, NbdErrno.EINVAL));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("requests")
    void aWrongRequestIsAnsweredWithItsErrorAndTheNextOneServed(
            String name, int flags, int command, long offset, int length, NbdErrno expected) throws Exception {
        serve(disk());
        RawClient client = client().enter("d");
        client.request(flags, command, 7, offset, length);
        RawClient.Chunk chunk = client.chunk();
        assertEquals(Nbd.REPLY_ERROR, chunk.type());
        assertEquals(7, chunk.cookie());
        assertEquals(expected.value(), chunk.error());
        client.request(0, Nbd.CMD_READ, 8, 0, 1);
        assertEquals(Nbd.REPLY_OFFSET_DATA, client.chunk().type());
    }

    @Test
    void aRefusedWriteIsReadToItsEndAndOneThatIsTooLargeEndsTheConnection() throws Exception {
        serve(disk());
        RawClient client = client().enter("d");
        client.request(0, Nbd.CMD_WRITE, 1, MIB - 100, 600_000);
        client.out.write(new byte[600_000]);
        assertEquals(NbdErrno.ENOSPC.value(), client.chunk().error());
        client.request(1 << 9, Nbd.CMD_WRITE, 2, 0, 10);
        client.out.write(new byte[10]);
        assertEquals(NbdErrno.EINVAL.value(), client.chunk().error());
        client.request(0, Nbd.CMD_WRITE, 3, 0, Nbd.MAX_PAYLOAD + 1);
        assertThrows(EOFException.class, client::chunk);
        assertServes();
    }

    @Test
    void requestsBelowTheMinimumBlockAreRefused() throws Exception {
        open.add(0, NbdServer.start(NbdServerOptions.unix(socket()),
                List.of(ServedExport.writable("d", disk()).withMinimumBlock(4096))));
        RawClient client = client().enter("d");
        client.request(0, Nbd.CMD_READ, 1, 512, 4096);
        assertEquals(NbdErrno.EINVAL.value(), client.chunk().error());
        client.request(0, Nbd.CMD_READ, 1, 4096, 4096);
        assertEquals(Nbd.REPLY_OFFSET_DATA, client.chunk().type());
        RawClient old = client().greet();
        byte[] go = ByteBuffer.allocate(7).putInt(1).put((byte) 'd').putShort((short) 0).array();
        old.option(Nbd.OPT_GO, go);
        assertEquals(Nbd.REP_INFO, old.reply().type());
        assertEquals(Nbd.REP_ERR_BLOCK_SIZE_REQD, old.reply().type());
    }

    @Test
    void oneExtentIsOneExtentAndUnfragmentedIsOneChunk() throws Exception {
        ArrayDisk disk = new ArrayDisk("disk", TestImage.standard());
        serve(disk);
        RawClient client = client().enter("d");
        client.request(Nbd.CMD_FLAG_REQ_ONE, Nbd.CMD_BLOCK_STATUS, 1, 1000, 100_000);
        RawClient.Chunk status = client.chunk();
        assertEquals(12, status.data().length);
        assertEquals(64536, ByteBuffer.wrap(status.data()).getInt(4));
        client.request(Nbd.CMD_FLAG_DF, Nbd.CMD_READ, 2, 0, 65536);
        assertEquals(8 + 65536, client.chunk().data().length);
        client.request(Nbd.CMD_FLAG_DF, Nbd.CMD_READ, 3, 0, MIB);
        assertEquals(NbdErrno.EOVERFLOW.value(), client.chunk().error());
        client.request(0, Nbd.CMD_READ, 4, 0, MIB);
        int total = 0;
        RawClient.Chunk chunk;
        do {
            chunk = client.chunk();
            total += chunk.data().length - 8;
        } while ((chunk.flags() & Nbd.REPLY_FLAG_DONE) == 0);
        assertEquals(MIB, total);
    }

    // Slow, silent, many.

    @Test
    void twoThousandSilentConnectionsKeepNobodyOutAndLeaveNothingBehind() throws Exception {
        NbdServer server = serve(NbdServerOptions.unix(socket()).withTimeouts(LONG, LONG, Duration.ofSeconds(5)), disk());
        for (int i = 0; i < 2000; i++) {
            client();
            if (i % 500 == 499) {
                assertServes();
            }
        }
        assertServes();
        long threads = Thread.getAllStackTraces().keySet().stream().filter(t ->
                t.getName().startsWith("nbd-server-worker")).count();
        assertTrue(threads < 150, threads + " worker threads");
        server.close();
        assertEquals(0, server.connections());
    }

    @Test
    void aClientThatStopsInTheMiddleOfARequestIsDroppedAndOneThatIsIdleIsNot() throws Exception {
        serve(NbdServerOptions.unix(socket()).withTimeouts(Duration.ofMillis(400), Duration.ofMillis(300),
                Duration.ofSeconds(5)), disk());
        RawClient idle = client().enter("d");
        RawClient half = client().enter("d");
        half.out.writeInt(Nbd.REQUEST_MAGIC);
        RawClient payload = client().enter("d");
        payload.request(0, Nbd.CMD_WRITE, 1, 0, 100_000);
        payload.out.write(new byte[50]);
        RawClient silent = client();
        assertThrows(IOException.class, half.in::readByte);
        assertThrows(IOException.class, payload.in::readByte);
        silent.in.readFully(new byte[18]);
        assertThrows(IOException.class, silent.in::readByte);
        idle.request(0, Nbd.CMD_READ, 9, 0, 1);
        assertEquals(9, idle.chunk().cookie());
    }

    @Test
    void aClientThatTakesNoRepliesIsDroppedAndOthersAreServed() throws Exception {
        serve(NbdServerOptions.unix(socket()).withTimeouts(LONG, Duration.ofMillis(500), Duration.ofSeconds(5)), disk());
        RawClient greedy = client().enter("d");
        for (int i = 0; i < 40; i++) {
            greedy.request(0, Nbd.CMD_READ, i, 0, MIB);
        }
        assertServes();
        // What was sent before the end can still be read; then it ends.
        assertThrows(IOException.class, () -> {
            awaitHangUp(greedy);
            Channels.newInputStream(greedy.channel).readNBytes(40 * MIB + 40 * 200);
            greedy.in.readByte();
        });
    }

    /** Writing fails once the server has closed; until then the requests pile up. */
    private static void awaitHangUp(RawClient client) throws IOException {
        while (true) {
            client.request(0, Nbd.CMD_FLUSH, 1, 0, 0);
        }
    }

    @Test
    void oneClientMoreThanAllowedIsToldSo() throws Exception {
        serve(NbdServerOptions.unix(socket()).withMaxConnections(2), disk());
        client().enter("d");
        RawClient second = client().enter("d");
        IOException e = assertThrows(IOException.class, () -> client().enter("d"));
        assertEquals("refused: 0x" + Integer.toHexString(Nbd.REP_ERR_SHUTDOWN), e.getMessage());
        second.request(0, Nbd.CMD_DISC, 0, 0, 0);
        assertThrows(EOFException.class, second.in::readByte);
        assertServes();
    }

    // Stopping.

    /** A disk whose writes wait until they are let go. */
    private static final class Gate implements BlockStorage {
        private final ArrayDisk disk = disk();
        final CountDownLatch writing = new CountDownLatch(1);
        final CountDownLatch go = new CountDownLatch(1);
        volatile int flushes;
        volatile boolean flushFails;

        @Override
        public NodeInfo info() {
            return disk.info();
        }

        @Override
        public BlockStatus status(ByteRange range) throws BlockException {
            return disk.status(range);
        }

        @Override
        public void read(long offset, ByteBuffer into) throws BlockException {
            disk.read(offset, into);
        }

        @Override
        public void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
            writing.countDown();
            try {
                go.await(30, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            disk.write(offset, from, flags);
        }

        @Override
        public boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) {
            throw new IllegalStateException("a fault of the storage's own");
        }

        @Override
        public void flush() throws BlockException {
            flushes++;
            if (flushFails) {
                throw BlockException.of(BlockException.Kind.IO, "gate", "flush failed");
            }
        }

        @Override
        public void complete() {
        }

        @Override
        public void setLength(long length) {
        }

        @Override
        public boolean allocate(ByteRange range) {
            return false;
        }

        @Override
        public void close() {
        }
    }

    @Test
    void stoppingFinishesWhatIsInFlightThenFlushesAndRemovesTheSocket() throws Exception {
        Gate gate = new Gate();
        NbdServer server = serve(gate);
        RawClient client = client().enter("d");
        client.request(0, Nbd.CMD_WRITE, 1, 0, 4).out.write(new byte[] {1, 2, 3, 4});
        gate.writing.await();
        RawClient idle = client().enter("d");
        Thread stopper = new Thread(() -> {
            try {
                server.close();
            } catch (BlockException e) {
                throw new IllegalStateException(e);
            }
        });
        stopper.start();
        assertThrows(EOFException.class, idle.in::readByte);
        assertThrows(IOException.class, () -> client().enter("d"));
        assertTrue(stopper.isAlive());
        assertEquals(0, gate.flushes);
        gate.go.countDown();
        RawClient.Chunk reply = client.chunk();
        assertEquals(Nbd.REPLY_NONE, reply.type());
        stopper.join();
        assertEquals(1, gate.flushes);
        assertFalse(Files.exists(socket()));
        assertThrows(EOFException.class, client.in::readByte);
    }

    @Test
    void aFlushThatFailsAtTheEndIsToldTheOwner() throws Exception {
        Gate gate = new Gate();
        NbdServer server = serve(gate);
        gate.flushFails = true;
        assertEquals("gate: flush failed", assertThrows(BlockException.class, server::close).getMessage());
        assertFalse(Files.exists(socket()));
    }

    @Test
    void aFaultOfTheStorageIsOneFailedRequest() throws Exception {
        Gate gate = new Gate();
        serve(gate);
        RawClient client = client().enter("d");
        client.request(0, Nbd.CMD_WRITE_ZEROES, 4, 0, 512);
        assertEquals(NbdErrno.EIO.value(), client.chunk().error());
        client.request(0, Nbd.CMD_READ, 5, 0, 1);
        assertEquals(5, client.chunk().cookie());
    }

    // Fuzz.

    @Test
    void randomAndMutatedClientsChangeNothingForTheOthers() throws Exception {
        serve(NbdServerOptions.unix(socket()).withTimeouts(Duration.ofMillis(300), Duration.ofMillis(300),
                Duration.ofSeconds(5)), disk());
        for (long seed = 1; seed <= 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            try (RawClient client = new RawClient(socket())) {
                ByteBuffer bytes = ByteBuffer.allocate(4096);
                bytes.putInt(3);
                putOption(bytes, Nbd.OPT_STRUCTURED_REPLY, new byte[0]);
                putOption(bytes, Nbd.OPT_SET_META_CONTEXT, RawClient.meta("d", "base:allocation"));
                putOption(bytes, Nbd.OPT_GO, RawClient.go("d"));
                int handshake = bytes.position();
                for (int i = 0; i < 8; i++) {
                    // Nothing that changes the disk, unless a mutation makes it so.
                    int command = new int[] {Nbd.CMD_READ, Nbd.CMD_FLUSH, Nbd.CMD_BLOCK_STATUS,
                            Nbd.CMD_CACHE}[random.nextInt(4)];
                    bytes.putInt(Nbd.REQUEST_MAGIC).putShort((short) 0).putShort((short) command).putLong(i)
                            .putLong(command == Nbd.CMD_FLUSH ? 0 : random.nextInt(MIB))
                            .putInt(command == Nbd.CMD_FLUSH ? 0 : random.nextInt(4096));
                }
                byte[] all = Arrays.copyOf(bytes.array(), bytes.position());
                for (int i = random.nextInt(4); i > 0; i--) {
                    int at = random.nextBoolean() ? random.nextInt(handshake) : random.nextInt(all.length);
                    // The command's own byte stays: a fuzzer that wrote would spoil the comparison below.
                    if (at < handshake || (at - handshake) % Nbd.REQUEST_BYTES != 7) {
                        all[at] = (byte) random.nextInt(256);
                    }
                }
                client.out.write(all);
                if (random.nextBoolean()) {
                    client.channel.shutdownOutput();
                    client.in.readAllBytes();
                }
            } catch (IOException e) {
                // A server that hangs up on nonsense is right to.
                assertTrue(seed > 0);
            }
        }
        assertServes();
    }

    private static void putOption(ByteBuffer bytes, int option, byte[] data) {
        bytes.putLong(Nbd.OPTION_MAGIC).putInt(option).putInt(data.length).put(data);
    }

    /** What the SPI asks of callers is kept whatever clients do: no two changes in one cluster at a time. */
    @Test
    void rangeLocksKeepOverlappingChangesApart() throws Exception {
        RangeLocks locks = new RangeLocks();
        locks.acquire(new ByteRange(0, 100));
        locks.acquire(new ByteRange(100, 100));
        CountDownLatch got = new CountDownLatch(1);
        Thread third = new Thread(() -> {
            try {
                locks.acquire(new ByteRange(50, 100));
                got.countDown();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        third.start();
        locks.release(new ByteRange(0, 100));
        assertFalse(got.await(50, TimeUnit.MILLISECONDS));
        locks.release(new ByteRange(100, 100));
        assertTrue(got.await(10, TimeUnit.SECONDS));
        third.join();
    }

    @Test
    void exportsAreChecked() {
        BlockSource disk = disk();
        assertThrows(IllegalArgumentException.class, () -> ServedExport.readOnly("a\0b", disk));
        assertThrows(IllegalArgumentException.class, () -> ServedExport.readOnly("x".repeat(4097), disk));
        assertThrows(IllegalArgumentException.class, () -> ServedExport.readOnly("", disk).withMinimumBlock(3));
        assertThrows(IllegalArgumentException.class, () -> ServedExport.readOnly("", disk)
                .withContext("base:allocation", range -> new MetadataContext.Extent(1, 0)));
        assertThrows(IllegalArgumentException.class, () -> NbdServer.start(NbdServerOptions.unix(socket()),
                List.of(ServedExport.readOnly("a", disk), ServedExport.readOnly("a", disk))));
    }
}
