package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.ServeRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code serve} and the clients of others. */
@Timeout(120)
class ServeCommandTest {
    private static final int MIB = 1 << 20;
    private static final Pattern ROW = Pattern.compile(" *([0-9]+) +([0-9]+) +([0-9]+).*");

    @TempDir
    Path folder;

    /** disk.raw, 6 MiB and a sector: data, hole, data, hole; disk.qcow2 over base.qcow2 the same disk. */
    @BeforeEach
    void images() throws IOException {
        Peers.require("qemu-img", "qemu-io", "nbdinfo", "nbdcopy");
        byte[] data = new byte[MIB];
        new Random(5).nextBytes(data);
        Files.write(folder.resolve("noise"), data);
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "raw", "disk.raw", Integer.toString(6 * MIB + 512));
        Peers.run(folder, "qemu-io", "-f", "raw", "-c", "write -s noise 0 1M", "-c", "write -s noise 3M 1M", "disk.raw");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", Integer.toString(6 * MIB + 512));
        Peers.run(folder, "qemu-io", "-c", "write -s noise 0 1M", "-c", "write -P 9 5M 64k", "base.qcow2");
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "disk.qcow2");
        Peers.run(folder, "qemu-io", "-c", "write -s noise 3M 1M", "-c", "write -zu 5M 64k", "disk.qcow2");
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private String map(String context, String uri) {
        return Peers.run(folder, "nbdinfo", "--map=" + context, uri).out().lines().map(ROW::matcher).filter(Matcher::matches)
                .map(row -> row.group(1) + "+" + row.group(2) + " " + row.group(3)).collect(Collectors.joining("\n", "", "\n"));
    }

    private void compare(String format, String image, String uri) {
        Peers.run(folder, "qemu-img", "compare", "-f", format, "-F", "raw", image, uri);
    }

    @ParameterizedTest
    @ValueSource(strings = {"disk.raw", "disk.qcow2"})
    void whatIsServedIsTheDisk(String image) {
        try (ServeRun serve = ServeRun.start("--read-only", "--persistent", "--socket", path("s"), path(image))) {
            assertEquals("nbd+unix:///?socket=" + path("s"), serve.uri());
            assertEquals(Integer.toString(6 * MIB + 512), Peers.run(folder, "nbdinfo", "--size", serve.uri()).out().strip());
            compare("raw", "disk.raw", serve.uri());
            Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", serve.uri(), "converted.qcow2");
            Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "qcow2", "disk.raw", "converted.qcow2");
            Peers.run(folder, "nbdcopy", serve.uri(), "copied.raw");
            Peers.run(folder, "cmp", "disk.raw", "copied.raw");
            CliRun.of("copy", "-O", "raw", serve.uri(), path("ours.raw")).expect(0);
            Peers.run(folder, "cmp", "disk.raw", "ours.raw");
            assertTrue(Peers.tryRun(folder, "qemu-io", "-f", "raw", "-c", "write 0 512", serve.uri()).exitCode() != 0);
        }
    }

    @Test
    void holesZeroesAndDepthsAreTheChains() {
        try (ServeRun serve = ServeRun.start("--read-only", "--persistent", "--allocation-depth", "--socket", path("s"),
                path("disk.qcow2"))) {
            assertEquals("""
                    0+1048576 0
                    1048576+2097152 3
                    3145728+1048576 0
                    4194304+2097664 3
                    """, map("base:allocation", serve.uri()));
            assertEquals("""
                    0+1048576 2
                    1048576+2097152 0
                    3145728+1048576 1
                    4194304+1048576 0
                    5242880+65536 1
                    5308416+983552 0
                    """, map("qemu:allocation-depth", serve.uri()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"raw", "qcow2"})
    void whatClientsWriteIsInTheImage(String format) {
        String image = path("disk." + format);
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "raw", "disk.raw", "expected.raw");
        String[] writes = {"-c", "write -P 7 100000 70001", "-c", "write -z 3300000 200000", "-c", "discard 1M 1M", "-c",
            "write -P 8 6M 512", "-c", "flush"};
        Peers.run(folder, join(new String[] {"qemu-io", "-f", "raw"}, writes, "expected.raw"));
        try (ServeRun serve = ServeRun.start("--persistent", "-f", format, "--socket", path("s"), image)) {
            Peers.run(folder, join(new String[] {"qemu-io", "-f", "raw"}, writes, serve.uri()));
            compare("raw", "expected.raw", serve.uri());
            assertEquals("blockferry: SIGTERM: finishing what is in flight", serve.stop().expect(143).err().strip());
        }
        Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", format, "expected.raw", image);
        if (format.equals("qcow2")) {
            Peers.run(folder, "qemu-img", "check", image);
            // The base is as it was.
            Peers.run(folder, "qemu-io", "-r", "-c", "read -P 9 5M 64k", "base.qcow2");
        }
    }

    private static String[] join(String[] first, String[] middle, String last) {
        return Stream.of(first, middle, new String[] {last}).flatMap(Arrays::stream)
                .toArray(String[]::new);
    }

    @Test
    void copiesIntoAServedImageAreExact() {
        for (String tool : new String[] {"nbdcopy", "qemu-img", "blockferry"}) {
            String image = path("new-" + tool + ".qcow2");
            Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", image, Integer.toString(6 * MIB + 512));
            try (ServeRun serve = ServeRun.start("--persistent", "-f", "qcow2", "--socket", path("s"), image)) {
                switch (tool) {
                    case "nbdcopy" -> Peers.run(folder, "nbdcopy", "--flush", "disk.raw", serve.uri());
                    case "qemu-img" -> Peers.run(folder, "qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", "-W", "-m", "8",
                            "disk.raw", serve.uri());
                    default -> CliRun.of("copy", "-n", path("disk.raw"), serve.uri()).expect(0);
                }
            }
            Peers.run(folder, "qemu-img", "compare", "-f", "raw", "-F", "qcow2", "disk.raw", image);
            Peers.run(folder, "qemu-img", "check", image);
        }
    }

    @Test
    void itEndsWithItsLastClient() {
        ServeRun serve = ServeRun.start("--read-only", "--socket", path("s"), path("disk.raw"));
        // Who only asks is no client yet.
        Peers.run(folder, "nbdinfo", "--list", "--no-content", serve.uri());
        assertTrue(serve.isRunning());
        Peers.run(folder, "nbdcopy", serve.uri(), "copied.raw");
        assertEquals("", serve.finish().expect(0).err());
        assertFalse(Files.exists(folder.resolve("s")));
        Peers.run(folder, "cmp", "disk.raw", "copied.raw");
    }

    @Test
    void theSocketIsTheOwnersAndGoesWithTheServer() throws IOException {
        try (ServeRun serve = ServeRun.start("--read-only", "--socket", path("s"), path("disk.raw"))) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("s"))));
            CliRun second = CliRun.of("serve", "--read-only", "--socket", path("s"), path("disk.raw")).expect(1);
            assertEquals("blockferry: " + path("s") + ": cannot listen: somebody listens there already", second.err().strip());
            serve.stop().expect(143);
        }
        assertFalse(Files.exists(folder.resolve("s")));
        CliRun file = CliRun.of("serve", "--read-only", "--socket", path("noise"), path("disk.raw")).expect(1);
        assertEquals("blockferry: " + path("noise") + ": cannot listen: a file that is no socket stands there", file.err().strip());
    }

    @Test
    void withoutAPlaceTheSocketStandsInAFolderOfItsOwn() throws IOException {
        ServeRun serve = ServeRun.start("--read-only", "--name", "a b", path("disk.raw"));
        Matcher uri = Pattern.compile("nbd\\+unix:///a%20b\\?socket=(.*)/nbd").matcher(serve.uri());
        assertTrue(uri.matches(), serve.uri());
        Path place = Path.of(uri.group(1));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(place)));
        compare("raw", "disk.raw", serve.uri());
        serve.finish().expect(0);
        assertFalse(Files.exists(place));
    }

    @Test
    void aSecondClientOfASharedOneIsTurnedAway() throws IOException {
        try (ServeRun serve = ServeRun.start("--read-only", "--persistent", "--shared", "1", "--socket", path("s"), path("disk.raw"))) {
            // It would open four connections if it were told that it may.
            Peers.run(folder, "nbdcopy", serve.uri(), "copied.raw");
            try (ServeRun chained = ServeRun.start("--read-only", "--persistent", "--socket", path("t"), "-f", "raw", serve.uri())) {
                assertTrue(Peers.tryRun(folder, "nbdinfo", "--size", serve.uri()).exitCode() != 0);
                compare("raw", "disk.raw", chained.uri());
            }
            Peers.run(folder, "nbdinfo", "--size", serve.uri());
        }
    }

    @Test
    void loopbackIsQuietAndWiderPlacesAreNot() {
        try (ServeRun serve = ServeRun.start("--read-only", "--persistent", "--port", "0", path("disk.raw"))) {
            assertTrue(serve.uri().matches("nbd://127\\.0\\.0\\.1:[0-9]+/"), serve.uri());
            compare("raw", "disk.raw", serve.uri());
            assertEquals("blockferry: SIGTERM: finishing what is in flight", serve.stop().err().strip());
        }
        try (ServeRun serve = ServeRun.start("--read-only", "--persistent", "--port", "0", "--bind", "0.0.0.0", path("disk.raw"))) {
            assertEquals("blockferry: warning: whoever reaches 0.0.0.0 can read the disk, and nothing is encrypted; "
                    + "--tls-creds helps", serve.stop().err().lines().findFirst().orElse(""));
        }
    }

    @Test
    void encryptedItTakesClientsWithACertificateOnly() throws IOException {
        Peers.require("openssl");
        Path pki = Files.createDirectories(folder.resolve("pki"));
        Peers.run(pki, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test CA", "-keyout",
                "ca-key.pem", "-out", "ca-cert.pem");
        Files.writeString(pki.resolve("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
        for (String role : new String[] {"server", "client"}) {
            Peers.run(pki, "openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", role + "-key.pem",
                    "-out", role + ".csr");
            Peers.run(pki, "openssl", "x509", "-req", "-in", role + ".csr", "-CA", "ca-cert.pem", "-CAkey", "ca-key.pem",
                    "-CAcreateserial", "-days", "2", "-extfile", "ext", "-out", role + "-cert.pem");
        }
        Path stranger = Files.createDirectories(folder.resolve("stranger"));
        Files.copy(pki.resolve("ca-cert.pem"), stranger.resolve("ca-cert.pem"));
        try (ServeRun serve = ServeRun.start("--read-only", "--persistent", "--port", "0", "--tls-creds", pki.toString(),
                path("disk.raw"))) {
            assertTrue(serve.uri().startsWith("nbds://127.0.0.1:"), serve.uri());
            assertEquals(Integer.toString(6 * MIB + 512),
                    Peers.run(folder, "nbdinfo", "--size", serve.uri() + "?tls-certificates=" + pki).out().strip());
            assertTrue(Peers.tryRun(folder, "nbdinfo", "--size", serve.uri() + "?tls-certificates=" + stranger).exitCode() != 0);
            assertTrue(Peers.tryRun(folder, "nbdinfo", "--size", serve.uri().replace("nbds", "nbd")).exitCode() != 0);
        }
        try (ServeRun serve = ServeRun.start("--read-only", "--persistent", "--port", "0", "--tls-creds", pki.toString(),
                "--tls-any-client", path("disk.raw"))) {
            Peers.run(folder, "nbdinfo", "--size", serve.uri() + "?tls-certificates=" + stranger);
        }
    }

    @Test
    void infoListsWhatAServerHas() {
        try (ServeRun serve = ServeRun.start("--read-only", "--persistent", "--name", "a b", "--socket", path("s"),
                path("disk.raw"))) {
            assertEquals("""
                    exports available: 1
                     export: 'a b'
                      size:  6291968
                      read-only: yes
                      several connections: yes
                      min block: 1
                      available meta contexts: 1
                       base:allocation
                    """, CliRun.of("info", "--list", serve.uri()).expect(0).out());
            assertEquals(1, ((List<?>) CliRun.of("info", "--list", "--output", "json", serve.uri()).json().get("exports")).size());
        }
        assertEquals("blockferry: " + path("noise") + ": only an NBD server has exports to list",
                CliRun.of("info", "--list", path("noise")).expect(1).err().strip());
    }

    @Test
    void nbdcopysOptionsMeanWhatTheyMeanThere() {
        try (ServeRun serve = ServeRun.start("--read-only", "--persistent", "--socket", path("s"), path("disk.raw"))) {
            CliRun.of("copy", "-O", "raw", "--connections", "2", "--request-size", "64K", "--flush", "--allocated", serve.uri(),
                    path("full.raw")).expect(0);
            Peers.run(folder, "cmp", "disk.raw", "full.raw");
            assertFalse(Peers.run(folder, "qemu-img", "map", "--output=json", "-f", "raw", "full.raw").out().contains("\"data\": false"));
            CliRun.of("copy", "-n", "--destination-is-zero", serve.uri(), "null:").expect(0);
        }
        for (String line : new String[] {"--connections 65 nbd://x null:", "--request-size 5000 nbd://x null:",
            "--connections 2 a b", "--flush -t none a b", "--allocated -S 4k a b"}) {
            CliRun.of(("copy " + line).split(" ")).expect(2);
        }
    }

    @Test
    void aGuessedRawDiskThatClientsWriteIsNamed() {
        try (ServeRun serve = ServeRun.start("--socket", path("s"), path("disk.raw"))) {
            assertEquals("blockferry: warning: " + path("disk.raw")
                    + " is taken for raw by its content, which clients can change; -f raw makes it certain",
                    serve.stop().err().lines().findFirst().orElse(""));
        }
    }

    @Test
    void anImageThatIsServedForWritingIsInUse() {
        try (ServeRun serve = ServeRun.start("--persistent", "-f", "qcow2", "--socket", path("s"), path("disk.qcow2"))) {
            assertTrue(serve.isRunning());
            assertTrue(Peers.tryRun(folder, "qemu-io", "-c", "read 0 512", "disk.qcow2").exitCode() != 0);
            CliRun.of("serve", "-f", "qcow2", "--socket", path("t"), path("disk.qcow2")).expect(1);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "serve                                           | 2 | serve needs an image",
        "serve a b                                       | 2 | serve takes one image, not 'b' as well",
        "serve --port 65536 a                            | 2 | --port is '65536'; it is a whole number from 0 to 65535",
        "serve --shared 0 a                              | 2 | --shared is '0'; it is a whole number from 1 to 64",
        "serve --socket s --port 1 a                     | 2 | --socket and --port exclude each other",
        "serve --socket s --bind ::1 a                   | 2 | --socket and --bind exclude each other",
        "serve -U a                                      | 2 | -U is only possible with --read-only",
        "serve --tls-any-client a                        | 2 | --tls-any-client is only possible with --tls-creds",
        "serve --bind 999.1.1.1 a                        | 2 | --bind is '999.1.1.1'; it is an address or a name of this machine",
        "serve -f vfat a                                 | 2 | Unknown file format 'vfat'; known are",
        "serve --read-only @missing                      | 1 | missing: No such file or directory",
        "serve @missing                                  | 1 | missing: No such file or directory",
        "serve --read-only -f qcow2 @disk.raw            | 1 | disk.raw",
        "serve --read-only -                             | 2 | standard input is a stream, which cannot be served",
        "serve --read-only --socket @no/s @disk.raw      | 1 | no/s: cannot listen: ",
        "serve --read-only --tls-creds @no @disk.raw     | 1 | no/server-cert.pem"})
    void whatCannotBeIsSaidInOneLine(String line, int code, String message) {
        String[] args = line.strip().replace("@", folder + "/").split(" ");
        CliRun run = CliRun.of(args).expect(code);
        assertTrue(run.err().lines().findFirst().orElse("").contains(message), run.err());
        assertEquals(code == 2 ? 2 : 1, run.err().lines().count(), run.err());
    }
}
