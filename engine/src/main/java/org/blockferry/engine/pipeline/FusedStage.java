package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;

/** Reads and writes a slot in one go, through a buffer of its own that it lends to each slot in turn. */
final class FusedStage implements SlotStage {
    private final SlotBuffers buffers;
    private final SlotStage read;
    private final SlotStage write;
    private ByteBuffer buffer = ByteBuffer.allocate(0);

    FusedStage(SlotBuffers buffers, SlotStage read, SlotStage write) {
        this.buffers = buffers;
        this.read = read;
        this.write = write;
    }

    @Override
    public void process(CopySlot slot) throws BlockException {
        if (buffer.capacity() == 0) {
            buffer = buffers.allocate();
        }
        slot.lend(buffer);
        read.process(slot);
        write.process(slot);
    }
}
