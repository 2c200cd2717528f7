package org.blockferry.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures our launcher beside the peers; started by {@code bench/run}. */
@Command(name = "bench/run", mixinStandardHelpOptions = true,
        description = "Runs blockferry and its peers in turn on the same inputs and writes medians, ratios and a chart.")
final class PeerBench implements Callable<Integer> {
    @Option(names = "--runs", defaultValue = "5", description = "Counted runs of each contender, after one that checks (default 5).")
    private int runs;

    @Option(names = "--only", defaultValue = "", description = "Only workloads whose name contains this.")
    private String only;

    @Option(names = "--dir", description = "Folder for inputs and outputs; several for several file systems (default: a folder "
            + "under the system's temporary one).")
    private List<Path> folders = List.of();

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
        for (String needed : List.of("time", "qemu-img", "mke2fs")) {
            if (!Commands.exists(needed)) {
                System.err.println("bench/run: " + needed + " is needed and not on the path");
                return 1;
            }
        }
        List<Results> all = new ArrayList<>();
        Report report = new Report(Machine.here(launcher, commit, runs), all);
        for (Path folder : folders) {
            Files.createDirectories(folder);
            String place = Commands.output("stat", "-f", "-c", "%T", folder.toString()).trim().replace("ext2/ext3", "ext4");
            for (Workload workload : new Workloads(folder, launcher.toAbsolutePath()).all()) {
                if (workload.name().contains(only)) {
                    all.add(measure(workload, place, folder));
                    // After each workload: a run that is stopped early leaves what it has.
                    report.write(out);
                }
            }
        }
        boolean failed = all.stream().anyMatch(results -> results.ours().isEmpty());
        System.err.println("bench/run: report in " + out);
        return failed ? 1 : 0;
    }

    private Results measure(Workload workload, String place, Path folder) throws IOException, InterruptedException {
        System.err.println(workload.name() + " (" + place + "): making inputs");
        workload.inputs().run();
        Results results = new Results(workload, place);
        // The first round is not counted: it warms the page cache and proves the bytes.
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
            for (Contender contender : workload.contenders()) {
                if (!results.failures().containsKey(contender)) {
                    results.add(contender, TimedRun.of(contender, folder));
                }
            }
        }
        for (Contender contender : workload.contenders()) {
            if (!contender.output().isEmpty()) {
                Files.deleteIfExists(Path.of(contender.output()));
            }
            if (results.counts(contender)) {
                System.err.printf("  %-22s %.3f s%n", contender.name(), results.median(contender, TimedRun::wall));
            }
        }
        System.err.printf("  ratio %.2f%n", results.ratio());
        return results;
    }
}
