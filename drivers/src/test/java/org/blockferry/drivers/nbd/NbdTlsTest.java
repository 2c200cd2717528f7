package org.blockferry.drivers.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.blockferry.drivers.nbd.server.NbdServer;
import org.blockferry.drivers.nbd.server.NbdServerOptions;
import org.blockferry.drivers.nbd.server.ServedExport;
import org.blockferry.drivers.nbd.wire.TlsCredentials;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.testing.ArrayDisk;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS with certificates made by openssl, both ends, against other people's other ends. */
@Timeout(120)
@SuppressWarnings("try") // servers run for the length of a block
class NbdTlsTest {
    private static final TestImage IMAGE = TestImage.standard();

    /** An authority with a server's and a client's certificate, and a folder with a stranger's authority. */
    @TempDir
    static Path pki;
    @TempDir
    Path folder;

    @BeforeAll
    static void makeCertificates() throws Exception {
        Peers.require("openssl");
        authority(pki, "Test CA");
        // Three forms of keys: PKCS#8, PKCS#1 and SEC1.
        certificate("server", "localhost");
        Peers.run(pki, "openssl", "rsa", "-in", "server-key.pem", "-traditional", "-out", "pkcs1.pem");
        certificate("client", "client");
        Files.createDirectories(pki.resolve("other"));
        authority(pki.resolve("other"), "Another CA");
    }

    private static void authority(Path where, String name) {
        Peers.run(where, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                "-keyout", "ca-key.pem", "-out", "ca-cert.pem");
    }

    private static void certificate(String role, String name) throws Exception {
        Peers.run(pki, "openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-keyout", role + "-key.pem",
                "-out", role + ".csr");
        Files.writeString(pki.resolve(role + ".ext"), "subjectAltName=DNS:" + name + ",IP:127.0.0.1\n");
        Peers.run(pki, "openssl", "x509", "-req", "-in", role + ".csr", "-CA", "ca-cert.pem", "-CAkey", "ca-key.pem",
                "-CAcreateserial", "-days", "2", "-extfile", role + ".ext", "-out", role + "-cert.pem");
    }

    private String uri(String more) {
        return "nbds+unix:///?socket=" + NbdPeers.socket(folder) + "&tls-certificates=" + pki + more;
    }

    private PeerProcess nbdkit(String... arguments) {
        List<String> all = new ArrayList<>(List.of("--tls=require", "--tls-certificates=" + pki));
        all.addAll(List.of(arguments));
        return NbdPeers.nbdkit(folder, all.toArray(String[]::new));
    }

    @Test
    void readsAndWritesThroughNbdkitWithManyThreads() throws Exception {
        try (PeerProcess server = nbdkit("--tls-verify-peer", "memory", "8M")) {
            byte[] image = TestImage.data(8 << 20, 3).bytes();
            try (BlockStorage disk = NbdPeers.target(uri("&tls-hostname=localhost"), Map.of())) {
                assertTrue(((NbdSource) disk).isEncrypted());
                ExecutorService pool = Executors.newFixedThreadPool(6);
                try {
                    List<Future<?>> all = new ArrayList<>();
                    for (int i = 0; i < 8; i++) {
                        int at = i << 20;
                        all.add(pool.submit(() -> {
                            byte[] part = Arrays.copyOfRange(image, at, at + (1 << 20));
                            Disks.write(disk, at, part);
                            assertArrayEquals(part, Disks.read(disk, new ByteRange(at, part.length)));
                            return null;
                        }));
                    }
                    for (Future<?> each : all) {
                        each.get();
                    }
                } finally {
                    pool.shutdownNow();
                }
                assertArrayEquals(image, Disks.readAll(disk));
            }
        }
    }

    @Test
    void qemuNbdServesUsEncrypted() throws Exception {
        Peers.require("qemu-nbd");
        Path file = NbdPeers.file(folder.resolve("disk"), IMAGE);
        try (PeerProcess server = NbdPeers.qemuNbd(folder, "-f", "raw", "--object",
                "tls-creds-x509,id=t,endpoint=server,dir=" + pki + ",verify-peer=on", "--tls-creds", "t", file.toString())) {
            try (BlockSource source = NbdPeers.source(uri(""), Map.of())) {
                assertArrayEquals(IMAGE.bytes(), Disks.readAll(source));
            }
        }
    }

    @Test
    void aServerWithoutTlsIsRefusedAndNeverTalkedToPlainly() throws Exception {
        try (PeerProcess server = NbdPeers.nbdkit(folder, "memory", "1M")) {
            BlockException e = assertThrows(BlockException.class, () -> NbdPeers.source(uri(""), Map.of()));
            assertEquals(Kind.REFUSED, e.kind());
            assertTrue(e.getMessage().contains("the server does not encrypt, and nbds demands it"), e.getMessage());
        }
    }

    @Test
    void aServerThatDemandsTlsIsExplained() throws Exception {
        try (PeerProcess server = nbdkit("memory", "1M")) {
            BlockException e = assertThrows(BlockException.class, () -> NbdPeers.source(NbdPeers.uri(folder), Map.of()));
            assertEquals(Kind.REFUSED, e.kind());
            assertTrue(e.getMessage().contains("the server demands encryption; use nbds:// or nbds+unix://"), e.getMessage());
        }
    }

    @Test
    void anotherAuthorityOrAnotherNameIsRefusedUnlessThePeerIsNotVerified() throws Exception {
        try (PeerProcess server = nbdkit("memory", "1M")) {
            String other = "nbds+unix:///?socket=" + NbdPeers.socket(folder) + "&tls-certificates=" + pki.resolve("other");
            BlockException stranger = assertThrows(BlockException.class, () -> NbdPeers.source(other, Map.of()));
            assertEquals(Kind.REFUSED, stranger.kind());
            assertTrue(stranger.getMessage().contains("TLS: "), stranger.getMessage());
            assertEquals(1, stranger.getMessage().lines().count());
            assertThrows(BlockException.class, () -> NbdPeers.source(uri("&tls-hostname=elsewhere"), Map.of()));
            NbdPeers.source(other + "&tls-verify-peer=0", Map.of()).close();
            NbdPeers.source(uri("&tls-hostname=elsewhere&tls-verify-peer=0"), Map.of()).close();
        }
    }

    @Test
    void missingAndBrokenFilesAreNamed() throws Exception {
        BlockException missing = assertThrows(BlockException.class, () -> TlsCredentials.client(folder, true));
        assertEquals(Kind.NOT_FOUND, missing.kind());
        assertTrue(missing.getMessage().startsWith(folder.resolve("ca-cert.pem") + ": no such file"), missing.getMessage());
        Files.writeString(folder.resolve("ca-cert.pem"), "nothing");
        BlockException broken = assertThrows(BlockException.class, () -> TlsCredentials.client(folder, true));
        assertEquals(Kind.INVALID_FORMAT, broken.kind());
        Files.copy(pki.resolve("server-cert.pem"), folder.resolve("server-cert.pem"));
        Files.writeString(folder.resolve("server-key.pem"), "-----BEGIN PRIVATE KEY-----\nAAAA\n");
        assertEquals(Kind.INVALID_FORMAT,
                assertThrows(BlockException.class, () -> TlsCredentials.server(folder, false)).kind());
    }

    private NbdServer serve(TlsCredentials credentials, boolean required, ServedExport... exports) throws BlockException {
        return NbdServer.start(NbdServerOptions.unix(NbdPeers.socket(folder)).withTls(credentials, required), List.of(exports));
    }

    @ParameterizedTest(name = "key in the form {0}")
    @ValueSource(strings = {"PKCS#8", "PKCS#1", "SEC1"})
    void nbdcopyReadsOurServerEncrypted(String form) throws Exception {
        Peers.require("nbdcopy");
        Path mine = Files.createDirectory(folder.resolve("pki"));
        Files.copy(pki.resolve("ca-cert.pem"), mine.resolve("ca-cert.pem"));
        Files.copy(pki.resolve("server-cert.pem"), mine.resolve("server-cert.pem"));
        Files.copy(pki.resolve(form.equals("PKCS#1") ? "pkcs1.pem" : "server-key.pem"), mine.resolve("server-key.pem"));
        if (form.equals("SEC1")) {
            Peers.run(mine, "openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ec.pem");
            Peers.run(mine, "openssl", "req", "-new", "-key", "ec.pem", "-subj", "/CN=localhost", "-out", "ec.csr");
            Files.delete(mine.resolve("server-cert.pem"));
            Peers.run(mine, "openssl", "x509", "-req", "-in", "ec.csr", "-CA", "ca-cert.pem", "-CAkey",
                    pki.resolve("ca-key.pem").toString(), "-CAcreateserial", "-days", "2", "-extfile",
                    pki.resolve("server.ext").toString(), "-out", "server-cert.pem");
            Files.move(mine.resolve("ec.pem"), mine.resolve("server-key.pem"), StandardCopyOption.REPLACE_EXISTING);
        }
        Path copy = folder.resolve("copy");
        try (NbdServer server = serve(TlsCredentials.server(mine, true), true,
                ServedExport.readOnly("", new ArrayDisk("d", IMAGE)))) {
            Peers.run(folder, "nbdcopy", uri(""), copy.toString());
            assertFalse(Peers.tryRun(folder, "nbdcopy", NbdPeers.uri(folder), "null:").exitCode() == 0,
                    "plain clients stay out");
        }
        assertArrayEquals(IMAGE.bytes(), Files.readAllBytes(copy));
    }

    @Test
    void bothEndsOfOursTalkAndAnExportForTlsOnlyIsHiddenFromPlainClients() throws Exception {
        try (NbdServer server = serve(TlsCredentials.server(pki, false), false,
                ServedExport.readOnly("open", new ArrayDisk("d", IMAGE)),
                ServedExport.readOnly("secret", new ArrayDisk("d", IMAGE)).withTlsOnly())) {
            String plain = "nbd+unix:///secret?socket=" + NbdPeers.socket(folder);
            assertEquals(Kind.REFUSED, assertThrows(BlockException.class, () -> NbdPeers.source(plain, Map.of())).kind());
            try (BlockSource source = NbdPeers.source(
                    "nbds+unix:///secret?socket=" + NbdPeers.socket(folder) + "&tls-certificates=" + pki, Map.of())) {
                assertArrayEquals(IMAGE.bytes(), Disks.readAll(source));
                assertEquals(IMAGE.runs().size(), Disks.map(source, source.info().range()).size());
            }
            NbdPeers.source("nbd+unix:///open?socket=" + NbdPeers.socket(folder), Map.of()).close();
            assertEquals(List.of("open"),
                    NbdExports.list(NbdPeers.location(plain), Map.of()).stream().map(NbdExport::name).toList());
            assertEquals(List.of("open", "secret"),
                    NbdExports.list(NbdPeers.location(uri("")), Map.of()).stream().map(NbdExport::name).toList());
        }
    }
}
