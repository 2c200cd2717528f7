package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/**
 * Hears what a copy finds in its source and what has become of it. Each byte of the disk is told once by one of {@link #read},
 * {@link #zeroes} and {@link #skipped}, unless the system copied it by itself; and by {@link #settled}, when nothing is left to be
 * done for it. Called by the threads of the copy, several at a time: it should be quick.
 */
public interface CopyListener {
    /** Hears nothing. */
    CopyListener NONE = new CopyListener() { };

    /** Both hear everything, {@code this} first. */
    default CopyListener and(CopyListener next) {
        CopyListener first = this;
        return new CopyListener() {
            @Override
            public void read(long offset, ByteBuffer bytes) {
                first.read(offset, bytes);
                next.read(offset, bytes);
            }

            @Override
            public void zeroes(ByteRange range) {
                first.zeroes(range);
                next.zeroes(range);
            }

            @Override
            public void skipped(ByteRange range) {
                first.skipped(range);
                next.skipped(range);
            }

            @Override
            public void settled(ByteRange range) throws BlockException {
                first.settled(range);
                next.settled(range);
            }
        };
    }

    /** These bytes were read, or stand for what a salvage could not read. The buffer is valid during the call only. */
    default void read(long offset, ByteBuffer bytes) {
    }

    /** The source called these zeroes, and they are not read. */
    default void zeroes(ByteRange range) {
    }

    /** These are left to the target's base. */
    default void skipped(ByteRange range) {
    }

    /**
     * The target has taken what it needs to read as the source does here. It may not be durable yet.
     *
     * @throws BlockException ends the copy
     */
    default void settled(ByteRange range) throws BlockException {
    }
}
