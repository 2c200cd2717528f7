package org.blockferry.engine.pipeline;

import java.util.Optional;

/** What is measured of one copy. The implementation that measures is not even loaded when statistics are off. */
interface Statistics {
    /** Measures nothing. */
    Statistics NONE = new Statistics() {
        @Override
        public StageTimer timer() {
            return StageTimer.NONE;
        }

        @Override
        public void handedOver(long inUse) {
            // nothing is measured
        }

        @Override
        public Optional<StageReport> report(String shape, int threads, int slots) {
            return Optional.empty();
        }
    };

    static Statistics of(PipelineOptions options) {
        return options.statistics() ? new HdrStatistics() : NONE;
    }

    /** A timer for one more thread. */
    StageTimer timer();

    /** A slot was handed over, and so many are not finished. Called by the planner only. */
    void handedOver(long inUse);

    /** The report, when all threads have ended. */
    Optional<StageReport> report(String shape, int threads, int slots);
}
