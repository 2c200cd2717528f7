package org.blockferry.cli.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.blockferry.engine.testing.LoopDevice;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.Assumptions;

/** A device some sectors of which the kernel fails, by the device mapper. Skips by name where there is none. */
final class FailingDevice implements AutoCloseable {
    private static final int SECTOR = 512;

    private final Path folder;
    private final LoopDevice below;
    private final String name;
    private final long sectors;

    private FailingDevice(Path folder, LoopDevice below, String name, long sectors) {
        this.folder = folder;
        this.below = below;
        this.name = name;
        this.sectors = sectors;
    }

    /** A device with this content, of which {@code length} bytes from {@code offset} on cannot be read. */
    static FailingDevice make(Path folder, byte[] content, long offset, long length) throws IOException {
        Peers.requireRoot("devices that fail");
        Assumptions.assumeTrue(Peers.has("dmsetup") && Peers.tryRun(folder, "dmsetup", "targets").exitCode() == 0,
                "skipped: devices that fail: no device mapper here");
        LoopDevice below = LoopDevice.attach(Files.write(folder.resolve("device.img"), content), SECTOR);
        FailingDevice device = new FailingDevice(folder, below, "blockferry-" + UUID.randomUUID(), content.length / SECTOR);
        long first = offset / SECTOR;
        long end = (offset + length) / SECTOR;
        String table = "0 " + first + " linear " + below.device() + " 0\n" + first + " " + (end - first) + " error\n" + end
                + " "
                + (device.sectors - end) + " linear " + below.device() + " " + end;
        Peers.Result result = Peers.tryRun(folder, "dmsetup", "create", device.name, "--table", table);
        if (result.exitCode() != 0) {
            below.close();
            Assumptions.abort("skipped: devices that fail: " + result.err().strip());
        }
        return device;
    }

    String path() {
        return "/dev/mapper/" + name;
    }

    /** From now on all of it can be read. */
    void heal() {
        Peers.run(folder, "dmsetup", "suspend", name);
        Peers.run(folder, "dmsetup", "reload", name, "--table", "0 " + sectors + " linear " + below.device() + " 0");
        Peers.run(folder, "dmsetup", "resume", name);
    }

    @Override
    public void close() {
        try {
            Peers.run(folder, "dmsetup", "remove", "--retry", name);
        } finally {
            below.close();
        }
    }
}
