package org.blockferry.engine.pipeline;

import com.lmax.disruptor.RingBuffer;

/**
 * The ring of slots with the threads of its stages, as the planner sees it: claim, publish, drain, end. Used by the planner's
 * thread.
 */
final class CopyRing {
    private final RingBuffer<CopySlot> ring;
    private final ParkingWaitStrategy waiting;
    private final StageGroup first;
    private final StageGroup last;
    private long published = -1;

    /** @param stages of the threads to be */
    CopyRing(PipelineShape shape, Stages stages, RunState state) {
        waiting = new ParkingWaitStrategy(shape.readers() + shape.writers() + 1);
        ring = RingBuffer.createSingleProducer(CopySlot::new, shape.slots(), waiting);
        if (shape.kind() == PipelineShape.Kind.FUSED) {
            last = new StageGroup(ring, ring.newBarrier(), waiting, "copy-worker-", shape.writers(), stages::fused, state);
            first = last;
        } else if (shape.readers() == 0) {
            last = new StageGroup(ring, ring.newBarrier(), waiting, "copy-writer-", shape.writers(), stages::write, state);
            first = last;
        } else {
            first = new StageGroup(ring, ring.newBarrier(), waiting, "copy-reader-", shape.readers(), stages::read, state);
            last = new StageGroup(
                    ring, ring.newBarrier(first), waiting, "copy-writer-", shape.writers(), stages::write, state);
        }
        ring.addGatingSequences(last);
    }

    /** The slot that comes next, if it is free. */
    boolean hasFreeSlot() {
        return ring.hasAvailableCapacity(1);
    }

    /** Waits for a free slot; may return early. */
    void awaitFreeSlot() {
        waiting.awaitOnce(last, published + 1 - ring.getBufferSize());
    }

    /** Claims the next slot, which is free. Nothing is handed over until {@link #publish}. */
    CopySlot claim() {
        CopySlot slot = ring.get(ring.next());
        slot.reset();
        return slot;
    }

    /** Hands over the slot that was claimed. */
    void publish() {
        // Threads first: if not even one can be started, nothing has been handed over that would never be taken.
        first.grow(published + 1);
        if (last != first) {
            last.grow(published + 1);
        }
        published++;
        ring.publish(published);
    }

    /** Slots handed over and not finished. */
    long inUse() {
        return published - last.get();
    }

    boolean hasPublished() {
        return published >= 0;
    }

    /** Waits until everything that was handed over is finished or dropped. */
    void drain(Pacer pacer) {
        while (last.get() < published) {
            // Looked at only because an interrupt that stays set would turn parking into spinning.
            pacer.isEnding();
            waiting.awaitOnce(last, published);
        }
    }

    /** Ends the threads; everything was drained. */
    void end() {
        first.end();
        if (last != first) {
            last.end();
        }
        // With assertions on, Disruptor 4.0.0 keeps every single-producer sequencer in a static map; it shall not keep all of a
        // copy with it.
        ring.removeGatingSequence(last);
    }

    int threads() {
        return first.threads() + (last == first ? 0 : last.threads());
    }
}
