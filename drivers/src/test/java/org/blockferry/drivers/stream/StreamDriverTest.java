package org.blockferry.drivers.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.StreamSource;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.testing.Peers;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamDriverTest {
    private static final ImageLocation STANDARD = new ImageLocation("stream", "-", "-");

    @TempDir
    Path dir;

    @Test
    void theRegistryFindsItByTheDash() throws Exception {
        DriverRegistry registry = DriverRegistry.load();
        assertInstanceOf(StreamDriver.class, registry.protocol(registry.locate("-")));
        assertFalse(new StreamDriver().exists(STANDARD));
    }

    @Test
    void standardOutputIsNoImageToWriteInPlace() {
        BlockException e = assertThrows(BlockException.class, () -> new StreamDriver().openTarget(STANDARD, OpenOptions.DEFAULT));
        assertEquals(BlockException.Kind.UNSUPPORTED, e.kind());
    }

    /** Copies standard input to standard output: what runs in the process below. */
    static final class Cat {
        private Cat() {
        }

        public static void main(String[] args) throws Exception {
            StreamDriver driver = new StreamDriver();
            try (StreamSource in = driver.openSource(STANDARD, OpenOptions.DEFAULT);
                    BlockTarget out = driver.create(STANDARD, CreateOptions.ofLength(-1))) {
                ByteBuffer buffer = ByteBuffer.allocateDirect(100_000);
                long at = 0;
                while (in.readNext(buffer.clear()) >= 0) {
                    int length = buffer.position();
                    out.write(at, buffer.flip(), WriteFlag.NONE);
                    at += length;
                }
                out.complete();
            }
        }
    }

    @Test
    void theStandardStreamsOfAProcessCarryEveryByte() throws Exception {
        Files.write(dir.resolve("in"), TestImage.data(1_000_001, 7).bytes());
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Peers.run(dir, "sh", "-c", "cat in | \"$0\" -cp \"$1\" \"$2\" | cat >out", java, System.getProperty("java.class.path"),
                Cat.class.getName());
        assertEquals(-1, Files.mismatch(dir.resolve("in"), dir.resolve("out")));
        try (Stream<Path> files = Files.list(dir)) {
            assertEquals(List.of("in", "out"), files.map(path -> path.getFileName().toString()).sorted().toList());
        }
    }
}
