package org.blockferry.engine.pipeline;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/** Called before each request of a test node; may throw, or wait for the test. */
@FunctionalInterface
interface Fault {
    Fault NONE = (what, range) -> { };

    void before(String what, ByteRange range) throws BlockException;

    static BlockException broken(String what, ByteRange range) {
        return BlockException.request(BlockException.Kind.IO, "test", what, range, "Input/output error", null);
    }
}
