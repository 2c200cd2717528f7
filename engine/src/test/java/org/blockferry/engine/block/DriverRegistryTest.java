package org.blockferry.engine.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.blockferry.engine.block.BlockException.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DriverRegistryTest {
    private final FormatDriver raw = new Format("raw", Set.of("raw", "img"), "");
    private final FormatDriver magic = new Format("magic", Set.of("mgc"), "MAGI");
    private final DriverRegistry registry = DriverRegistry.of(
            List.of(new Protocol("file", Set.of("file")), new Protocol("null", Set.of("null")),
                    new Protocol("nbd", Set.of("nbd", "nbd+unix")), new Protocol("stream", Set.of())),
            List.of(raw, magic));

    @ParameterizedTest(name = "{0} is served by {1} as {2}")
    @CsvSource({"disk.raw, file, disk.raw", "/a:b/c, file, /a:b/c", ":x, file, :x", "null:1T?read-zeroes=on, null, 1T?read-zeroes=on",
        "null:, null, ''", "nbd://host/x, nbd, nbd://host/x", "nbd+unix:///?socket=s, nbd, nbd+unix:///?socket=s",
        "-, stream, -", "ftp://x, file, ftp://x", "file:null:, file, null:", "-x, file, -x", "'', file, ''"})
    void locates(String text, String protocol, String rest) throws Exception {
        assertEquals(new ImageLocation(protocol, rest, text), registry.locate(text));
        assertEquals(protocol, registry.protocol(registry.locate(text)).name());
        assertEquals(text, registry.locate(text).toString());
    }

    @Test
    void aProtocolThatIsNotHereIsUnsupported() {
        BlockException e = assertThrows(BlockException.class,
                () -> registry.protocol(new ImageLocation("ssh", "x", "ssh://x")));
        assertEquals(Kind.UNSUPPORTED, e.kind());
        assertTrue(e.getMessage().contains("ssh://x") && e.getMessage().contains("'ssh'"), e.getMessage());
    }

    @Test
    void anUnknownFormatIsNamedWithTheKnownOnes() throws Exception {
        assertSame(magic, registry.format("a", "magic"));
        BlockException e = assertThrows(BlockException.class, () -> registry.format("a.img", "qcow9"));
        assertEquals(Kind.INVALID_ARGUMENT, e.kind());
        assertEquals("a.img: Unknown file format 'qcow9'; known are raw, magic", e.getMessage());
    }

    @Test
    void probesByMagicBytesAndTakesTheRestForRaw() throws Exception {
        ByteBuffer head = ByteBuffer.wrap("MAGIC".getBytes(StandardCharsets.US_ASCII));
        assertSame(magic, registry.probe("a", head));
        assertEquals(0, head.position(), "the head is not changed");
        assertSame(raw, registry.probe("a", ByteBuffer.wrap("MAG".getBytes(StandardCharsets.US_ASCII))));
        assertSame(raw, registry.probe("a", ByteBuffer.allocate(0)));
    }

    @Test
    void findsAFormatByTheEndingOfAName() {
        assertSame(magic, registry.formatByExtension("/x/a.mgc").orElseThrow());
        assertSame(raw, registry.formatByExtension("a.mgc.img").orElseThrow());
        assertFalse(registry.formatByExtension("/a.mgc/b").isPresent());
        assertFalse(registry.formatByExtension("mgc").isPresent());
        assertFalse(registry.formatByExtension("a.").isPresent());
        assertFalse(registry.formatByExtension("").isPresent());
    }

    @Test
    void listsWhatIsThereInOrder() {
        assertEquals(List.of("file", "null", "nbd", "stream"), registry.protocols().stream().map(ProtocolDriver::name).toList());
        assertEquals(List.of(raw, magic), registry.formats());
    }

    private record Protocol(String name, Set<String> schemes) implements ProtocolDriver {
        @Override
        public BlockSource openSource(ImageLocation location, OpenOptions options) {
            throw new AssertionError("opens nothing");
        }

        @Override
        public BlockTarget openTarget(ImageLocation location, OpenOptions options) {
            throw new AssertionError("opens nothing");
        }

        @Override
        public BlockTarget create(ImageLocation location, CreateOptions options) {
            throw new AssertionError("creates nothing");
        }

        @Override
        public boolean exists(ImageLocation location) {
            return false;
        }
    }

    private record Format(String name, Set<String> extensions, String magicBytes) implements FormatDriver {
        @Override
        public boolean recognises(ByteBuffer head) {
            byte[] begin = new byte[Math.min(magicBytes.length(), head.remaining())];
            head.get(begin);
            return !magicBytes.isEmpty() && new String(begin, StandardCharsets.US_ASCII).equals(magicBytes);
        }

        @Override
        public Map<String, String> createOptions() {
            return Map.of();
        }

        @Override
        public FormatSource open(BlockSource file, OpenOptions options, DataFileOpener data) {
            throw new AssertionError("opens nothing");
        }

        @Override
        public BlockTarget create(BlockTarget file, CreateOptions options) {
            throw new AssertionError("creates nothing");
        }

        @Override
        public BlockTarget openTarget(BlockStorage file, OpenOptions options, DataFileOpener data) {
            throw new AssertionError("opens nothing");
        }

        @Override
        public void checkCreateOptions(String node, CreateOptions options) {
            throw new AssertionError("checks nothing");
        }
    }
}
