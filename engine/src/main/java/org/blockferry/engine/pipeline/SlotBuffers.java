package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.NodeInfo;

/** Direct buffers whose address suits both ends. */
final class SlotBuffers {
    /** A page: what O_DIRECT asks for at most, and what the kernel copies best. */
    private static final int MIN_ALIGNMENT = 4096;

    private final int bytes;
    private final int alignment;

    SlotBuffers(int bytes, NodeInfo source, NodeInfo target) {
        this.bytes = bytes;
        this.alignment = Math.max(MIN_ALIGNMENT,
                Math.max(source.limits().memoryAlignment(), target.limits().memoryAlignment()));
    }

    ByteBuffer allocate() {
        return ByteBuffer.allocateDirect(bytes + alignment).alignedSlice(alignment).slice(0, bytes);
    }
}
