package org.blockferry.bench.peers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The runs of one workload, by contender, in the order they were made. */
final class Results {
    private final Workload workload;
    private final String place;
    private final Map<Contender, List<TimedRun>> runs = new LinkedHashMap<>();
    private final Map<Contender, String> failures = new LinkedHashMap<>();

    /** @param place the kind of file system it ran on */
    Results(Workload workload, String place) {
        this.workload = workload;
        this.place = place;
        workload.contenders().forEach(contender -> runs.put(contender, new ArrayList<>()));
    }

    Workload workload() {
        return workload;
    }

    String place() {
        return place;
    }

    void add(Contender contender, TimedRun run) {
        runs.get(contender).add(run);
    }

    /** Notes that a contender failed or left wrong bytes; it is shown, and it is no peer to beat. */
    void fail(Contender contender, String why) {
        failures.put(contender, why);
    }

    Map<Contender, String> failures() {
        return failures;
    }

    List<TimedRun> runs(Contender contender) {
        return runs.get(contender);
    }

    boolean counts(Contender contender) {
        return !failures.containsKey(contender) && !runs.get(contender).isEmpty();
    }

    /** The median of one figure over a contender's runs. */
    double median(Contender contender, ToDoubleFunction<TimedRun> figure) {
        double[] sorted = runs.get(contender).stream().mapToDouble(figure).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    Optional<Contender> ours() {
        return workload.contenders().stream().filter(Contender::isOurs).filter(this::counts).findFirst();
    }

    /** The peer with the least median wall time. */
    Optional<Contender> bestPeer() {
        Contender best = null;
        for (Contender contender : workload.contenders()) {
            if (!contender.isOurs() && counts(contender)
                    && (best == null || median(contender, TimedRun::wall) < median(best, TimedRun::wall))) {
                best = contender;
            }
        }
        return Optional.ofNullable(best);
    }

    /** Our median wall time over the best peer's; NaN when one of the two is missing. */
    double ratio() {
        return ours().isPresent() && bestPeer().isPresent()
                ? median(ours().get(), TimedRun::wall) / median(bestPeer().get(), TimedRun::wall) : Double.NaN;
    }
}
