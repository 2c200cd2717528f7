package org.blockferry.drivers.file;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.blockferry.engine.testing.LoopDevice;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Assumptions;

/** A file system of its own for a test, as long as a try statement lasts. Skips by name where none can be made. */
final class ScratchMount implements AutoCloseable {
    private final Path point;
    private final List<LoopDevice> below = new ArrayList<>();

    private ScratchMount(Path point) {
        this.point = point;
    }

    /** A file system in memory of {@code bytes} bytes. */
    static ScratchMount tmpfs(Path folder, long bytes) throws Exception {
        Peers.requireRoot("mounts");
        Path point = Files.createDirectories(folder.resolve("tmpfs"));
        return mount(point, "-t", "tmpfs", "-o", "size=" + bytes, "tmpfs", point.toString());
    }

    /** A new file system of this type on a loop device. */
    static ScratchMount make(Path folder, String type, long bytes, String... mkfsOptions) throws Exception {
        Peers.requireRoot("mounts");
        // No peer, but a kind of machine: skipped in CI too.
        Assumptions.assumeTrue(Peers.has("mkfs." + type), () -> "skipped: mkfs." + type + " is not installed here");
        Path image = folder.resolve(type + ".image");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
        List<String> mkfs = new ArrayList<>(List.of("mkfs." + type, "-q"));
        mkfs.addAll(List.of(mkfsOptions));
        mkfs.add(image.toString());
        Peers.run(folder, mkfs.toArray(String[]::new));
        LoopDevice loop = LoopDevice.attach(image, 512);
        try {
            ScratchMount mounted = of(loop.device(), Files.createDirectories(folder.resolve(type)));
            mounted.below.add(loop);
            return mounted;
        } catch (Exception | Error e) {
            loop.close();
            throw e;
        }
    }

    /** A device that holds a file system. */
    static ScratchMount of(Path device, Path point) {
        return mount(point, device.toString(), point.toString());
    }

    private static ScratchMount mount(Path point, String... arguments) {
        Peers.require("mount", "umount");
        List<String> command = new ArrayList<>(List.of("mount"));
        command.addAll(List.of(arguments));
        Peers.Result result = Peers.tryRun(point, command.toArray(String[]::new));
        Assumptions.assumeTrue(result.exitCode() == 0, () -> "skipped: mounts: " + result.err().strip());
        return new ScratchMount(point);
    }

    Path path() {
        return point;
    }

    @Override
    public void close() {
        Peers.run(Path.of("/"), "umount", point.toString());
        for (LoopDevice part : below) {
            part.close();
        }
    }
}
