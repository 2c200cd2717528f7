package org.blockferry.cli.soak;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.blockferry.cli.CliRun;
import org.blockferry.cli.LauncherProcess;
import org.blockferry.engine.testing.PeerProcess;
import org.blockferry.engine.testing.Peers;

/** One copy in a folder of its own. */
final class SoakRound {
    private static final List<String> SIGNALS = List.of("KILL", "TERM", "INT");
    private static final int MAX_KILL_MILLIS = 1500;

    private final Random random;
    private final Path folder;
    private final SoakFigures figures;
    private final List<AutoCloseable> servers = new ArrayList<>();
    private final List<String> said = new ArrayList<>();

    SoakRound(Random random, Path folder, SoakFigures figures) {
        this.random = random;
        this.folder = folder;
        this.figures = figures;
    }

    /** What was started, for the report of a failure. */
    String story() {
        return String.join("\n", said);
    }

    void run() throws Exception {
        SoakSource source = SoakSource.make(random, folder);
        SoakTarget target = SoakTarget.make(random, folder, source);
        List<String> line = new ArrayList<>(List.of("copy"));
        line.addAll(options(target));
        line.addAll(target.arguments());
        // A kept base is looked for in the source's own chain, which a server does not tell.
        boolean served = !target.kind().equals("kept base") && random.nextBoolean();
        line.addAll(served ? List.of("-f", "raw", served("source", source.file(), source.format(), false))
                : List.of("-f", source.format(), source.file()));
        line.add(target.isServed() ? served("target", target.file(), target.format(), true) : target.file());
        boolean resumed = target.canBeResumed() && random.nextBoolean();
        if (resumed) {
            figures.resumable();
            line.addAll(1, List.of("--resume", "--journal-interval", List.of("1M", "4M", "128M").get(random.nextInt(3))));
            if (target.isServed()) {
                line.addAll(1, List.of("--journal", "target.journal"));
            }
        }
        for (int kills = random.nextInt(resumed ? 4 : 2); kills > 0; kills--) {
            kill(line, target);
        }
        try (LauncherProcess copy = start(line)) {
            copy.finish().expect(0);
        }
        end();
        compare(target);
        figures.round(source, target, Files.size(folder.resolve("disk.raw")));
    }

    private List<String> options(SoakTarget target) {
        List<String> options = new ArrayList<>();
        if (random.nextInt(3) == 0) {
            options.addAll(List.of("-m", String.valueOf(1 + random.nextInt(8))));
        }
        if (random.nextInt(3) == 0) {
            options.addAll(List.of("-S", List.of("0", "512", "4K", "64K").get(random.nextInt(4))));
        }
        if (random.nextInt(5) == 0) {
            options.addAll(List.of("-T", "none"));
        }
        if (random.nextInt(5) == 0) {
            options.add("--verify-holes=" + (random.nextBoolean() ? "sample" : "all"));
        }
        if (random.nextInt(5) == 0) {
            options.add("--offload=never");
        }
        if (random.nextInt(5) == 0) {
            options.addAll(List.of("-t", target.isServed() ? "writeback"
                    : List.of("none", "writeback").get(random.nextInt(2))));
        }
        return options;
    }

    private LauncherProcess start(List<String> line) throws Exception {
        said.add("blockferry " + String.join(" ", line));
        return LauncherProcess.start(LauncherProcess.launcher().toString(), folder, Map.of(), line.toArray(String[]::new));
    }

    /** Puts a server in front of an image; returns its URI. */
    private String served(String role, String file, String format, boolean writable) throws Exception {
        Path socket = folder.resolve(role + ".sock");
        Path pid = folder.resolve(role + ".pid");
        int which = random.nextInt(format.equals("raw") ? 3 : 2);
        if (which == 0) {
            figures.server("blockferry serve");
            List<String> line = new ArrayList<>(List.of("serve", "--persistent", "--socket", socket.toString(), "-f", format));
            if (!writable) {
                line.add("--read-only");
            }
            line.add(file);
            LauncherProcess server = start(line);
            servers.add(() -> {
                server.signal("TERM");
                server.finish().expect(143);
            });
            server.awaitSocket(socket);
        } else {
            List<String> line = new ArrayList<>(which == 1
                    ? List.of("qemu-nbd", "-t", "-e", "16", "-f", format, "--pid-file", pid.toString(), "-k", socket.toString())
                    : List.of("nbdkit", "-f", "--exit-with-parent", "-P", pid.toString(), "-U", socket.toString()));
            figures.server(line.get(0));
            if (!writable) {
                line.add("-r");
            }
            if (which == 2) {
                line.add("file");
            }
            line.add(file);
            said.add(String.join(" ", line));
            PeerProcess server = Peers.start(folder, line.toArray(String[]::new)).await(pid);
            servers.add(() -> {
                // Both write what they have when they are asked to end.
                Peers.run(folder, "kill", "-TERM", String.valueOf(server.process().pid()));
                server.process().waitFor();
                server.close();
            });
        }
        return "nbd+unix:///?socket=" + socket;
    }

    /** Lets the copy run for a moment and ends it: what stands under the name of a new target then is whole. */
    private void kill(List<String> line, SoakTarget target) throws Exception {
        String signal = SIGNALS.get(random.nextInt(SIGNALS.size()));
        List<String> slowly = new ArrayList<>(line);
        slowly.addAll(1, List.of("-r", (1 + random.nextInt(64)) + "M"));
        boolean cut;
        try (LauncherProcess copy = start(slowly)) {
            cut = !copy.endsWithin(Duration.ofMillis(random.nextInt(MAX_KILL_MILLIS)));
            if (cut) {
                copy.signal(signal);
            }
            CliRun run = copy.finish();
            said.add("# SIG" + signal + (cut ? "" : " came too late") + ", exit code " + run.code());
        }
        figures.killed(signal, cut);
        if (target.isNew() && Files.exists(folder.resolve(target.file()))) {
            compare(target);
        }
    }

    private void compare(SoakTarget target) {
        if (target.format().equals("qcow2")) {
            Peers.run(folder, "qemu-img", "check", "-q", "-f", "qcow2", target.file());
        }
        Peers.run(folder, "qemu-img", "compare", "-q", "-f", target.format(), "-F", "raw", target.file(), "disk.raw");
    }

    /** Ends the servers, the source's first. */
    void end() throws Exception {
        List<AutoCloseable> all = List.copyOf(servers);
        servers.clear();
        for (AutoCloseable server : all) {
            server.close();
        }
    }
}
