package org.blockferry.bench.peers;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Writes what was measured: {@code results.json} with every run, {@code summary.md} with the medians, {@code ratios.svg}. */
final class Report {
    /** Below this a peer's time is mostly process start, and a ratio says little. */
    private static final double RATIO_FROM_SECONDS = 0.4;
    /** What we may need more than a peer that is done sooner than that. */
    private static final double START_UP_ALLOWANCE_SECONDS = 0.15;

    private final Machine machine;
    private final List<Results> results;
    private final Map<String, Map<String, Double>> probes;

    /** @param probes by file system, what the machine can do: seconds by way */
    Report(Machine machine, List<Results> results, Map<String, Map<String, Double>> probes) {
        this.machine = machine;
        this.results = results;
        this.probes = probes;
    }

    void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        json(folder.resolve("results.json"));
        Files.writeString(folder.resolve("summary.md"), markdown());
        Files.writeString(folder.resolve("ratios.svg"), RatioChart.draw(results));
        Files.writeString(folder.resolve(ReadmeTable.FILE), ReadmeTable.of(machine, results, folder.getFileName().toString()));
    }

    private void json(Path file) throws IOException {
        try (JsonGenerator out = new JsonFactory().createGenerator(file.toFile(), JsonEncoding.UTF8)) {
            out.useDefaultPrettyPrinter();
            out.writeStartObject();
            out.writeObjectFieldStart("machine");
            for (var entry : machine.facts().entrySet()) {
                out.writeStringField(entry.getKey(), entry.getValue());
            }
            out.writeEndObject();
            out.writeArrayFieldStart("workloads");
            for (Results result : results) {
                workload(out, result);
            }
            out.writeEndArray();
            out.writeObjectFieldStart("probe-seconds");
            for (var place : probes.entrySet()) {
                out.writeObjectFieldStart(place.getKey());
                for (var way : place.getValue().entrySet()) {
                    out.writeNumberField(way.getKey(), way.getValue());
                }
                out.writeEndObject();
            }
            out.writeEndObject();
            out.writeEndObject();
        }
    }

    private static void workload(JsonGenerator out, Results result) throws IOException {
        out.writeStartObject();
        out.writeStringField("name", result.workload().name());
        out.writeStringField("title", result.workload().title());
        out.writeStringField("file-system", result.place());
        out.writeNumberField("bound", result.workload().bound());
        out.writeNumberField("ratio", result.ratio());
        out.writeArrayFieldStart("contenders");
        for (Contender contender : result.workload().contenders()) {
            out.writeStartObject();
            out.writeStringField("name", contender.name());
            out.writeStringField("command", String.join(" ", contender.command().stream()
                    .map(word -> word.startsWith("/") ? Path.of(word).getFileName().toString() : word).toList()));
            if (result.failures().containsKey(contender)) {
                out.writeStringField("failed", result.failures().get(contender));
            }
            out.writeArrayFieldStart("runs");
            for (TimedRun run : result.runs(contender)) {
                out.writeStartObject();
                out.writeNumberField("wall-seconds", run.wall());
                out.writeNumberField("cpu-seconds", run.cpu());
                out.writeNumberField("peak-bytes", run.peak());
                out.writeNumberField("allocated-bytes", run.allocated());
                out.writeEndObject();
            }
            out.writeEndArray();
            out.writeEndObject();
        }
        out.writeEndArray();
        out.writeEndObject();
    }

    private String markdown() {
        StringBuilder text = new StringBuilder("# Side by side with the peers\n\n");
        machine.facts().forEach((name, value) -> text.append("- ").append(name).append(": ").append(value).append('\n'));
        text.append("\nMedians of whole processes, run in turn; the inputs are in the page cache; every output was compared with its "
                + "source by `qemu-img compare`, every qcow2 output checked by `qemu-img check`. Ratio: our wall time over the best "
                + "peer's. Where that peer needs less than ").append(RATIO_FROM_SECONDS)
                .append(" s, the aim is instead at most ").append(START_UP_ALLOWANCE_SECONDS).append(" s more than it.\n\n");
        text.append("| workload | on | ours s | best peer | its s | ratio | aim | holds | CPU s ours / peer | peak MiB ours / peer | "
                + "allocated MiB ours / peer |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        results.forEach(result -> row(text, result));
        summary(text);
        text.append("\n## Every contender\n\n| workload | on | contender | wall s: min / median / max | CPU s | peak MiB | "
                + "allocated MiB |\n| --- | --- | --- | --- | --- | --- | --- |\n");
        for (Results result : results) {
            for (Contender contender : result.workload().contenders()) {
                everyRow(text, result, contender);
            }
        }
        return text.toString();
    }

    private void summary(StringBuilder text) {
        double[] logs = results.stream().filter(result -> result.bestPeer().isPresent() && !Double.isNaN(result.ratio())
                && result.median(result.bestPeer().get(), TimedRun::wall) >= RATIO_FROM_SECONDS)
                .mapToDouble(result -> Math.log(result.ratio())).toArray();
        if (logs.length > 0) {
            text.append(String.format(Locale.ROOT, "%nGeometric mean of the %d ratios whose best peer needs %s s or more: %.2f.%n",
                    logs.length, RATIO_FROM_SECONDS, Math.exp(Arrays.stream(logs).average().orElseThrow())));
        }
        probes.forEach((place, ways) -> {
            text.append("\nWhat the machine can do with the 2 GiB on ").append(place).append(", in a process that runs already and looks ")
                    .append("at no byte: ");
            text.append(String.join("; ", ways.entrySet().stream()
                    .map(way -> String.format(Locale.ROOT, "%s %.3f s", way.getKey(), way.getValue())).toList())).append(".\n");
        });
    }

    private static void row(StringBuilder text, Results result) {
        text.append("| ").append(result.workload().title()).append(" | ").append(result.place());
        if (result.ours().isEmpty() || result.bestPeer().isEmpty()) {
            text.append(" | ").append(result.ours().isEmpty() ? "failed" : "no peer").append(" | | | | | | | | |\n");
            return;
        }
        Contender ours = result.ours().get();
        Contender peer = result.bestPeer().get();
        double mine = result.median(ours, TimedRun::wall);
        double theirs = result.median(peer, TimedRun::wall);
        String aim = theirs < RATIO_FROM_SECONDS ? "+" + START_UP_ALLOWANCE_SECONDS + " s"
                : result.workload().bound() == 0 ? "" : String.valueOf(result.workload().bound());
        text.append(String.format(Locale.ROOT, " | %.3f | %s | %.3f | %.2f | %s | %s | %.2f / %.2f | %.0f / %.0f | %.0f / %.0f |%n",
                mine, peer.name(), theirs, result.ratio(), aim, aim.isEmpty() ? "" : holds(result, mine, theirs) ? "yes" : "no",
                result.median(ours, TimedRun::cpu), result.median(peer, TimedRun::cpu),
                mib(result.median(ours, TimedRun::peak)), mib(result.median(peer, TimedRun::peak)),
                mib(result.median(ours, TimedRun::allocated)), mib(result.median(peer, TimedRun::allocated))));
    }

    private static boolean holds(Results result, double mine, double theirs) {
        return theirs < RATIO_FROM_SECONDS ? mine <= theirs + START_UP_ALLOWANCE_SECONDS : result.ratio() <= result.workload().bound();
    }

    private static void everyRow(StringBuilder text, Results result, Contender contender) {
        text.append("| ").append(result.workload().name()).append(" | ").append(result.place()).append(" | ").append(contender.name());
        if (!result.counts(contender)) {
            text.append(" | ").append(result.failures().getOrDefault(contender, "not run")).append(" | | | |\n");
            return;
        }
        double[] walls = result.runs(contender).stream().mapToDouble(TimedRun::wall).sorted().toArray();
        text.append(String.format(Locale.ROOT, " | %.3f / %.3f / %.3f | %.2f | %.0f | %.0f |%n", walls[0],
                result.median(contender, TimedRun::wall), walls[walls.length - 1], result.median(contender, TimedRun::cpu),
                mib(result.median(contender, TimedRun::peak)), mib(result.median(contender, TimedRun::allocated))));
    }

    private static double mib(double bytes) {
        return bytes / (1 << 20);
    }
}
