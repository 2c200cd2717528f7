package org.blockferry.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** The table that people see first, and its way into README.md: between two marks there, from the newest folder that has one. */
final class ReadmeTable {
    static final String BEGIN = "<!-- bench/run --readme: from here -->";
    static final String END = "<!-- bench/run --readme: to here -->";
    /** The name of the table in a folder of perf-results. */
    static final String FILE = "readme.md";
    private static final double MIB = 1 << 20;

    private ReadmeTable() {
    }

    /** The table of one run, its fastest rows first. */
    static String of(Machine machine, List<Results> all, String folder) {
        List<Results> shown = new ArrayList<>(all.stream().filter(results -> !Double.isNaN(results.ratio())).toList());
        shown.sort(Comparator.comparingDouble(Results::ratio));
        String places = String.join(" and ", shown.stream().map(Results::place).distinct().toList());
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, """
                Whole processes beside the best of their peers, each with its best flags: medians of %s runs on %s, warm page cache,
                every output compared by `qemu-img`; %s, commit %s, %s, %s, %s. [%s](perf-results/%s/summary.md) has every contender,
                CPU time and what each row is; `bench/run` repeats it.

                | | on | blockferry | best peer | ratio | peak memory |
                | --- | --- | --- | --- | --- | --- |
                """, machine.facts().get("runs of each"), places, machine.facts().get("date"), machine.facts().get("commit"),
                machine.facts().get("processors"), machine.facts().get("qemu-img"), machine.facts().get("nbdcopy"), folder, folder));
        for (Results results : shown) {
            Contender ours = results.ours().orElseThrow();
            Contender peer = results.bestPeer().orElseThrow();
            text.append(String.format(Locale.ROOT, "| %s | %s | %.2f s | `%s` %.2f s | %.2f | %.0f MiB |%n", results.workload().title(),
                    results.place(), results.median(ours, TimedRun::wall), peer.name(), results.median(peer, TimedRun::wall),
                    results.ratio(), results.median(ours, TimedRun::peak) / MIB));
        }
        return text.append(String.format(Locale.ROOT, "%n![Wall time over the best peer's](perf-results/%s/ratios.svg)%n", folder))
                .toString();
    }

    /** Puts the newest table between the marks. */
    static void update(Path readme, Path results) throws IOException {
        Optional<Path> newest;
        try (Stream<Path> folders = Files.list(results)) {
            newest = folders.map(folder -> folder.resolve(FILE)).filter(Files::exists)
                    .max(Comparator.comparing(ReadmeTable::time).thenComparing(Comparator.naturalOrder()));
        }
        String text = Files.readString(readme);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (newest.isEmpty() || begin < 0 || end < begin) {
            throw new IOException(newest.isEmpty() ? "no folder of " + results + " has a " + FILE
                    : readme + " has no place for the table: " + BEGIN + " and " + END);
        }
        Files.writeString(readme, text.substring(0, begin) + BEGIN + "\n" + Files.readString(newest.get()) + text.substring(end));
    }

    private static FileTime time(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            return FileTime.fromMillis(0);
        }
    }
}
