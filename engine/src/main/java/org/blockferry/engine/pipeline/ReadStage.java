package org.blockferry.engine.pipeline;

import org.blockferry.engine.block.BlockException;

/** Reads the data runs of a slot into its buffer, which it gives the slot if it has none. */
final class ReadStage implements SlotStage {
    private final SourceReader reader;
    private final SlotBuffers buffers;
    private final RunState state;

    /** @param buffers where a slot that has none gets its buffer for good */
    ReadStage(SourceReader reader, SlotBuffers buffers, RunState state) {
        this.reader = reader;
        this.buffers = buffers;
        this.state = state;
    }

    @Override
    public void process(CopySlot slot) throws BlockException {
        RunList runs = slot.runs();
        // What has not been begun when the copy is cancelled is dropped in either mode.
        if (state.isEnding()) {
            state.drop(slot);
        }
        for (int run = 0; run < runs.size() && !slot.isDropped(); run++) {
            if (runs.kind(run) == RunList.Kind.DATA) {
                if (!slot.hasBuffer()) {
                    slot.lend(buffers.allocate());
                }
                reader.read(runs.offset(run), slot.buffer(), runs.position(run), (int) runs.length(run));
                if (state.isStopping()) {
                    state.drop(slot);
                }
            }
        }
    }
}
