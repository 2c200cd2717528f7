package org.blockferry.engine.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** A loop device over a file, for as long as a try statement lasts. Skips the test by name where there are none. */
public final class LoopDevice implements AutoCloseable {
    private final Path device;
    private boolean attached = true;

    private LoopDevice(Path device) {
        this.device = device;
    }

    /**
     * Attaches {@code file}.
     *
     * @param sectorSize logical bytes of a sector: 512 or 4096
     */
    public static LoopDevice attach(Path file, int sectorSize) {
        Peers.requireRoot("loop devices");
        Peers.require("losetup");
        Assumptions.assumeTrue(Files.exists(Path.of("/dev/loop-control")), "skipped: loop devices: no /dev/loop-control here");
        Peers.Result result = Peers.tryRun(file.toAbsolutePath().getParent(), "losetup", "--find", "--show", "--sector-size",
                Integer.toString(sectorSize), file.toAbsolutePath().toString());
        Assumptions.assumeTrue(result.exitCode() == 0, () -> "skipped: loop devices: " + result.err().strip());
        return new LoopDevice(Path.of(result.out().strip()));
    }

    /** {@code /dev/loop7}. */
    public Path device() {
        return device;
    }

    @Override
    public void close() {
        if (attached) {
            attached = false;
            Peers.run(Path.of("/"), "losetup", "--detach", device.toString());
        }
    }
}
