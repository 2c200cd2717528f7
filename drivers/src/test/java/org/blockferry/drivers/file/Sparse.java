package org.blockferry.drivers.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.blockferry.engine.testing.TestImage;

/** Makes files with holes. */
final class Sparse {
    private Sparse() {
    }

    /** The runs of data written, the others left out; the last one must be data. */
    static Path write(Path path, TestImage image) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            for (TestImage.Run run : image.runs()) {
                if (run.kind() == TestImage.Kind.DATA) {
                    channel.write(ByteBuffer.wrap(image.bytes(run.range())), run.range().offset());
                }
            }
        }
        return path;
    }
}
