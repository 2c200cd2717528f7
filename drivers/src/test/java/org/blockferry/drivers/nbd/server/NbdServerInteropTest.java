package org.blockferry.drivers.nbd.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.blockferry.drivers.nbd.wire.Nbd;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Other people's clients against our server. Byte equality is theirs to say. */
@Timeout(120)
@SuppressWarnings("try") // servers run for the length of a block
class NbdServerInteropTest {
    private static final TestImage IMAGE = TestImage.standard();

    @TempDir
    Path folder;

    private Path socket() {
        return folder.resolve("s");
    }

    private String uri(String export) {
        return "nbd+unix:///" + export + "?socket=" + socket();
    }

    private NbdServer serve(ServedExport... exports) throws BlockException {
        return NbdServer.start(NbdServerOptions.unix(socket()), List.of(exports));
    }

    private static ArrayDisk disk() {
        return new ArrayDisk("disk", IMAGE);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"nbdcopy", "nbdcopy --synchronous", "nbdcopy --request-size=2097152", "nbdcopy --no-extents",
        "qemu-img convert -f raw -O raw", "qemu-img convert -f raw -O raw -m 16 -W"})
    void readsOfPeersGiveEveryByte(String command) throws Exception {
        Path copy = folder.resolve("copy");
        String[] words = command.split(" ");
        Peers.require(words[0]);
        try (NbdServer server = serve(ServedExport.readOnly("", disk()))) {
            Peers.run(folder, with(words, uri(""), copy.toString()));
            Peers.require("qemu-img");
            Path raw = Files.write(folder.resolve("raw"), IMAGE.bytes());
            Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "raw", raw.toString(), uri(""));
        }
        assertArrayEquals(IMAGE.bytes(), Files.readAllBytes(copy));
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"nbdcopy --flush", "nbdcopy --destination-is-zero", "nbdcopy --request-size=2097152 --allocated",
        "qemu-img convert -n -f raw -O raw", "qemu-img convert -n -f raw -O raw -m 16 -W -S 0"})
    void writesOfPeersLeaveEveryByte(String command) throws Exception {
        String[] words = command.split(" ");
        Peers.require(words[0]);
        Path raw = Files.write(folder.resolve("raw"), IMAGE.bytes());
        byte[] before = command.contains("is-zero") ? new byte[IMAGE.length()] : TestImage.data(IMAGE.length(), 77).bytes();
        ArrayDisk disk = new ArrayDisk("disk", before);
        try (NbdServer server = serve(ServedExport.writable("", disk))) {
            Peers.run(folder, with(words, raw.toString(), uri("")));
        }
        assertArrayEquals(IMAGE.bytes(), Disks.readAll(disk));
    }

    private static String[] with(String[] words, String... more) {
        String[] all = Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return all;
    }

    @Test
    void qemuIoReadsWritesZeroesAndDiscardsAtOddPlaces() throws Exception {
        Peers.require("qemu-io");
        ArrayDisk disk = disk();
        try (NbdServer server = serve(ServedExport.writable("d", disk))) {
            Peers.Result result = Peers.run(folder, "qemu-io", "-f", "raw", "-c", "write -P 0x5a 12345 70001", "-c",
                    "read -P 0x5a 12345 70001",
                    "-c", "write -z 20000 30000", "-c", "read -P 0 20000 30000", "-c", "write -f -P 7 512 512", "-c",
                    "discard 65536 65536",
                    "-c", "write -zu 131072 65536", "-c", "flush", "-c", "aio_write -P 9 200k 512k", "-c", "aio_flush",
                    "-c", "read -P 9 200k 512k", uri("d"));
            assertFalse(result.out().contains("verification failed") || result.out().contains("error"), result.out());
        }
        byte[] bytes = Disks.read(disk, new ByteRange(512, 512));
        assertTrue(bytes[0] == 7 && bytes[511] == 7);
    }

    @Test
    void nbdinfoTellsMapTotalsListAndSizes() throws Exception {
        Peers.require("nbdinfo");
        try (NbdServer server = serve(ServedExport.readOnly("a", disk()).withDescription("first of two"),
                ServedExport.writable("", new ArrayDisk("b", new byte[5])).withMinimumBlock(1))) {
            String map = Peers.run(folder, "nbdinfo", "--map", uri("a")).out().replaceAll(" +", " ").strip();
            StringBuilder wanted = new StringBuilder();
            for (TestImage.Run run : IMAGE.runs()) {
                wanted.append(' ').append(run.range().offset()).append(' ').append(run.range().length())
                        .append(run.kind() == TestImage.Kind.DATA ? " 0 data\n" : " 3 hole,zero\n");
            }
            assertEquals(wanted.toString().strip(), map);
            assertTrue(Peers.run(folder, "nbdinfo", "--totals", "--map", uri("a")).out().contains("hole,zero"));
            String list = Peers.run(folder, "nbdinfo", "--list", "--json", uri("")).out();
            assertTrue(list.contains("\"export-name\": \"a\"") && list.contains("first of two"), list);
            assertTrue(list.contains("\"can_multi_conn\": true") && list.contains("\"block_size_maximum\": 33554432"), list);
            assertEquals("5", Peers.run(folder, "nbdinfo", "--size", uri("")).out().strip());
            assertTrue(Peers.tryRun(folder, "nbdinfo", uri("nothing")).err().contains("for export: nothing"));
        }
    }

    @Test
    void qemuImgMapAndInfoSeeHolesAndSize() throws Exception {
        Peers.require("qemu-img");
        try (NbdServer server = serve(ServedExport.readOnly("", disk()))) {
            String map = Peers.run(folder, "qemu-img", "map", "-f", "raw", "--output=json", uri("")).out();
            long zeroes = map.lines().filter(line -> line.contains("\"zero\": true, \"data\": false")).count();
            assertEquals(IMAGE.runs().stream().filter(run -> run.kind() == TestImage.Kind.ZERO).count(), zeroes, map);
            assertTrue(Peers.run(folder, "qemu-img", "info", "-f", "raw", uri("")).out().contains(IMAGE.length() + " bytes"));
        }
    }

    @Test
    void allocationDepthAndDirtyBitmapsReachPeers() throws Exception {
        Peers.require("nbdinfo");
        ServedExport export = ServedExport.readOnly("", disk())
                .withContext(Nbd.QEMU_ALLOCATION_DEPTH, range -> new MetadataContext.Extent(
                        range.offset() < 65536 ? 65536 - range.offset() : range.length(), range.offset() < 65536 ? 1 : 2))
                .withContext(Nbd.QEMU_DIRTY_BITMAP + "b0", range -> new MetadataContext.Extent(
                        range.offset() < 131072 ? 131072 - range.offset() : range.length(), range.offset() < 131072 ? 0 : 1));
        try (NbdServer server = serve(export)) {
            String depth = Peers.run(folder, "nbdinfo", "--map=qemu:allocation-depth", uri("")).out().replaceAll(" +", " ");
            assertTrue(depth.contains(" 0 65536 1 local\n") && depth.contains(" 65536 984576 2 backing depth 2"), depth);
            String dirty = Peers.run(folder, "nbdinfo", "--map=qemu:dirty-bitmap:b0", uri("")).out().replaceAll(" +", " ");
            assertTrue(dirty.contains(" 0 131072 0 clean\n") && dirty.contains(" 131072 919040 1 dirty"), dirty);
            String listed = Peers.run(folder, "nbdinfo", uri("")).out();
            assertTrue(listed.contains("base:allocation") && listed.contains("qemu:dirty-bitmap:b0"), listed);
        }
    }

    @Test
    void fioVerifiesWhatItWrote() throws Exception {
        Peers.require("fio");
        if (!Peers.run(folder, "fio", "--enghelp").out().contains("nbd")) {
            Peers.require("fio with its nbd engine");
        }
        ArrayDisk disk = ArrayDisk.blank("disk", 8 << 20);
        try (NbdServer server = serve(ServedExport.writable("", disk))) {
            Peers.run(folder, "fio", "--name=t", "--ioengine=nbd", "--uri=" + uri(""), "--rw=randrw", "--bs=4k", "--size=8m",
                    "--verify=crc32c", "--iodepth=16", "--do_verify=1", "--verify_fatal=1", "--randrepeat=1");
        }
    }

    @Test
    void aReadOnlyExportTakesNoWrites() throws Exception {
        Peers.require("qemu-io", "nbdinfo");
        ArrayDisk disk = disk();
        try (NbdServer server = serve(ServedExport.readOnly("", disk))) {
            assertTrue(Peers.run(folder, "nbdinfo", uri("")).out().contains("is_read_only: true"));
            Peers.Result write = Peers.tryRun(folder, "qemu-io", "-f", "raw", "-c", "write 0 512", uri(""));
            assertTrue(write.exitCode() != 0, write.out());
        }
        assertArrayEquals(IMAGE.bytes(), Disks.readAll(disk));
    }

    @Test
    void theSocketIsPrivateAndGoneAfterwardsAndAStaleOneIsReplaced() throws Exception {
        NbdServer server = serve(ServedExport.readOnly("", disk()));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(1, files.count(), "nothing else is left beside the socket");
        }
        BlockException taken = assertThrows(BlockException.class, () -> serve(ServedExport.readOnly("", disk())));
        assertEquals(BlockException.Kind.IN_USE, taken.kind());
        server.close();
        server.close();
        assertFalse(Files.exists(socket()));
        ServerSocketChannel stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        stale.bind(UnixDomainSocketAddress.of(socket()));
        stale.close();
        assertTrue(Files.exists(socket()));
        serve(ServedExport.readOnly("", disk())).close();
        Files.write(socket(), new byte[] {1});
        assertThrows(BlockException.class, () -> serve(ServedExport.readOnly("", disk())));
        assertArrayEquals(new byte[] {1}, Files.readAllBytes(socket()), "a file that is no socket stays");
    }

    @Test
    void listensOnLoopbackWhenAsked() throws Exception {
        Peers.require("nbdinfo");
        try (NbdServer server = NbdServer.start(NbdServerOptions.loopback(0), List.of(ServedExport.readOnly("x", disk())))) {
            int port = ((InetSocketAddress) server.address()).getPort();
            assertEquals(Integer.toString(IMAGE.length()),
                    Peers.run(folder, "nbdinfo", "--size", "nbd://127.0.0.1:" + port + "/x").out().strip());
            assertEquals(1, server.served());
        }
    }

    @Test
    void aFlushOnOneConnectionCoversWritesOnAnother() throws Exception {
        Peers.require("qemu-io");
        ArrayDisk disk = disk();
        try (NbdServer server = serve(ServedExport.writable("", disk))) {
            Peers.run(folder, "qemu-io", "-f", "raw", "-c", "write -P 3 0 4096", uri(""));
            Peers.run(folder, "qemu-io", "-f", "raw", "-c", "read -P 3 0 4096", "-c", "flush", uri(""));
        }
        ByteBuffer head = ByteBuffer.allocate(1);
        disk.read(0, head);
        assertEquals(3, head.get(0));
    }
}
