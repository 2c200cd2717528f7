package org.blockferry.drivers.nbd.server;

import java.nio.ByteBuffer;

/** One request of a client; belongs to one worker, which uses it again and again, with its buffer. */
final class Request {
    final ByteBuffer buffer;
    int flags;
    int command;
    long cookie;
    long offset;
    /** Not negative: what does not fit is refused when it is read. */
    long length;

    Request(ByteBuffer buffer) {
        this.buffer = buffer;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }
}
