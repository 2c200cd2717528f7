package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.FormatSource;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.testing.Peers;

/** What every image that we finished must stand: QEMU's check, QEMU's reading, and ours. */
final class ImageUnderTest {
    private ImageUnderTest() {
    }

    /** @throws AssertionError with what {@code qemu-img check} said, unless it found nothing at all, leaks included */
    static void check(Path image) {
        Peers.Result result = Peers.tryRun(image.getParent(), "qemu-img", "check", "-f", "qcow2", image.getFileName().toString());
        assertTrue(result.exitCode() == 0 && result.out().contains("No errors were found on the image.") && result.err().isEmpty(),
                () -> "qemu-img check " + image + " says " + result);
    }

    /** Checks the image, and that QEMU and we both read {@code expected}. */
    static void checkAndCompare(Path image, byte[] expected) throws IOException {
        checkAndCompare(image, expected, new byte[0]);
    }

    /** As above, for an image whose backing file, known to QEMU by its name, begins with {@code backing}. */
    static void checkAndCompare(Path image, byte[] expected, byte[] backing) throws IOException {
        check(image);
        long length = Files.size(image);
        Path model = image.resolveSibling("model.raw");
        Files.write(model, expected);
        Peers.Result result = Peers.tryRun(image.getParent(), "qemu-img", "compare", "-f", "raw", "-F", "qcow2",
                model.getFileName().toString(), image.getFileName().toString());
        assertEquals(0, result.exitCode(), () -> "qemu-img compare says " + result);
        assertEquals(length, Files.size(image), "QEMU's check does not mend the length");
        assertArrayEquals(expected, read(image, backing), "our own reading");
    }

    /** Reads an image by our reader, what it defers from {@code backing}. */
    static byte[] read(Path image, byte[] backing) throws IOException {
        try (FormatSource source = new Qcow2Driver().open(ChannelDisk.open(image), OpenOptions.DEFAULT,
                FormatDriver.DataFileOpener.REFUSE)) {
            byte[] content = new byte[Math.toIntExact(source.info().length())];
            for (long at = 0; at < content.length; ) {
                BlockStatus run = source.status(ByteRange.between(at, content.length))
                        .clip(ByteRange.between(at, content.length));
                ByteBuffer into = ByteBuffer.allocateDirect((int) run.range().length());
                source.read(at, into);
                into.flip().get(content, (int) at, into.remaining());
                if (!run.isLocal()) {
                    Arrays.fill(content, (int) at, (int) run.range().end(), (byte) 0);
                    int there = (int) Math.max(0, Math.min(backing.length, run.range().end()) - at);
                    System.arraycopy(backing, (int) Math.min(at, backing.length), content, (int) at, there);
                }
                at = run.range().end();
            }
            return content;
        }
    }

    /** One field of {@code qemu-img info --output=json}, by its text. */
    static String info(Path image) {
        return Peers.run(image.getParent(), "qemu-img", "info", "--output=json", image.getFileName().toString()).out();
    }
}
