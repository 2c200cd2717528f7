package org.blockferry.cli.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random copies, one after the other, for five minutes or as many seconds as {@code -Dsoak.seconds} says. {@code -Dsoak.seed}
 * repeats them, but for the moments of the signals. The figures go to {@code target/soak.json}.
 */
@Tag("soak")
class SoakIT {
    @TempDir
    Path folder;

    @Test
    void everyCopyReadsAsItsSource() throws Exception {
        Peers.require("qemu-img", "qemu-nbd", "nbdkit");
        long seed = Long.getLong("soak.seed", System.nanoTime());
        long start = System.nanoTime();
        long end = start + TimeUnit.SECONDS.toNanos(Long.getLong("soak.seconds", 300L));
        SoakFigures figures = new SoakFigures(seed);
        String failure = "";
        try {
            for (int round = 0; System.nanoTime() < end; round++) {
                failure = "round " + round;
                round(seed + round, Files.createDirectory(folder.resolve("round-" + round)), figures);
            }
            failure = "";
        } finally {
            String json = figures.json((System.nanoTime() - start) / 1e9, failure);
            System.out.println(json);
            Files.writeString(Files.createDirectories(Path.of("target")).resolve("soak.json"), json + "\n");
        }
    }

    private static void round(long seed, Path folder, SoakFigures figures) throws Exception {
        SoakRound round = new SoakRound(new Random(seed), folder, figures);
        try {
            try {
                round.run();
            } finally {
                round.end();
            }
        } catch (Exception | AssertionError e) {
            throw new AssertionError("-Dsoak.seed=" + seed + ": " + e.getMessage() + "\n" + round.story(), e);
        }
        delete(folder);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
