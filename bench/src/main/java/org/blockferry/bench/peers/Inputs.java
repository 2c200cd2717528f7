package org.blockferry.bench.peers;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Makes the images that workloads read, by name, once per folder: seeded, or of the machine's own files. An input may need another
 * one, to be made from it or to be read through it.
 */
final class Inputs {
    private static final long MIB = 1 << 20;
    private static final long GIB = 1 << 30;
    private static final int CHAIN = 8;
    private static final long LARGE = 8 * GIB;

    /** Makes one file. */
    @FunctionalInterface
    private interface Maker {
        void make() throws IOException, InterruptedException;
    }

    private record Input(Maker maker, List<String> needs) {
    }

    private final Path folder;
    private final Map<String, Input> known = new LinkedHashMap<>();

    Inputs(Path folder) {
        this.folder = folder;
        add("fs.raw", this::fileSystem);
        add("fs.qcow2", () -> derive("fs.qcow2"), "fs.raw");
        add("fs-zlib.qcow2", () -> derive("fs-zlib.qcow2", "-c"), "fs.raw");
        add("fs-zstd.qcow2", () -> derive("fs-zstd.qcow2", "-c", "-o", "compression_type=zstd"), "fs.raw");
        add("overlay.qcow2", () -> overlay("overlay.qcow2", "fs.qcow2", 800, 6), "fs.qcow2");
        add("random.raw", () -> random("random.raw", 2 * GIB));
        add("large.raw", () -> random("large.raw", LARGE));
        add("alternating.raw", this::alternating);
        add("zeroes.raw", this::zeroes);
        add("sparse.raw", this::sparse);
        add("small.raw", () -> random("small.raw", 64 * MIB));
        add("extents.raw", this::manyExtents);
        add("mapped.qcow2", this::mappedTerabyte);
        String below = "fs.qcow2";
        for (int i = 1; i <= CHAIN; i++) {
            String name = chain(i);
            String base = below;
            int seed = 60 + i;
            add(name, () -> overlay(name, base, 100, seed), base);
            below = name;
        }
    }

    /** The top of a chain with so many images above the file system. */
    static String chain(int depth) {
        return "chain" + depth + ".qcow2";
    }

    static int chainDepth() {
        return CHAIN;
    }

    private void add(String name, Maker maker, String... needs) {
        known.put(name, new Input(maker, List.of(needs)));
    }

    /** The names, and those that they need, what is needed first. */
    Set<String> withNeeds(List<String> names) {
        Set<String> all = new LinkedHashSet<>();
        for (String name : names) {
            Input input = known.get(name);
            if (input == null) {
                throw new IllegalArgumentException("no input is called " + name);
            }
            all.addAll(withNeeds(input.needs));
            all.add(name);
        }
        return all;
    }

    /** Makes what is not there yet. */
    void make(List<String> names) throws IOException, InterruptedException {
        for (String name : withNeeds(names)) {
            if (!Files.exists(folder.resolve(name))) {
                known.get(name).maker.make();
            }
        }
    }

    /** Removes what nobody needs any more. */
    void delete(Set<String> names) throws IOException {
        for (String name : names) {
            Files.deleteIfExists(folder.resolve(name));
        }
    }


    /** A file system of 8 GiB that holds at least 1 GiB of the machine's own programs, libraries and documents. */
    private void fileSystem() throws IOException, InterruptedException {
        Path image = folder.resolve("fs.raw");
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

    private void derive(String name, String... options) throws IOException, InterruptedException {
        Path image = folder.resolve(name);
        Path part = folder.resolve(name + ".part");
        List<String> line = new ArrayList<>(List.of("qemu-img", "convert", "-W", "-m", "16", "-f", "raw", "-O", "qcow2"));
        line.addAll(List.of(options));
        line.addAll(List.of(folder.resolve("fs.raw").toString(), part.toString()));
        Commands.output(line.toArray(String[]::new));
        Files.move(part, image);
    }

    private void random(String name, long length) throws IOException {
        make(name, length, channel -> {
            Random random = new Random(length);
            byte[] bytes = new byte[(int) MIB];
            for (long at = 0; at < length; at += MIB) {
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
                Arrays.fill(bytes, (byte) 0);
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
        Path part = folder.resolve("mapped.qcow2.part");
        Commands.output("qemu-img", "create", "-q", "-f", "qcow2", "-o", "preallocation=metadata", part.toString(), "1T");
        Files.move(part, folder.resolve("mapped.qcow2"));
    }

    /** An image over {@code base} with so many scattered pieces of 256 KiB. */
    private void overlay(String name, String base, int pieces, int seed) throws IOException, InterruptedException {
        Path part = folder.resolve(name + ".part");
        Commands.output("qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", part.toString());
        StringBuilder script = new StringBuilder();
        Random random = new Random(seed);
        for (int i = 0; i < pieces; i++) {
            long at = random.nextInt((int) (8 * GIB / 262144)) * 262144L;
            script.append("write -q -P ").append(1 + (seed + i) % 255).append(' ').append(at).append(" 256k\n");
        }
        write(part, script.toString());
        Files.move(part, folder.resolve(name));
    }

    /** Lets {@code qemu-io} carry out a script on a qcow2 image. */
    static void write(Path image, String script) throws IOException, InterruptedException {
        Path file = image.resolveSibling(image.getFileName() + ".io");
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(script.getBytes(StandardCharsets.US_ASCII));
        }
        Commands.output("sh", "-c", "qemu-io -f qcow2 \"$0\" < \"$1\"", image.toString(), file.toString());
        Files.delete(file);
    }

    /** The same for a raw image. */
    static void writeRaw(Path image, String script) throws IOException {
        // Not by qemu-io, which needs minutes for a hundred thousand requests; the script says it all.
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
            for (String line : script.split("\n")) {
                String[] words = line.split(" ");
                byte[] bytes = new byte[Integer.parseInt(words[5])];
                Arrays.fill(bytes, (byte) Integer.parseInt(words[3]));
                write(channel, Long.parseLong(words[4]), bytes);
            }
        }
    }

    private void make(String name, long length, Filler filler) throws IOException {
        Path image = folder.resolve(name);
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
