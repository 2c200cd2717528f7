package org.blockferry.drivers.file;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** How the bytes of an open file are read and written. Thread-safe, at any offset and length. */
interface DataPath extends Closeable {

    /** Reads at least one byte and at most {@code into.remaining()}; -1 at the end of the file. */
    int read(ByteBuffer into, long offset) throws IOException;

    /** Writes all of {@code from}. */
    void write(ByteBuffer from, long offset) throws IOException;

    /** Makes data durable, and metadata as far as it takes to read the data back. */
    void flush() throws IOException;

    /** The length of the file or device now. */
    long length() throws IOException;
}
