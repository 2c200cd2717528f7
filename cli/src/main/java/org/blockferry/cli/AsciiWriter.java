package org.blockferry.cli;

import java.io.PrintStream;
import java.io.PrintWriter;

/**
 * Standard output for lines that are many, and ASCII: bytes that are made by hand go past the encoder, which costs more than making
 * them.
 */
final class AsciiWriter extends PrintWriter {
    private final PrintStream bytes;

    AsciiWriter(PrintStream bytes) {
        super(bytes, true);
        this.bytes = bytes;
    }

    /** Writes the first {@code length} bytes, after all that was printed before. */
    void ascii(byte[] text, int length) {
        flush();
        bytes.write(text, 0, length);
    }
}
