package org.blockferry.engine.pipeline;

/** Measures the work of one thread. The one that does nothing costs nothing. */
interface StageTimer {
    /** Measures nothing. */
    StageTimer NONE = new StageTimer() {
        @Override
        public long start() {
            return 0;
        }

        @Override
        public void done(StageOp op, long start, long bytes) {
            // nothing is measured
        }
    };

    /** What to give to {@link #done}. */
    long start();

    /** The work that began at {@code start} has ended now. */
    void done(StageOp op, long start, long bytes);
}
