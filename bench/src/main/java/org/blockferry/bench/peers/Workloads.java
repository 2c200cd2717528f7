package org.blockferry.bench.peers;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Makes the inputs and names the command lines. Inputs are seeded or come from the machine's own files, are made once per folder,
 * and are shared by all workloads there.
 */
final class Workloads {
    private static final long MIB = 1 << 20;
    private static final long GIB = 1 << 30;

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

    /** Every workload, in the order of the report. */
    List<Workload> all() {
        List<Workload> list = new ArrayList<>();
        list.add(convert("fs raw-raw", "file system with real files, raw to raw", 1.0, this::fileSystem, "fs.raw", "raw", "raw"));
        list.add(convert("fs raw-qcow2", "the same, raw to qcow2", 1.0, this::fileSystem, "fs.raw", "raw", "qcow2"));
        list.add(convert("fs qcow2-raw", "the same, qcow2 to raw", 1.0, this::fileSystemQcow2, "fs.qcow2", "qcow2", "raw"));
        list.add(convert("fs zlib-raw", "the same, zlib-compressed qcow2 to raw", 0.4, this::fileSystemZlib, "fs-zlib.qcow2",
                "qcow2", "raw"));
        list.add(convert("fs zstd-raw", "the same, zstd-compressed qcow2 to raw", 0.6, this::fileSystemZstd, "fs-zstd.qcow2",
                "qcow2", "raw"));
        list.add(compressed("fs raw-zlib", "the same, raw to zlib-compressed qcow2", 0.25, "zlib"));
        list.add(compressed("fs raw-zstd", "the same, raw to zstd-compressed qcow2", 0.6, "zstd"));
        list.add(convert("random 2G raw-raw", "2 GiB of incompressible bytes, raw to raw", 1.0, this::random, "random.raw", "raw",
                "raw"));
        list.add(convert("random 2G raw-qcow2", "2 GiB of incompressible bytes, raw to qcow2", 1.0, this::random, "random.raw",
                "raw", "qcow2"));
        list.add(convert("alternating raw-raw", "1 GiB of alternating 4 KiB data and 12 KiB holes", 1.0, this::alternating,
                "alternating.raw", "raw", "raw"));
        list.add(convert("zeroes raw-raw", "3 GiB of written zeroes with data between", 0.8, this::zeroes, "zeroes.raw", "raw",
                "raw"));
        list.add(convert("sparse 4T raw-qcow2", "4 TiB, sparse, with a thousand extents of 64 KiB", 0.8, this::sparse,
                "sparse.raw", "raw", "qcow2"));
        list.add(convert("overlay flat", "an overlay with 200 scattered MiB over the file system, flattened to raw", 0.8,
                this::overlay, "overlay.qcow2", "qcow2", "raw"));
        list.add(keptBase());
        list.add(fromNbd());
        list.add(toNbd());
        list.add(question("compare", "the file system as raw and as qcow2, compared", 0.8, this::fileSystemQcow2,
                List.of("compare", "-f", "raw", "-F", "qcow2", path("fs.raw"), path("fs.qcow2"))));
        list.add(question("map", "a raw file of 262,144 extents, mapped to JSON", 0.8, this::manyExtents,
                List.of("map", "-f", "raw", "--output=json", path("extents.raw"))));
        list.add(question("check", "1 TiB mapped by metadata preallocation, checked", 0.8, this::mappedTerabyte,
                List.of("check", "-f", "qcow2", path("mapped.qcow2"))));
        list.add(convert("64M raw-qcow2", "a 64 MiB image: start-up", 0, this::small, "small.raw", "raw", "qcow2"));
        return list;
    }

    private Workload convert(String name, String title, double bound, Workload.Step inputs, String source, String from, String to) {
        String src = folder.resolve(source).toString();
        List<Contender> contenders = new ArrayList<>();
        String target = folder.resolve("out-" + name.replace(' ', '-') + "." + to).toString();
        contenders.add(Contender.of(Contender.OURS, target, ours, "copy", "-q", "-f", from, "-O", to, src, target));
        contenders.add(Contender.of("qemu-img", target, "qemu-img", "convert", "-f", from, "-O", to, src, target));
        contenders.add(Contender.of("qemu-img -W -m 16", target, "qemu-img", "convert", "-W", "-m", "16", "-f", from, "-O", to, src,
                target));
        if (from.equals("raw")) {
            contenders.add(Contender.of("qemu-img -C", target, "qemu-img", "convert", "-C", "-f", from, "-O", to, src, target));
        }
        if (from.equals("raw") && to.equals("raw")) {
            contenders.add(Contender.of("cp --sparse=auto", target, "cp", "--sparse=auto", src, target));
            contenders.add(Contender.of("cp --sparse=always", target, "cp", "--sparse=always", src, target));
            if (Commands.exists("nbdcopy")) {
                // nbdcopy does not create its target.
                contenders.add(Contender.of("nbdcopy", target, "sh", "-c",
                        "truncate -r \"$0\" \"$1\" && exec nbdcopy \"$0\" \"$1\"", src, target));
            }
        }
        return new Workload(name, title, bound, contenders, inputs, contender -> same(src, from, contender.output(), to));
    }

    private Workload keptBase() {
        String src = folder.resolve("overlay.qcow2").toString();
        String base = folder.resolve("fs.qcow2").toString();
        String target = folder.resolve("out-kept.qcow2").toString();
        return new Workload("overlay kept base", "the same overlay, its base kept (-B)", 0.8, List.of(
                Contender.of(Contender.OURS, target, ours, "copy", "-q", "--backing", base, "-F", "qcow2", src, target),
                Contender.of("qemu-img", target, "qemu-img", "convert", "-O", "qcow2", "-B", base, "-F", "qcow2", src, target),
                Contender.of("qemu-img -W -m 16", target, "qemu-img", "convert", "-W", "-m", "16", "-O", "qcow2", "-B", base, "-F",
                        "qcow2", src, target)),
                this::overlay, contender -> same(src, "qcow2", contender.output(), "qcow2"));
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private Workload compressed(String name, String title, double bound, String type) {
        String target = path("out-" + type + ".qcow2");
        String option = "compression_type=" + type;
        return new Workload(name, title, bound, List.of(
                Contender.of(Contender.OURS, target, ours, "copy", "-q", "-c", "-f", "raw", "-O", "qcow2", "-o", option,
                        path("fs.raw"), target),
                Contender.of("qemu-img -c", target, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", option,
                        path("fs.raw"), target),
                Contender.of("qemu-img -c -W -m 16", target, "qemu-img", "convert", "-c", "-W", "-m", "16", "-f", "raw", "-O",
                        "qcow2", "-o", option, path("fs.raw"), target)),
                this::fileSystem, contender -> same(path("fs.raw"), "raw", contender.output(), "qcow2"));
    }

    /** The same words after either program's name; nothing is left, the answers are compared by the tests. */
    private Workload question(String name, String title, double bound, Workload.Step inputs, List<String> words) {
        return new Workload(name, title, bound, List.of(
                Contender.of(Contender.OURS, "", line(ours, words)), Contender.of("qemu-img", "", line("qemu-img", words))),
                inputs, Workload.Check.NONE);
    }

    private static String[] line(String program, List<String> words) {
        List<String> line = new ArrayList<>(List.of(program));
        line.addAll(words);
        return line.toArray(String[]::new);
    }

    private Workload fromNbd() {
        String socket = path("bench.sock");
        String uri = "nbd+unix:///?socket=" + socket;
        String target = path("out-nbd.raw");
        String[] server = {"qemu-nbd", "-r", "-t", "-e", "16", "-f", "raw", "-k", socket, path("fs.raw")};
        return new Workload("NBD-file", "the file system served by qemu-nbd over a Unix socket, to raw", 0.8, List.of(
                Contender.of(Contender.OURS, target, ours, "copy", "-q", "-f", "raw", uri, target).servedBy(server),
                Contender.of("qemu-img -W -m 16", target, "qemu-img", "convert", "-W", "-m", "16", "-f", "raw", "-O", "raw", uri,
                        target).servedBy(server),
                Contender.of("nbdcopy", target, "nbdcopy", uri, target).servedBy(server)),
                this::fileSystem, contender -> same(path("fs.raw"), "raw", target, "raw"));
    }

    private Workload toNbd() {
        String socket = path("bench.sock");
        String uri = "nbd+unix:///?socket=" + socket;
        String served = path("served.raw");
        // A new sparse file for each run, so that nobody profits from the run before.
        String[] server = {"sh", "-c", "rm -f \"$1\" && truncate -s 8G \"$1\" && exec qemu-nbd -t -e 16 --discard=unmap "
                + "--detect-zeroes=off --cache=writeback -f raw -k \"$0\" \"$1\"", socket, served};
        return new Workload("file-NBD", "the file system from raw to an empty export of qemu-nbd over a Unix socket", 0.8, List.of(
                Contender.of(Contender.OURS, "", ours, "copy", "-q", "-f", "raw", "-n", path("fs.raw"), uri).servedBy(server),
                Contender.of("qemu-img -W -m 16", "", "qemu-img", "convert", "-n", "-W", "-m", "16", "-f", "raw", "-O", "raw",
                        path("fs.raw"), uri).servedBy(server),
                Contender.of("nbdcopy", "", "nbdcopy", path("fs.raw"), uri).servedBy(server)),
                this::fileSystem, contender -> same(path("fs.raw"), "raw", served, "raw"));
    }

    private static void same(String source, String from, String target, String to) throws IOException, InterruptedException {
        Commands.output("qemu-img", "compare", "-f", from, "-F", to, source, target);
        if (to.equals("qcow2")) {
            Commands.output("qemu-img", "check", "-q", target);
        }
    }

    // --- inputs ---

    /** A file system of 8 GiB that holds at least 1 GiB of the machine's own programs, libraries and documents. */
    private void fileSystem() throws IOException, InterruptedException {
        Path image = folder.resolve("fs.raw");
        if (Files.exists(image)) {
            return;
        }
        Path files = folder.resolve("files");
        Files.createDirectories(files);
        long enough = GIB + GIB / 8;
        for (String from : List.of("/usr/share", "/usr/lib/jvm", "/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                "/usr/lib", "/usr/local")) {
            if (Files.isDirectory(Path.of(from)) && occupied(files) < enough) {
                Commands.output("cp", "-a", from, files.resolve(from.substring(1).replace('/', '-')).toString());
            }
        }
        Path part = folder.resolve("fs.raw.part");
        Commands.output("mke2fs", "-q", "-F", "-t", "ext4", "-d", files.toString(), part.toString(), "8G");
        Commands.output("rm", "-rf", files.toString());
        Files.move(part, image);
    }

    private static long occupied(Path path) throws IOException, InterruptedException {
        return Long.parseLong(Commands.output("du", "-s", "-B1", path.toString()).split("\\s")[0]);
    }

    private void fileSystemQcow2() throws IOException, InterruptedException {
        fileSystem();
        derive("fs.qcow2");
    }

    private void fileSystemZlib() throws IOException, InterruptedException {
        fileSystem();
        derive("fs-zlib.qcow2", "-c");
    }

    private void fileSystemZstd() throws IOException, InterruptedException {
        fileSystem();
        derive("fs-zstd.qcow2", "-c", "-o", "compression_type=zstd");
    }

    private void derive(String name, String... options) throws IOException, InterruptedException {
        Path image = folder.resolve(name);
        if (Files.exists(image)) {
            return;
        }
        Path part = folder.resolve(name + ".part");
        List<String> line = new ArrayList<>(List.of("qemu-img", "convert", "-W", "-m", "16", "-f", "raw", "-O", "qcow2"));
        line.addAll(List.of(options));
        line.addAll(List.of(folder.resolve("fs.raw").toString(), part.toString()));
        Commands.output(line.toArray(String[]::new));
        Files.move(part, image);
    }

    private void random() throws IOException {
        make("random.raw", 2 * GIB, channel -> {
            Random random = new Random(1);
            byte[] bytes = new byte[(int) MIB];
            for (long at = 0; at < 2 * GIB; at += MIB) {
                random.nextBytes(bytes);
                write(channel, at, bytes);
            }
        });
    }

    private void alternating() throws IOException {
        make("alternating.raw", GIB, channel -> {
            Random random = new Random(2);
            byte[] bytes = new byte[4096];
            for (long at = 0; at < GIB; at += 16384) {
                random.nextBytes(bytes);
                write(channel, at, bytes);
            }
        });
    }

    private void zeroes() throws IOException {
        make("zeroes.raw", 3 * GIB, channel -> {
            Random random = new Random(3);
            byte[] bytes = new byte[(int) MIB];
            for (long at = 0; at < 3 * GIB; at += MIB) {
                java.util.Arrays.fill(bytes, (byte) 0);
                if (at / MIB % 16 == 0) {
                    random.nextBytes(bytes);
                }
                write(channel, at, bytes);
            }
        });
    }

    private void sparse() throws IOException {
        make("sparse.raw", 4096 * GIB, channel -> {
            Random random = new Random(4);
            byte[] bytes = new byte[65536];
            for (int i = 0; i < 1000; i++) {
                random.nextBytes(bytes);
                write(channel, (long) (random.nextDouble() * 4096 * 16384) * 65536, bytes);
            }
        });
    }

    private void small() throws IOException {
        make("small.raw", 64 * MIB, channel -> {
            Random random = new Random(5);
            byte[] bytes = new byte[(int) MIB];
            for (long at = 0; at < 64 * MIB; at += MIB) {
                random.nextBytes(bytes);
                write(channel, at, bytes);
            }
        });
    }

    private void manyExtents() throws IOException {
        make("extents.raw", GIB, channel -> {
            Random random = new Random(7);
            byte[] bytes = new byte[4096];
            for (long at = 0; at < GIB; at += 8192) {
                random.nextBytes(bytes);
                write(channel, at, bytes);
            }
        });
    }

    private void mappedTerabyte() throws IOException, InterruptedException {
        Path image = folder.resolve("mapped.qcow2");
        if (!Files.exists(image)) {
            Path part = folder.resolve("mapped.qcow2.part");
            Commands.output("qemu-img", "create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", part.toString(), "1T");
            Files.move(part, image);
        }
    }

    private void overlay() throws IOException, InterruptedException {
        fileSystemQcow2();
        Path image = folder.resolve("overlay.qcow2");
        if (Files.exists(image)) {
            return;
        }
        Path part = folder.resolve("overlay.qcow2.part");
        Commands.output("qemu-img", "create", "-q", "-f", "qcow2", "-b", "fs.qcow2", "-F", "qcow2", part.toString());
        Path script = folder.resolve("overlay.io");
        Random random = new Random(6);
        try (OutputStream out = Files.newOutputStream(script)) {
            for (int i = 0; i < 800; i++) {
                long at = random.nextInt((int) (8 * GIB / 262144)) * 262144L;
                out.write(("write -q -P " + (1 + i % 255) + " " + at + " 256k\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            }
        }
        Commands.output("sh", "-c", "qemu-io -f qcow2 \"$0\" < \"$1\"", part.toString(), script.toString());
        Files.delete(script);
        Files.move(part, image);
    }

    private void make(String name, long length, Filler filler) throws IOException {
        Path image = folder.resolve(name);
        if (Files.exists(image)) {
            return;
        }
        Path part = folder.resolve(name + ".part");
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            filler.fill(channel);
            if (channel.size() < length) {
                // One byte at the end would be data; a truncated extension is a hole.
                try (var file = new java.io.RandomAccessFile(part.toFile(), "rw")) {
                    file.setLength(length);
                }
            }
        }
        Files.move(part, image);
    }

    private static void write(FileChannel channel, long at, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer, at + buffer.position());
        }
    }

    @FunctionalInterface
    private interface Filler {
        void fill(FileChannel channel) throws IOException;
    }
}
