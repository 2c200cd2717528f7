package org.blockferry.engine.block;

import java.nio.ByteBuffer;

/**
 * A source whose bytes come in order, once, and whose length is known only when they end: {@link Trait#STREAM}. One thread reads
 * it.
 */
public interface StreamSource extends BlockSource {
    /** Reads what comes next, at least one byte; -1 at the end. */
    int readNext(ByteBuffer into) throws BlockException;
}
