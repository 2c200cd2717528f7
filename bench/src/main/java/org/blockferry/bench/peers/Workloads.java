package org.blockferry.bench.peers;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The jobs, and the command line of each contender. What they read is made by {@link Inputs}. */
final class Workloads {
    private static final String RAW = "raw";
    private static final String QCOW2 = "qcow2";

    private final Path folder;
    private final String ours;

    /**
     * @param folder where inputs and outputs stand
     * @param launcher our command
     */
    Workloads(Path folder, Path launcher) {
        this.folder = folder;
        this.ours = launcher.toString();
    }

    /**
     * Every workload, in the order of the report.
     *
     * @param large whether those of 8 GiB are wanted, which take minutes
     */
    List<Workload> all(boolean large) {
        List<Workload> list = new ArrayList<>();
        list.add(convert("fs raw-raw", "file system with real files, raw to raw", 1.0, "fs.raw", RAW, RAW));
        list.add(convert("fs raw-qcow2", "the same, raw to qcow2", 1.0, "fs.raw", RAW, QCOW2));
        list.add(convert("fs qcow2-raw", "the same, qcow2 to raw", 1.0, "fs.qcow2", QCOW2, RAW));
        list.add(convert("fs zlib-raw", "the same, zlib-compressed qcow2 to raw", 0.4, "fs-zlib.qcow2", QCOW2, RAW));
        list.add(convert("fs zstd-raw", "the same, zstd-compressed qcow2 to raw", 0.6, "fs-zstd.qcow2", QCOW2, RAW));
        list.add(compressed("fs raw-zlib", "the same, raw to zlib-compressed qcow2", 0.25, "zlib"));
        list.add(compressed("fs raw-zstd", "the same, raw to zstd-compressed qcow2", 0.6, "zstd"));
        list.add(convert("overlay flat", "an overlay with 200 scattered MiB over the file system, flattened to raw", 0.8,
                "overlay.qcow2", QCOW2, RAW));
        list.add(keptBase());
        list.add(convert("chain flat", "a chain of " + Inputs.chainDepth() + " overlays with 25 scattered MiB each, flattened to raw",
                0.8, Inputs.chain(Inputs.chainDepth()), QCOW2, RAW));
        list.addAll(new NbdWorkloads(folder, ours).all());
        list.add(question("compare", "the file system as raw and as qcow2, compared", List.of("fs.raw", "fs.qcow2"),
                List.of("compare", "-f", RAW, "-F", QCOW2, path("fs.raw"), path("fs.qcow2"))));
        list.add(convert("random 2G raw-raw", "2 GiB of incompressible bytes, raw to raw", 1.0, "random.raw", RAW, RAW));
        list.add(convert("random 2G raw-qcow2", "2 GiB of incompressible bytes, raw to qcow2", 1.0, "random.raw", RAW, QCOW2));
        list.add(convert("alternating raw-raw", "1 GiB of alternating 4 KiB data and 12 KiB holes", 1.0, "alternating.raw", RAW, RAW));
        list.add(convert("zeroes raw-raw", "3 GiB of written zeroes with data between", 0.8, "zeroes.raw", RAW, RAW));
        list.add(convert("sparse 4T raw-qcow2", "4 TiB, sparse, with a thousand extents of 64 KiB", 0.8, "sparse.raw", RAW, QCOW2));
        list.add(question("map", "a raw file of 131,072 extents and as many holes, mapped to JSON", List.of("extents.raw"),
                List.of("map", "-f", RAW, "--output=json", path("extents.raw"))));
        list.add(question("check", "1 TiB mapped by metadata preallocation, checked", List.of("mapped.qcow2"),
                List.of("check", "-f", QCOW2, path("mapped.qcow2"))));
        list.add(convert("64M raw-raw", "a 64 MiB image, raw to raw: start-up", 0, "small.raw", RAW, RAW));
        list.add(convert("64M raw-qcow2", "a 64 MiB image, raw to qcow2: start-up", 0, "small.raw", RAW, QCOW2));
        list.add(hello());
        if (large) {
            list.add(convert("8G raw-raw", "8 GiB of incompressible bytes, raw to raw", 0.85, "large.raw", RAW, RAW));
            list.add(convert("8G raw-qcow2", "8 GiB of incompressible bytes, raw to qcow2", 0.85, "large.raw", RAW, QCOW2));
        }
        return list;
    }

    private Workload convert(String name, String title, double bound, String source, String from, String to) {
        String src = path(source);
        List<Contender> contenders = new ArrayList<>();
        String target = path("out-" + name.replace(' ', '-') + "." + to);
        contenders.add(Contender.of(Contender.OURS, target, ours, "copy", "-q", "-f", from, "-O", to, src, target));
        contenders.add(Contender.of("qemu-img", target, "qemu-img", "convert", "-f", from, "-O", to, src, target));
        contenders.add(Contender.of("qemu-img -W -m 16", target, "qemu-img", "convert", "-W", "-m", "16", "-f", from, "-O", to, src,
                target));
        if (from.equals(RAW)) {
            contenders.add(Contender.of("qemu-img -C", target, "qemu-img", "convert", "-C", "-f", from, "-O", to, src, target));
        }
        if (from.equals(RAW) && to.equals(RAW)) {
            contenders.add(Contender.of("cp --sparse=auto", target, "cp", "--sparse=auto", src, target));
            contenders.add(Contender.of("cp --sparse=always", target, "cp", "--sparse=always", src, target));
            if (Commands.exists("nbdcopy")) {
                // nbdcopy does not create its target.
                contenders.add(Contender.of("nbdcopy", target, "sh", "-c",
                        "truncate -r \"$0\" \"$1\" && exec nbdcopy \"$0\" \"$1\"", src, target));
            }
        }
        return new Workload(name, title, bound, contenders, List.of(source), contender -> same(src, from, contender.output(), to));
    }

    private Workload keptBase() {
        String src = path("overlay.qcow2");
        String base = path("fs.qcow2");
        String target = path("out-kept.qcow2");
        return new Workload("overlay kept base", "the same overlay, its base kept (-B)", 0.8, List.of(
                Contender.of(Contender.OURS, target, ours, "copy", "-q", "--backing", base, "-F", QCOW2, src, target),
                Contender.of("qemu-img", target, "qemu-img", "convert", "-O", QCOW2, "-B", base, "-F", QCOW2, src, target),
                Contender.of("qemu-img -W -m 16", target, "qemu-img", "convert", "-W", "-m", "16", "-O", QCOW2, "-B", base, "-F",
                        QCOW2, src, target)),
                List.of("overlay.qcow2"), contender -> same(src, QCOW2, contender.output(), QCOW2));
    }

    private Workload compressed(String name, String title, double bound, String type) {
        String target = path("out-" + type + ".qcow2");
        String option = "compression_type=" + type;
        return new Workload(name, title, bound, List.of(
                Contender.of(Contender.OURS, target, ours, "copy", "-q", "-c", "-f", RAW, "-O", QCOW2, "-o", option,
                        path("fs.raw"), target),
                Contender.of("qemu-img -c", target, "qemu-img", "convert", "-c", "-f", RAW, "-O", QCOW2, "-o", option,
                        path("fs.raw"), target),
                Contender.of("qemu-img -c -W -m 16", target, "qemu-img", "convert", "-c", "-W", "-m", "16", "-f", RAW, "-O",
                        QCOW2, "-o", option, path("fs.raw"), target)),
                List.of("fs.raw"), contender -> same(path("fs.raw"), RAW, contender.output(), QCOW2));
    }

    /** The same words after either program's name; nothing is left, the answers are compared by the tests. */
    private Workload question(String name, String title, List<String> inputs, List<String> words) {
        return new Workload(name, title, 0.8, List.of(
                Contender.of(Contender.OURS, "", line(ours, words)), Contender.of("qemu-img", "", line("qemu-img", words))),
                inputs, Workload.Check.NONE);
    }

    private static String[] line(String program, List<String> words) {
        List<String> line = new ArrayList<>(List.of(program));
        line.addAll(words);
        return line.toArray(String[]::new);
    }

    /** The least that a Java program costs, as a peer of the least that ours does. */
    private Workload hello() {
        Path classes = Path.of(Hello.class.getProtectionDomain().getCodeSource().getLocation().getPath());
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return new Workload("version", "--version, beside a bare Java program", 2.5, List.of(
                Contender.of(Contender.OURS, "", ours, "--version"),
                Contender.of("java hello-world", "", java, "-XX:+UseSerialGC", "-cp", classes.toString(), Hello.class.getName())),
                List.of(), Workload.Check.NONE);
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    /** Proves that two images read the same, and that a qcow2 image is sound. */
    static void same(String source, String from, String target, String to) throws IOException, InterruptedException {
        Commands.output("qemu-img", "compare", "-f", from, "-F", to, source, target);
        if (to.equals(QCOW2)) {
            Commands.output("qemu-img", "check", "-q", target);
        }
    }
}
