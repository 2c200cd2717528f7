package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.blockferry.cli.CliRun;
import org.blockferry.drivers.qmp.QemuUnderTest;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code mirror --qmp} over an NBD server of QEMU that demands TLS. */
@Timeout(120)
class QemuMirrorTlsTest {
    @TempDir
    Path folder;

    private void openssl(String... words) {
        String[] command = new String[words.length + 1];
        command[0] = "openssl";
        System.arraycopy(words, 0, command, 1, words.length);
        Peers.run(folder, command);
    }

    private void certificate(String role, String name) throws IOException {
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-keyout", role + "-key.pem", "-out", "csr");
        Files.writeString(folder.resolve("ext"), "subjectAltName=DNS:" + name + "\n");
        openssl("x509", "-req", "-in", "csr", "-CA", "ca-cert.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", "2",
                "-extfile", "ext", "-out", role + "-cert.pem");
    }

    @Test
    void theDiskAndTheBitmapsTravelEncrypted() throws IOException {
        Peers.require("openssl", "qemu-img", "qemu-system-x86_64");
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test CA", "-keyout", "ca-key.pem",
                "-out", "ca-cert.pem");
        certificate("server", "localhost");
        certificate("client", "client");
        byte[] noise = new byte[4 << 20];
        new Random(15).nextBytes(noise);
        Files.write(folder.resolve("src.raw"), noise);
        try (QemuUnderTest qemu = QemuUnderTest.emulator(folder, "-blockdev", "driver=file,node-name=file,filename=src.raw",
                "-blockdev", "driver=raw,node-name=disk,file=file", "-object",
                "tls-creds-x509,id=t,endpoint=server,dir=" + folder + ",verify-peer=on")) {
            qemu.execute("nbd-server-start", Map.of("tls-creds", "t", "addr",
                    Map.of("type", "unix", "data", Map.of("path", folder.resolve("nbd").toString()))));
            String plain = "nbd+unix:///?socket=" + folder.resolve("nbd");
            String target = folder.resolve("dst.raw").toString();
            CliRun run = CliRun.of("mirror", "--qmp", qemu.qmp().toString(), "--node", "disk", "--nbd-server",
                    plain, target).expect(1);
            assertTrue(run.err().contains("TLS"), run.err());
            assertEquals(List.of(), qemu.execute("query-block-exports"));
            String encrypted = plain.replace("nbd+unix", "nbds+unix") + "&tls-hostname=localhost&tls-certificates=" + folder;
            CliRun.of("mirror", "--qmp", qemu.qmp().toString(), "--node", "disk", "--nbd-server", encrypted, target)
                    .expect(0);
            assertEquals(List.of(), qemu.execute("query-block-exports"));
        }
        Peers.run(folder, "cmp", "src.raw", "dst.raw");
    }
}
