package org.blockferry.cli.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.blockferry.engine.testing.Peers;

/**
 * Where a copy goes.
 *
 * @param kind for the figures
 * @param file the image that holds the copy at the end
 * @param format of it
 * @param arguments of the copy
 * @param isNew whether it is made, and stands under its name only when it is whole
 * @param isServed whether it is written through a server
 */
record SoakTarget(String kind, String file, String format, List<String> arguments, boolean isNew, boolean isServed) {

    static SoakTarget make(Random random, Path folder, SoakSource source) throws IOException {
        int kinds = source.base().isPresent() ? 8 : 7;
        String format = random.nextBoolean() ? "raw" : "qcow2";
        return switch (random.nextInt(kinds)) {
            case 0 -> new SoakTarget("new raw", "t.raw", "raw", List.of("-O", "raw"), true, false);
            case 1, 2 -> new SoakTarget("new qcow2", "t.qcow2", "qcow2",
                    List.of("-O", "qcow2", "-o", SoakSource.options(random, false)), true, false);
            case 3 -> new SoakTarget("new compressed", "t.qcow2", "qcow2",
                    List.of("-c", "-O", "qcow2", "-o", SoakSource.options(random, true)), true, false);
            case 4 -> there(random, folder, "in place", format, List.of("-n", "-O", format), false);
            case 5, 6 -> there(random, folder, "served", format, List.of("-n", "-O", "raw"), true);
            default -> new SoakTarget("kept base", "t.qcow2", "qcow2",
                    List.of("-O", "qcow2", "-B", source.base().orElseThrow(), "-F",
                    source.baseFormat()), true, false);
        };
    }

    /** What is compressed is written once, and what keeps a base as well. */
    boolean canBeResumed() {
        return !kind.equals("new compressed") && !kind.equals("kept base");
    }

    /** An image that is there, as long as the disk, with something else in it. */
    private static SoakTarget there(Random random, Path folder, String kind, String format, List<String> arguments,
            boolean served)
            throws IOException {
        String file = "t." + format;
        Path other = folder.resolve("other.raw");
        Files.copy(folder.resolve("disk.raw"), other);
        SoakContent.change(random, other, 1 + random.nextInt(6));
        if (format.equals("raw")) {
            Files.move(other, folder.resolve(file));
        } else {
            Peers.run(folder, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", SoakSource.options(random, false),
                    "other.raw",
                    file);
        }
        return new SoakTarget(kind + " " + format, file, format, arguments, false, served);
    }
}
