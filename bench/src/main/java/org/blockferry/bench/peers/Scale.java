package org.blockferry.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What a copy costs against one thing that grows while the others stay: mapped bytes, virtual size, extents, depth of the chain. It
 * should follow the mapped bytes and the extents, not the size.
 */
final class Scale {
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;
    private static final long GIB = 1 << 30;
    private static final String QCOW2 = "qcow2";
    private static final String RAW = "raw";

    /**
     * One point of a series.
     *
     * @param x what grows
     * @param label how it is written
     * @param seconds median wall time of ours and of the best peer
     */
    record Point(double x, String label, double ours, double peer, double oursCpu, double peerCpu, double oursPeakMib) {
    }

    /** A line of points, and what they are over. */
    record Series(String name, String unit, List<Point> points) {
    }

    private final Path folder;
    private final String ours;
    private final int runs;
    private final boolean large;

    Scale(Path folder, Path launcher, int runs, boolean large) {
        this.folder = folder;
        this.ours = launcher.toAbsolutePath().toString();
        this.runs = runs;
        this.large = large;
    }

    List<Series> measure() throws IOException, InterruptedException {
        return List.of(mapped(), virtual(), extents(), depth());
    }

    private Series mapped() throws IOException, InterruptedException {
        List<Point> points = new ArrayList<>();
        for (long bytes = GIB / 4; bytes <= (large ? 8 : 2) * GIB; bytes *= 2) {
            // Extents of 1 MiB with holes between them, so that only the data grows with their number.
            image("qemu-img create -q -f raw \"$0\" 32G", extentsScript(bytes / MIB, MIB, 32 * GIB / (8 * GIB / MIB)), RAW);
            points.add(point(bytes / (double) GIB, bytes / (double) GIB + "", RAW));
        }
        return new Series("mapped bytes", "GiB of data in 32 GiB, raw to raw", points);
    }

    private Series virtual() throws IOException, InterruptedException {
        List<Point> points = new ArrayList<>();
        for (long size : new long[] {GIB, 16 * GIB, 256 * GIB, 4096 * GIB, 65536 * GIB}) {
            image("qemu-img create -q -f qcow2 \"$0\" " + size, extentsScript(256, 256 * KIB, size / 256), QCOW2);
            points.add(point(size / (double) GIB, size >= 1024 * GIB ? size / (1024 * GIB) + "T" : size / GIB + "G", QCOW2));
        }
        return new Series("virtual size", "64 MiB of data, qcow2 to qcow2", points);
    }

    private Series extents() throws IOException, InterruptedException {
        List<Point> points = new ArrayList<>();
        for (long count = 10; count <= (large ? 1_000_000 : 100_000); count *= 10) {
            image("qemu-img create -q -f raw \"$0\" 16G", extentsScript(count, 4 * KIB, 16 * KIB), RAW);
            points.add(point(count, count >= 1000 ? count / 1000 + "k" : count + "", RAW));
        }
        return new Series("extents", "extents of 4 KiB in 16 GiB, raw to raw", points);
    }

    private Series depth() throws IOException, InterruptedException {
        List<Point> points = new ArrayList<>();
        for (int depth = 1; depth <= 16; depth *= 2) {
            long layerBytes = 128 * MIB / depth;
            for (int i = 0; i < depth; i++) {
                Path layer = i == depth - 1 ? source() : folder.resolve("scale-" + i + ".img");
                Files.deleteIfExists(layer);
                String create = i == 0 ? "qemu-img create -q -f qcow2 \"$0\" 8G"
                        : "qemu-img create -q -f qcow2 -b scale-" + (i - 1) + ".img -F qcow2 \"$0\"";
                Commands.output("sh", "-c", create, layer.toString());
                // Each layer has every depth-th extent.
                Inputs.write(layer, extentsScript(layerBytes / (256 * KIB), 256 * KIB, 8 * GIB / 512 * depth, i * 8 * GIB / 512));
            }
            points.add(point(depth, depth + "", QCOW2));
        }
        for (int i = 0; i < 16; i++) {
            Files.deleteIfExists(folder.resolve("scale-" + i + ".img"));
        }
        return new Series("depth of the chain", "qcow2 images, 128 MiB of data in all, to qcow2", points);
    }

    private Path source() {
        return folder.resolve("scale.img");
    }

    private void image(String create, String script, String format) throws IOException, InterruptedException {
        Files.deleteIfExists(source());
        Commands.output("sh", "-c", create, source().toString());
        if (format.equals(QCOW2)) {
            Inputs.write(source(), script);
        } else {
            Inputs.writeRaw(source(), script);
        }
    }

    private static String extentsScript(long count, long bytes, long step) {
        return extentsScript(count, bytes, step, 0);
    }

    private static String extentsScript(long count, long bytes, long step, long first) {
        StringBuilder script = new StringBuilder();
        for (long i = 0; i < count; i++) {
            script.append("write -q -P ").append(1 + i % 255).append(' ').append(first + i * step).append(' ').append(bytes)
                    .append('\n');
        }
        return script.toString();
    }

    private Point point(double x, String label, String format) throws IOException, InterruptedException {
        String target = folder.resolve("out-scale.img").toString();
        String from = source().toString();
        Workload workload = new Workload("scale", "scale", 0, List.of(
                Contender.of(Contender.OURS, target, ours, "copy", "-q", "-f", format, "-O", format, from, target),
                Contender.of("qemu-img -W -m 16", target, "qemu-img", "convert", "-W", "-m", "16", "-f", format, "-O", format, from,
                        target)),
                List.of(), contender -> Workloads.same(from, format, target, format));
        Results results = new Measurement(folder, runs).of(workload, "scale");
        Files.deleteIfExists(Path.of(target));
        Files.deleteIfExists(source());
        System.err.printf("  %s: ours %.3f s, qemu-img %.3f s%n", label, figure(results, true, TimedRun::wall),
                figure(results, false, TimedRun::wall));
        return new Point(x, label, figure(results, true, TimedRun::wall), figure(results, false, TimedRun::wall),
                figure(results, true, TimedRun::cpu), figure(results, false, TimedRun::cpu),
                figure(results, true, TimedRun::peak) / MIB);
    }

    private static double figure(Results results, boolean mine, ToDoubleFunction<TimedRun> figure) {
        return (mine ? results.ours() : results.bestPeer()).map(contender -> results.median(contender, figure)).orElse(Double.NaN);
    }
}
