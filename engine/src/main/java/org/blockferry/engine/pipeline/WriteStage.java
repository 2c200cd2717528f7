package org.blockferry.engine.pipeline;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;

/**
 * Writes what a slot holds. With a target that takes bytes in order only, nothing is written any more once a slot was dropped:
 * what comes after it would stand at the wrong place.
 */
final class WriteStage implements SlotStage {
    private final TargetWriter writer;
    private final OffloadCopier offload;
    private final boolean inOrder;
    private final RunState state;
    private boolean broken;

    WriteStage(TargetWriter writer, OffloadCopier offload, boolean inOrder, RunState state) {
        this.writer = writer;
        this.offload = offload;
        this.inOrder = inOrder;
        this.state = state;
    }

    @Override
    public void process(CopySlot slot) throws BlockException {
        boolean done = false;
        try {
            done = !broken && !slot.isDropped() && writeRuns(slot) && offloadRuns(slot);
        } finally {
            if (!done) {
                broken = inOrder;
                state.drop(slot);
            } else if (slot.runs().size() > 0) {
                // What lies between its runs needed nothing.
                RunList runs = slot.runs();
                int last = runs.size() - 1;
                state.listener().settled(ByteRange.between(runs.offset(0), runs.offset(last) + runs.length(last)));
            }
        }
    }

    private boolean writeRuns(CopySlot slot) throws BlockException {
        RunList runs = slot.runs();
        for (int run = 0; run < runs.size(); run++) {
            if (state.isStopping()) {
                return false;
            }
            boolean done = switch (runs.kind(run)) {
                case DATA -> writer.writeData(runs.offset(run), slot.buffer(), runs.position(run), (int) runs.length(run));
                case ZERO -> writer.writeZeroes(runs.offset(run), runs.length(run));
                case OFFLOAD -> true;
            };
            if (!done) {
                return false;
            }
        }
        return true;
    }

    /** Last, because what the system refuses is read into the slot's buffer, which is free by then. */
    private boolean offloadRuns(CopySlot slot) throws BlockException {
        RunList runs = slot.runs();
        for (int run = 0; run < runs.size(); run++) {
            if (runs.kind(run) == RunList.Kind.OFFLOAD && !offload.copy(runs.status(run), slot.buffer())) {
                return false;
            }
        }
        return true;
    }
}
