package org.blockferry.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Runs the contenders of a workload in turn: one round that proves their outputs and warms the page cache, then those that count. */
final class Measurement {
    /** Who takes so many times as long as the best is run once more, and no oftener: nothing hangs on the spread of a loser. */
    private static final double HOPELESS = 4;

    private final Path folder;
    private final int runs;

    /** @param folder for what a run leaves beside its output */
    Measurement(Path folder, int runs) {
        this.folder = folder;
        this.runs = runs;
    }

    Results of(Workload workload, String place) throws IOException, InterruptedException {
        Results results = new Results(workload, place);
        for (Contender contender : workload.contenders()) {
            try {
                TimedRun.of(contender, folder);
                workload.check().prove(contender);
            } catch (IOException e) {
                results.fail(contender, e.getMessage().lines().findFirst().orElse("failed"));
                System.err.println("  " + contender.name() + ": " + e.getMessage());
            }
        }
        for (int round = 0; round < runs; round++) {
            double best = best(results);
            for (Contender contender : workload.contenders()) {
                boolean hopeless = round > 0 && !contender.isOurs() && results.counts(contender)
                        && results.median(contender, TimedRun::wall) > HOPELESS * best;
                if (!results.failures().containsKey(contender) && !hopeless) {
                    results.add(contender, TimedRun.of(contender, folder));
                }
            }
        }
        for (Contender contender : workload.contenders()) {
            if (!contender.output().isEmpty()) {
                Files.deleteIfExists(Path.of(contender.output()));
            }
        }
        return results;
    }

    private static double best(Results results) {
        return results.bestPeer().map(peer -> results.median(peer, TimedRun::wall)).orElse(Double.MAX_VALUE);
    }
}
