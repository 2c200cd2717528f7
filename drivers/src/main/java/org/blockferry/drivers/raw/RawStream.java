package org.blockferry.drivers.raw;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.StreamSource;

/** A raw image that comes through a pipe. */
final class RawStream extends RawSource implements StreamSource {
    private final StreamSource stream;

    RawStream(StreamSource stream) {
        super(stream);
        this.stream = stream;
    }

    @Override
    public int readNext(ByteBuffer into) throws BlockException {
        return stream.readNext(into);
    }

    @Override
    public void endEarly() {
        stream.endEarly();
    }
}
