package org.blockferry.drivers.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.DriverRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NbdAddressTest {

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiterString = "→", value = {
        "nbd://example.com:1234/disk                    → example.com:1234 → disk",
        "nbd://example.com/disk                         → example.com:10809 → disk",
        "nbd://example.com/                             → example.com:10809 → ''",
        "nbd://example.com                              → example.com:10809 → ''",
        "nbd://example.com//disk                        → example.com:10809 → /disk",
        "nbd://example.com/hello%20world                → example.com:10809 → hello world",
        "nbd://example.com/%C3%A4%2F%3F                 → example.com:10809 → ä/?",
        "nbd://user@example.com:1/a+b                   → example.com:1 → a+b",
        "nbd://[::1]:10810/x                            → ::1:10810 → x",
        "nbd://[fe80::1]/x                              → fe80::1:10809 → x",
        "nbd:///x                                       → localhost:10809 → x",
        "nbd+tcp://h/x                                  → h:10809 → x",
        "nbds://h:5/x                                   → h:5 → x",
        "nbd+unix:///disk?socket=/run/nbd.sock          → unix:/run/nbd.sock → disk",
        "nbd+unix:///?socket=relative%20path            → unix:relative path → ''",
        "nbds+unix:///a?socket=s                        → unix:s → a",
        "nbd:unix:/run/nbd.sock                         → unix:/run/nbd.sock → ''",
        "nbd:unix:/run/nbd.sock:exportname=a:b          → unix:/run/nbd.sock → a:b",
        "nbd:localhost:10809                            → localhost:10809 → ''",
        "nbd:localhost:10809:exportname=disk            → localhost:10809 → disk",
        "nbd:[::1]:10809:exportname=                    → ::1:10809 → ''",
    })
    void readsWhereAnExportIs(String text, String server, String export) throws Exception {
        NbdAddress address = NbdAddress.parse(text);
        assertEquals(server, address.server());
        assertEquals(export, address.export());
        assertEquals(text.startsWith("nbds"), address.encrypted());
        assertEquals(text, address.name());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiterString = "→", value = {
        "nbd:                                   → expected nbd:HOST:PORT",
        "nbd:host                               → expected nbd:HOST:PORT",
        "nbd:host:0                             → the port is '0'",
        "nbd:host:http                          → the port is 'http'",
        "nbd:unix:                              → the socket's path has 0 bytes",
        "nbd://h:70000/                         → the port is '70000'",
        "nbd://h/x?socket=/s                    → socket= belongs to nbd+unix://",
        "nbd://h/%zz                            → two hexadecimal digits",
        "nbd://h/%                              → two hexadecimal digits",
        "nbd://h/%ff                            → does not decode to UTF-8",
        "nbd://h/a%00b                          → a NUL",
        "nbd://h/#x                             → no fragment",
        "nbd://h/?timeout                       → 'timeout' has no value",
        "nbd://h/?timeout=1&timeout=2           → given twice",
        "nbd://[::1/x                           → is no host",
        "nbds:h:1                               → '//' is missing",
        "nbd+unix:/x?socket=s                   → '//' is missing",
        "nbd+unix:///x                          → socket=PATH is missing",
        "nbd+unix://host/x?socket=s             → a Unix socket has no host 'host'",
        "nbd+unix:///x?socket=%00abstract       → abstract sockets are not supported",
    })
    void saysWhatIsWrongWithAnAddress(String text, String why) {
        BlockException e = assertThrows(BlockException.class, () -> NbdAddress.parse(text));
        assertTrue(e.getMessage().contains(why), e.getMessage());
    }

    @Test
    void refusesASocketPathThatTheSystemCannotTake() {
        BlockException e = assertThrows(BlockException.class,
                () -> NbdAddress.parse("nbd+unix:///?socket=/" + "x".repeat(107)));
        assertTrue(e.getMessage().contains("the socket's path has 108 bytes; the system takes 1 to 107"), e.getMessage());
        assertEquals(Kind.INVALID_ARGUMENT, e.kind());
    }

    @Test
    void theRegistryGivesEverySchemeToTheDriver() {
        DriverRegistry registry = DriverRegistry.load();
        for (String text : new String[] {"nbd:h:1", "nbd://h", "nbd+unix:///?socket=s", "nbds://h", "nbds+unix:///?socket=s"}) {
            assertEquals("nbd", registry.locate(text).protocol());
            assertEquals(text, registry.locate(text).rest());
        }
    }

    @Test
    void optionsStandInTheQueryAndDriverOptionsWin() throws Exception {
        NbdAddress address = NbdAddress.parse("nbds://h/x?timeout=1.5&connections=2&tls-certificates=/pki&tls-verify-peer=0");
        NbdOptions options = NbdOptions.parse("n", address.query(), Map.of("connections", "9", "request-size", "64K"));
        assertEquals(9, options.connections());
        assertEquals(65536, options.requestSize());
        assertEquals(1500, options.timeout().toMillis());
        assertEquals(Optional.of("/pki"), options.tlsCertificates().map(Object::toString));
        assertTrue(options.mentionsTls());
    }

    @ParameterizedTest(name = "{0}={1}")
    @CsvSource(delimiterString = "→", value = {
        "connections → 0 → connections is '0'; a number from 1 to 64",
        "connections → x → connections is 'x'; a number from 1 to 64",
        "request-size → 100000 → request-size is '100000'; a power of two from 4 KiB to 32 MiB",
        "request-size → ? → request-size is '?'",
        "timeout → -1 → timeout is '-1'; seconds from 0",
        "timeout → NaN → timeout is 'NaN'; seconds from 0",
        "tls-verify-peer → maybe → tls-verify-peer is 'maybe'; 0 or 1",
        "colour → red → unknown option 'colour'; known are",
        "tls-psk-file → /keys → TLS with pre-shared keys or without certificates is not supported",
    })
    void refusesAnOptionNamingItsValueAndBound(String name, String value, String why) {
        BlockException e = assertThrows(BlockException.class, () -> NbdOptions.parse("n", Map.of(), Map.of(name, value)));
        assertTrue(e.getMessage().startsWith("n: " + why), e.getMessage());
    }

    @Test
    void tlsOptionsWithoutTlsAreRefusedBeforeAnythingIsConnected() {
        BlockException e = assertThrows(BlockException.class,
                () -> NbdPeers.source("nbd://127.0.0.1:1/?tls-certificates=/pki", Map.of()));
        assertTrue(e.getMessage().contains("tls-* options need nbds://"), e.getMessage());
    }
}
