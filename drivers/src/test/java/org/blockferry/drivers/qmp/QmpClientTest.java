package org.blockferry.drivers.qmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class QmpClientTest {
    @TempDir
    Path folder;

    private QemuUnderTest daemon() throws IOException {
        return QemuUnderTest.daemon(folder, "--blockdev", "driver=null-co,node-name=disk,size=1048576");
    }

    private static BlockException fails(Kind kind, org.junit.jupiter.api.function.Executable call) {
        BlockException e = assertThrows(BlockException.class, call);
        assertEquals(kind, e.kind(), e.getMessage());
        return e;
    }

    @Test
    void commandsAreAnswered() throws IOException {
        try (QemuUnderTest qemu = daemon(); QmpClient client = QmpClient.connect(qemu.qmp())) {
            QmpValue nodes = client.execute("query-named-block-nodes", Map.of("flat", true));
            assertEquals("disk", nodes.elements().get(0).text("node-name").orElseThrow());
            assertEquals(1 << 20, nodes.elements().get(0).get("image").number("virtual-size").orElseThrow());
        }
    }

    @Test
    void errorsAreOneLineWithTheCommandAndWhatQemuSays() throws IOException {
        try (QemuUnderTest qemu = daemon(); QmpClient client = QmpClient.connect(qemu.qmp())) {
            BlockException e = fails(Kind.UNSUPPORTED, () -> client.execute("make-coffee", Map.of()));
            assertEquals(qemu.qmp() + ": make-coffee: The command make-coffee has not been found", e.getMessage());
            e = fails(Kind.REFUSED, () -> client.execute("block-export-del", Map.of("id", "none")));
            assertEquals(qemu.qmp() + ": block-export-del: Export 'none' is not found", e.getMessage());
            // And the session goes on.
            client.execute("query-block-exports", Map.of());
        }
    }

    @Test
    void eventsReachTheirListeners() throws Exception {
        try (QemuUnderTest qemu = daemon(); QmpClient client = QmpClient.connect(qemu.qmp())) {
            CompletableFuture<QmpEvent> seen = new CompletableFuture<>();
            client.onEvent(seen::complete);
            client.execute("blockdev-add", Map.of("driver", "null-co", "node-name", "target", "size", 1 << 20));
            client.execute("blockdev-mirror", Map.of("job-id", "m", "device", "disk", "target", "target", "sync", "full"));
            QmpEvent event = seen.get(60, TimeUnit.SECONDS);
            assertEquals("JOB_STATUS_CHANGE", event.name());
            assertEquals("m", event.data().text("id").orElseThrow());
        }
    }

    @Test
    void aQemuThatDiesFailsWhatWaitsAndWhatComes() throws Exception {
        try (QemuUnderTest qemu = daemon(); QmpClient client = QmpClient.connect(qemu.qmp())) {
            CompletableFuture<BlockException> loss = new CompletableFuture<>();
            client.onLoss(loss::complete);
            // A stopped process takes the command and does not answer.
            Peers.run(folder, "kill", "-STOP", Long.toString(qemu.process().pid()));
            CompletableFuture<QmpValue> waiting = CompletableFuture.supplyAsync(() -> {
                try {
                    return client.execute("query-block-exports", Map.of());
                } catch (BlockException e) {
                    throw new java.util.concurrent.CompletionException(e);
                }
            });
            qemu.process().destroyForcibly();
            BlockException e = (BlockException) assertThrows(ExecutionException.class,
                    () -> waiting.get(50, TimeUnit.SECONDS)).getCause();
            assertTrue(e.getMessage().startsWith(qemu.qmp() + ": query-block-exports: "), e.getMessage());
            assertEquals(Kind.IO, loss.get(50, TimeUnit.SECONDS).kind());
            fails(Kind.IO, () -> client.execute("query-block-exports", Map.of()));
            CompletableFuture<BlockException> late = new CompletableFuture<>();
            client.onLoss(late::complete);
            assertTrue(late.isDone(), "who comes late is told at once");
        }
    }

    @Test
    void aMonitorThatHasAClientAlreadyIsNotWaitedForForEver() throws IOException {
        try (QemuUnderTest qemu = daemon(); QmpClient first = QmpClient.connect(qemu.qmp())) {
            BlockException e = fails(Kind.IO, () -> QmpClient.connect(qemu.qmp(), Duration.ofMillis(500)));
            assertEquals(qemu.qmp() + ": the greeting: no answer within 0.5 s; a monitor has one client at a time: is another "
                    + "connected?", e.getMessage());
            first.execute("query-block-exports", Map.of());
        }
    }

    @Test
    void aSocketThatIsNotThereOrIsDeafIsNamed() throws IOException {
        Path none = folder.resolve("none");
        assertEquals(none + ": No such file or directory", fails(Kind.NOT_FOUND, () -> QmpClient.connect(none)).getMessage());
        Path file = Files.createFile(folder.resolve("file"));
        assertEquals(file + ": no QMP monitor listens: Connection refused",
                fails(Kind.NOT_FOUND, () -> QmpClient.connect(file)).getMessage());
        fails(Kind.NOT_FOUND, () -> QmpClient.connect(folder.resolve("x".repeat(200))));
    }

    @ParameterizedTest
    @CsvSource({"'SSH-2.0-OpenSSH\n'", "'[1]\n'", "'{\"QMP\": {}\n'", "'{} {}\n'", "'', ", "DEEP", "LONG"})
    void whatIsNotQmpIsRefusedInOneLine(String said) throws Exception {
        String text = switch (said == null ? "" : said) {
            case "DEEP" -> "{\"a\":".repeat(500) + "\n";
            case "LONG" -> "x".repeat(9 << 20);
            default -> said == null ? "" : said;
        };
        Path socket = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            CompletableFuture<Void> peer = CompletableFuture.runAsync(() -> {
                try (SocketChannel client = server.accept()) {
                    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                    while (bytes.hasRemaining()) {
                        client.write(bytes);
                    }
                } catch (IOException e) {
                    // It has hung up in the middle, as it should.
                    return;
                }
            });
            BlockException e = fails(Kind.IO, () -> QmpClient.connect(socket));
            assertTrue(e.getMessage().startsWith(socket + ": the greeting: "), e.getMessage());
            assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            peer.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void aPeersTextIsEscaped() {
        QmpReply reply = QmpReply.of(new QmpValue(Map.of("error", Map.of("class", "GenericError", "desc", "a\nb\u001b[2J"))));
        assertTrue(reply.isError());
        assertEquals("a?b?[2J", reply.error());
    }
}
