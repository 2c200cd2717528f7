package org.blockferry.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures our launcher beside the peers; started by {@code bench/run}. */
@Command(name = "bench/run", mixinStandardHelpOptions = true,
        description = "Runs blockferry and its peers in turn on the same inputs and writes medians, ratios and charts.")
final class PeerBench implements Callable<Integer> {
    private static final String PROBED = "random 2G raw-raw";

    @Option(names = "--runs", defaultValue = "5", description = "Counted runs of each contender, after one that checks (default 5).")
    private int runs;

    @Option(names = "--only", description = "Only workloads in whose name this regular expression is found.")
    private Pattern only = Pattern.compile("");

    @Option(names = "--dir", description = "Folder for inputs and outputs, 10 GiB; several for several file systems (default: a "
            + "folder under the system's temporary one).")
    private List<Path> folders = List.of();

    @Option(names = "--keep", description = "Leave the inputs there, for the next run. Otherwise they go when nobody needs them more.")
    private boolean keep;

    @Option(names = "--large", description = "Also what takes 20 GiB and minutes: copies of 8 GiB, a million extents.")
    private boolean large;

    @Option(names = "--scale", description = "Instead of the workloads, the series: cost against mapped bytes, virtual size, "
            + "extents, depth of the chain.")
    private boolean scale;

    @Option(names = "--readme", description = "At the end, put the newest table and chart of perf-results into README.md. Alone with "
            + "--only '^$' it measures nothing.")
    private boolean readme;

    @Option(names = "--out", required = true, description = "Folder for the report.")
    private Path out;

    @Option(names = "--launcher", required = true, description = "Our command.")
    private Path launcher;

    @Option(names = "--commit", defaultValue = "unknown", description = "What is measured, for the report.")
    private String commit;

    public static void main(String[] args) {
        System.exit(new CommandLine(new PeerBench()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        for (String needed : List.of("time", "qemu-img", "qemu-io", "qemu-nbd", "mke2fs")) {
            if (!Commands.exists(needed)) {
                System.err.println("bench/run: " + needed + " is needed and not on the path");
                return 1;
            }
        }
        Machine machine = Machine.here(launcher, commit, runs);
        boolean failed = scale ? scale(machine) : workloads(machine);
        if (readme) {
            ReadmeTable.update(Path.of("README.md"), Path.of("perf-results"));
        }
        System.err.println("bench/run: " + (Files.exists(out) ? "report in " + out : "nothing measured"));
        return failed ? 1 : 0;
    }

    private boolean scale(Machine machine) throws IOException, InterruptedException {
        Path folder = folders.get(0);
        Files.createDirectories(folder);
        ScaleReport.write(machine, new Scale(folder, launcher, runs, large).measure(), out);
        return false;
    }

    private boolean workloads(Machine machine) throws IOException, InterruptedException {
        List<Results> all = new ArrayList<>();
        Map<String, Map<String, Double>> probes = new LinkedHashMap<>();
        Report report = new Report(machine, all, probes);
        for (Path folder : folders) {
            Files.createDirectories(folder);
            String place = Commands.output("stat", "-f", "-c", "%T", folder.toString()).trim().replace("ext2/ext3", "ext4");
            Inputs inputs = new Inputs(folder);
            List<Workload> chosen = new Workloads(folder, launcher.toAbsolutePath()).all(large).stream()
                    .filter(workload -> only.matcher(workload.name()).find()).toList();
            for (int i = 0; i < chosen.size(); i++) {
                Workload workload = chosen.get(i);
                System.err.println(workload.name() + " (" + place + ")");
                inputs.make(workload.inputs());
                Results results = new Measurement(folder, runs).of(workload, place);
                all.add(results);
                print(results);
                if (workload.name().equals(PROBED)) {
                    probes.put(place, new Probe(folder.resolve("random.raw"), folder.resolve("out-probe.raw")).seconds());
                }
                // After each workload: a run that is stopped early leaves what it has.
                report.write(out);
                if (!keep) {
                    inputs.delete(noLonger(inputs, chosen, i));
                }
            }
            Files.deleteIfExists(folder.resolve("served.raw"));
        }
        return all.stream().anyMatch(results -> results.ours().isEmpty());
    }

    /** Inputs of the workload that none of the later ones reads, nor anything that these are made of. */
    private static Set<String> noLonger(Inputs inputs, List<Workload> chosen, int done) {
        Set<String> gone = new HashSet<>(inputs.withNeeds(chosen.get(done).inputs()));
        for (Workload later : chosen.subList(done + 1, chosen.size())) {
            gone.removeAll(inputs.withNeeds(later.inputs()));
        }
        return gone;
    }

    private static void print(Results results) {
        for (Contender contender : results.workload().contenders()) {
            if (results.counts(contender)) {
                System.err.printf("  %-22s %.3f s%n", contender.name(), results.median(contender, TimedRun::wall));
            }
        }
        System.err.printf("  ratio %.2f%n", results.ratio());
    }
}
