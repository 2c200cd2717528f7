package org.blockferry.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Run once by {@code bin/make}: unpacks native libraries, then does in small what later starts do, so that the JVM can note which
 * classes that loads. A class that is missed here is no error, only slower to load later.
 */
final class FirstStart {
    private static final int IMAGE_BYTES = 3 << 20;

    private FirstStart() {
    }

    /** @param args the folder to unpack into */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        NativeLibraries.unpack(folder);
        String raw = folder.resolve("disk.raw").toString();
        String qcow2 = folder.resolve("disk.qcow2").toString();
        byte[] image = new byte[IMAGE_BYTES];
        new java.util.Random(1).nextBytes(image);
        java.util.Arrays.fill(image, 1 << 20, 2 << 20, (byte) 0);
        Files.write(Path.of(raw), image);
        run("--version");
        run("copy", "--help");
        run("copy", "--no-such-option");
        run("copy", raw, raw + ".copy");
        run("copy", raw, qcow2);
        run("copy", "--json", qcow2, raw + ".copy");
        run("copy", "--dry-run", "--json", qcow2, raw);
        run("copy", "-p", "-O", "qcow2", "-o", "cluster_size=64k", qcow2, qcow2 + ".copy");
        run("copy", "-B", qcow2, "-F", "qcow2", raw, qcow2 + ".over");
        run("copy", qcow2 + ".over", raw + ".copy");
        run("copy", "--stats", "sparse-random:16M?seed=1", "null:");
        run("copy", raw + ".missing", raw + ".copy");
        BarProgress bar = new BarProgress(new PrintWriter(new StringWriter()), new Terminal(80));
        bar.show(new org.blockferry.engine.job.Progress(1, 0, 0, 0, 0, 0, java.time.Duration.ofSeconds(1)));
        bar.finish(new org.blockferry.engine.job.Progress(1, 1, 0, 0, 0, 0, java.time.Duration.ofSeconds(2)));
    }

    private static void run(String... args) {
        StringWriter err = new StringWriter();
        int code = new Launcher(new PrintWriter(new StringWriter()), new PrintWriter(err), Optional.empty(), Signals.ofProcess())
                .run(args);
        System.out.println(String.join(" ", args) + ": " + code + " " + err);
    }
}
