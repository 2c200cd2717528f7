package org.blockferry.cli.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.blockferry.engine.testing.Peers;

/**
 * An image that reads as the raw disk {@code disk.raw} beside it.
 *
 * @param kind for the figures
 * @param file its name
 * @param format its format
 * @param base name of the base, if it has one
 * @param baseFormat format of that
 */
record SoakSource(String kind, String file, String format, Optional<String> base, String baseFormat) {

    static SoakSource make(Random random, Path folder) throws IOException {
        SoakContent.make(random, folder.resolve("disk.raw"));
        return switch (random.nextInt(4)) {
            case 0 -> new SoakSource("raw", "disk.raw", "raw", Optional.empty(), "");
            case 1 -> converted(random, folder, "qcow2", List.of());
            case 2 -> converted(random, folder, "compressed", List.of("-c"));
            default -> chain(random, folder);
        };
    }

    private static SoakSource converted(Random random, Path folder, String kind, List<String> how) {
        List<String> line = new ArrayList<>(List.of("qemu-img", "convert", "-f", "raw", "-O", "qcow2"));
        line.addAll(how);
        line.addAll(List.of("-o", options(random, !how.isEmpty()), "disk.raw", "source.qcow2"));
        Peers.run(folder, line.toArray(String[]::new));
        return new SoakSource(kind, "source.qcow2", "qcow2", Optional.empty(), "");
    }

    /** A base that is another disk, and above it what makes it this one. */
    private static SoakSource chain(Random random, Path folder) throws IOException {
        Files.copy(folder.resolve("disk.raw"), folder.resolve("base.raw"));
        SoakContent.change(random, folder.resolve("disk.raw"), 1 + random.nextInt(8));
        boolean raw = random.nextBoolean();
        if (!raw) {
            Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", options(random, false), "base.raw",
                    "base.qcow2");
        }
        String base = raw ? "base.raw" : "base.qcow2";
        Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-B", base, "-F", raw ? "raw" : "qcow2", "-o",
                options(random, false), "disk.raw", "source.qcow2");
        return new SoakSource("chain", "source.qcow2", "qcow2", Optional.of(base), raw ? "raw" : "qcow2");
    }

    /** Options of a qcow2 image that qemu-img and we know. */
    static String options(Random random, boolean compressed) {
        int bits = compressed ? 12 + random.nextInt(7) : 9 + random.nextInt(13);
        List<String> options = new ArrayList<>(List.of("cluster_size=" + (1 << bits)));
        if (bits >= 14 && random.nextInt(4) == 0) {
            options.add("extended_l2=on");
        } else if (random.nextInt(6) == 0) {
            options.add("compat=0.10");
            return String.join(",", options);
        }
        if (compressed && random.nextBoolean()) {
            options.add("compression_type=zstd");
        }
        return String.join(",", options);
    }
}
