package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.blockferry.engine.job.Progress;

/**
 * Run once by {@code bin/make}: unpacks native libraries, then does in small what later starts do, so that the JVM can note which
 * classes that loads, and writes down the options that later starts are given. A class that is missed here is no error, only
 * slower to load later.
 */
final class FirstStart {
    private static final int MIB = 1 << 20;

    private FirstStart() {
    }

    /** @param args the folder to work in, and the folder that its files will be moved to */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        NativeLibraries.unpack(folder);
        train(folder);
        // Last: by now JNA is loaded, and has found out where this system keeps its libraries.
        List<String> options = new ArrayList<>(NativeLibraries.options(folder, Path.of(args[1])));
        options.add(DriverLoading.option());
        Files.write(folder.resolve("options"), options);
        String archive = NativeLibraries.option("-XX:SharedArchiveFile=", Path.of(args[1], "classes.jsa"));
        Files.write(folder.resolve("archive-option"), List.of(archive));
    }

    private static void train(Path folder) throws IOException {
        String raw = folder.resolve("disk.raw").toString();
        String qcow2 = folder.resolve("disk.qcow2").toString();
        byte[] image = new byte[3 * MIB];
        new Random(1).nextBytes(image);
        Arrays.fill(image, MIB, 2 * MIB, (byte) 0);
        Files.write(Path.of(raw), image);
        run("--version");
        run("--help");
        run("copy", "--help");
        run("copy", "--no-such-option");
        run("copy", raw, raw + ".copy");
        run("copy", raw, qcow2);
        run("copy", "--json", "--stats", qcow2, raw + ".copy");
        run("copy", "--dry-run", "--json", qcow2, raw);
        run("copy", "-p", "-O", "qcow2", "-o", "cluster_size=64k", qcow2, qcow2 + ".copy");
        run("copy", "-B", qcow2, "-F", "qcow2", raw, qcow2 + ".over");
        run("copy", qcow2 + ".over", raw + ".copy");
        run("copy", "-B", qcow2, "-F", "qcow2", "-O", "qcow2", qcow2 + ".over", qcow2 + ".kept");
        run("convert", "-c", "-O", "qcow2", raw, qcow2 + ".zlib");
        run("convert", "-n", "-O", "raw", qcow2 + ".zlib", raw + ".copy");
        run("check", qcow2);
        run("create", "-f", "qcow2", qcow2 + ".new", "1M");
        run("copy", "--stats", "sparse-random:16M?seed=1", "null:");
        run("copy", raw + ".missing", raw + ".copy");
        for (String each : List.of(raw, qcow2, qcow2 + ".over")) {
            run("map", each);
            run("map", "--output", "json", each);
            run("info", each);
            run("info", "--output", "json", "--backing-chain", each);
            run("compare", raw, each);
            run("measure", "-O", "qcow2", each);
        }
        run("map", "--picture", "--svg", raw + ".svg", qcow2);
        run("measure", "--scan", "--output", "json", "-O", "qcow2", raw);
        BarProgress bar = new BarProgress(new PrintWriter(new StringWriter()), new Terminal(80));
        bar.show(new Progress(1, 0, 0, 0, 0, 0, Duration.ofSeconds(1)));
        bar.finish(new Progress(1, 1, 0, 0, 0, 0, Duration.ofSeconds(2)));
    }

    private static void run(String... args) {
        StringWriter err = new StringWriter();
        int code = new Launcher(new PrintWriter(new StringWriter()), new PrintWriter(err), Optional.empty(), Signals.ofProcess())
                .run(args);
        System.out.println(String.join(" ", args) + ": " + code + " " + err);
    }
}
