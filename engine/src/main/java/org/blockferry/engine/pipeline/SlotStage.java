package org.blockferry.engine.pipeline;

import org.blockferry.engine.block.BlockException;

/** Work on one slot, free of ring types. An instance belongs to one thread. */
@FunctionalInterface
interface SlotStage {

    /**
     * Works on the slot; does nothing with one that is dropped.
     *
     * @throws BlockException if the slot cannot be finished; the caller records it and drops the slot
     */
    void process(CopySlot slot) throws BlockException;
}
