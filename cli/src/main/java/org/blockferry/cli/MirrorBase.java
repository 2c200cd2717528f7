package org.blockferry.cli;

import java.util.Optional;
import org.blockferry.drivers.qmp.QemuDisk;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.LiveDisk.Ending;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.inspect.CompareResult;
import org.blockferry.engine.inspect.ImageCompare;
import org.blockferry.engine.inspect.ImageRequest;
import org.blockferry.engine.mirror.MirrorOptions;
import org.blockferry.engine.mirror.SyncMode;
import org.blockferry.engine.util.CloseAll;

/** Makes sure that the base which a target keeps reads as the base of QEMU's disk: else the target would be silently wrong. */
final class MirrorBase {
    private MirrorBase() {
    }

    /**
     * Compares the two, which takes the time of reading them.
     *
     * @throws BlockException REFUSED if they differ; then the disk is closed
     */
    static void check(DriverRegistry drivers, QemuDisk disk, MirrorRequest request) throws BlockException {
        MirrorOptions options = request.options();
        if (options.sync() != SyncMode.TOP || options.backing().isEmpty() || request.backingUnchecked()) {
            return;
        }
        try {
            compare(drivers, disk, options);
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, () -> disk.finish(Ending.FAILED));
            CloseAll.after(e, disk);
            throw e;
        }
    }

    private static void compare(DriverRegistry drivers, QemuDisk disk, MirrorOptions options) throws BlockException {
        String kept = new ImageOpener(drivers, OpenPolicy.DEFAULT)
                .resolve(drivers.locate(options.target()), ImageOpener.BACKING_FILE, options.backing().get()).text();
        ImageRequest request = ImageRequest.of(disk.base(options.layers())).withFormat(Optional.of("raw"));
        ImageCompare.Opened first = ImageCompare.open(drivers, request, false);
        ImageCompare.Opened second;
        try {
            second = ImageCompare.open(drivers,
                    ImageRequest.of(kept).withShare(true).withFormat(options.backingFormat()), false);
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, first);
            throw e;
        }
        CompareResult result;
        try (ImageCompare compare = ImageCompare.of(first, second, false)) {
            result = compare.run();
        }
        disk.forgetBase();
        if (!result.isSame()) {
            throw BlockException.of(Kind.REFUSED, options.target(), "backing file '" + kept + "' does not read as the base "
                    + "of the disk does: they differ at offset " + result.offset() + "; --backing-unchecked takes it all the same");
        }
    }
}
