package org.blockferry.drivers.qmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class QmpServerTest {
    @TempDir
    Path folder;
    private Path socket;
    private QmpServer server;

    @BeforeEach
    void start() throws BlockException {
        socket = folder.resolve("control");
        server = QmpServer.start(socket, (command, arguments) -> switch (command) {
            case "echo" -> Map.of("said", arguments.text("what").orElse(""), "list", List.of(1L, true));
            case "refuse" -> throw QmpRefusal.of("not\ntoday");
            case "break" -> throw new IllegalArgumentException("broken");
            case "end" -> end();
            default -> throw QmpRefusal.unknown(command);
        });
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /** What a cancel does: another thread ends the server while the command is being carried out. */
    private Map<String, Object> end() {
        Thread other = new Thread(server::close, "ends the server");
        other.start();
        try {
            other.join(200);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Map.of("ended", true);
    }

    @Test
    void aCommandThatEndsTheServerIsAnswered() throws Exception {
        try (Raw client = new Raw()) {
            client.ask("{\"execute\": \"qmp_capabilities\"}");
            assertEquals("{\"return\":{\"ended\":true}}", client.ask("{\"execute\": \"end\"}"));
            assertNull(client.lines.readLine());
        }
        assertFalse(Files.exists(socket));
    }

    /** A client that says what it likes. */
    private final class Raw implements AutoCloseable {
        private final SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        private final BufferedReader lines =
                new BufferedReader(new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));

        Raw() throws IOException {
            assertTrue(lines.readLine().startsWith("{\"QMP\":"));
        }

        void say(String text) throws IOException {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }

        String ask(String line) throws IOException {
            say(line + "\n");
            return lines.readLine();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    @Test
    void ourClientUnderstandsIt() throws BlockException {
        try (QmpClient client = QmpClient.connect(socket)) {
            QmpValue answer = client.execute("echo", Map.of("what", "\u00fc \"quoted\" \n"));
            assertEquals("\u00fc \"quoted\" \n", answer.text("said").orElseThrow());
            assertEquals(2, answer.get("list").elements().size());
            BlockException e = assertThrows(BlockException.class, () -> client.execute("refuse", Map.of()));
            assertEquals(socket + ": refuse: not?today", e.getMessage());
            assertEquals(Kind.UNSUPPORTED, assertThrows(BlockException.class, () -> client.execute("other", Map.of())).kind());
            e = assertThrows(BlockException.class, () -> client.execute("break", Map.of()));
            assertTrue(e.getMessage().contains("internal error"), e.getMessage());
            // And the session goes on.
            client.execute("echo", Map.of());
        }
    }

    @Test
    void eventsReachEveryClientThatHasBegun() throws Exception {
        try (QmpClient first = QmpClient.connect(socket); QmpClient second = QmpClient.connect(socket)) {
            CompletableFuture<QmpEvent> one = new CompletableFuture<>();
            CompletableFuture<QmpEvent> two = new CompletableFuture<>();
            first.onEvent(one::complete);
            second.onEvent(two::complete);
            server.event("BLOCK_JOB_READY", Map.of("device", "m", "len", 5L));
            assertEquals("m", one.get(60, TimeUnit.SECONDS).data().text("device").orElseThrow());
            assertEquals(5L, two.get(60, TimeUnit.SECONDS).data().number("len").orElseThrow());
        }
    }

    @Test
    void onlyItsOwnerMayOpenTheSocketAndItIsRemovedAtTheEnd() throws IOException {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        BlockException e = assertThrows(BlockException.class, () -> QmpServer.start(socket, (command, arguments) -> Map.of()));
        assertEquals(Kind.IN_USE, e.kind());
        server.close();
        assertFalse(Files.exists(socket));
    }

    @Test
    void nothingButTheNegotiationComesFirst() throws IOException {
        try (Raw raw = new Raw()) {
            assertEquals("{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"Expecting capabilities negotiation with "
                    + "'qmp_capabilities'\"},\"id\":7}", sorted(raw.ask("{\"execute\": \"echo\", \"id\": 7}")));
            assertEquals("{\"return\":{}}", raw.ask("{\"execute\": \"qmp_capabilities\"}"));
            String answer = raw.ask("{\"execute\": \"echo\", \"arguments\": {\"what\": \"x\"}, \"id\": \"a\"}");
            assertTrue(answer.contains("\"said\":\"x\""), answer);
        }
    }

    /** The two members of an error in one order. */
    private static String sorted(String line) {
        return line.replaceFirst("\\{(\"desc\":\"[^\"]*\"),(\"class\":\"[^\"]*\")}", "{$2,$1}");
    }

    @ParameterizedTest
    @CsvSource({"hello", "[]", "{}", "{\"execute\": 5}", "'{\"execute\": \"echo\"} {}'", "{\"a\":"})
    void whatIsNoCommandIsRefusedAndTheSessionGoesOn(String line) throws IOException {
        try (Raw raw = new Raw()) {
            raw.ask("{\"execute\": \"qmp_capabilities\"}");
            String answer = raw.ask(line);
            assertTrue(answer.startsWith("{\"error\":"), answer);
            assertTrue(raw.ask("{\"execute\": \"echo\"}").startsWith("{\"return\":"));
        }
    }

    @Test
    void aLineWithoutEndEndsTheSession() throws IOException {
        try (Raw raw = new Raw()) {
            raw.say("x".repeat(65_537));
            assertTrue(raw.lines.readLine().contains("a command has more than 65536 bytes"));
            assertNull(raw.lines.readLine());
        }
    }

    /** The job's thread tells events; nobody may hold it up by not listening. */
    @Test
    void whoDoesNotListenIsDropped() throws IOException {
        try (Raw deaf = new Raw(); QmpClient other = QmpClient.connect(socket)) {
            deaf.ask("{\"execute\": \"qmp_capabilities\"}");
            String long1 = "x".repeat(4000);
            for (int i = 0; i < 3000; i++) {
                server.event("NOISE", Map.of("text", long1));
            }
            // The one that reads may have been too slow for so much at once; a new one is served in any case.
            try (QmpClient next = QmpClient.connect(socket)) {
                assertEquals("y", next.execute("echo", Map.of("what", "y")).text("said").orElseThrow());
            }
            assertTrue(other.name().endsWith("control"));
        }
    }
}
