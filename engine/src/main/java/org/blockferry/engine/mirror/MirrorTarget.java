package org.blockferry.engine.mirror;

import java.util.Optional;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.FormatDriver;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.graph.FoundImage;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.util.CloseAll;

/**
 * Where a mirror job writes: a new image that appears under its name when it is whole, or one that is there and is written in
 * place.
 *
 * @param inPlace whether it was there before
 * @param backed whether a base shows through where nothing is written
 */
record MirrorTarget(BlockTarget node, ImageLocation location, boolean inPlace, boolean backed) {
    private static final String FILE = "file";
    private static final String RAW = "raw";
    private static final String QCOW2 = "qcow2";

    /** @throws BlockException one line: it cannot be made or written, or is shorter than the source; then nothing was changed */
    static MirrorTarget open(DriverRegistry drivers, MirrorOptions options, long length) throws BlockException {
        ImageOpener opener = new ImageOpener(drivers, OpenPolicy.DEFAULT);
        ImageLocation location = drivers.locate(options.target());
        boolean file = location.protocol().equals(FILE);
        boolean fixed = drivers.protocol(location).isFixed(location);
        Optional<FoundImage> standing = file && !fixed ? opener.find(location, OpenOptions.DEFAULT.withShare(true))
                : Optional.empty();
        String format = format(drivers, options, location, standing);
        if (options.backing().isPresent() && (format.equals(RAW) || options.noCreate())) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, location.text(), options.noCreate()
                    ? "what is there keeps the backing file that it has" : "a raw disk has no backing file");
        }
        if (options.noCreate() && file && !drivers.protocol(location).exists(location)) {
            throw BlockException.of(Kind.NOT_FOUND, location.text(), "No such file or directory, and none is to be made");
        }
        if (!options.noCreate() && !(fixed && format.equals(RAW))) {
            return create(opener, options, location, format, length);
        }
        BlockTarget target = opener.openTarget(location, Optional.of(format), OpenOptions.DEFAULT);
        try {
            long has = target.info().length();
            if (has != NodeInfo.UNKNOWN_LENGTH && has < length) {
                throw BlockException.of(Kind.NO_SPACE, location.text(), "the target has " + has + " bytes, the source " + length);
            }
            return new MirrorTarget(target, location, true, target.info().has(Trait.BACKING));
        } catch (BlockException | RuntimeException | Error e) {
            CloseAll.after(e, target);
            throw e;
        }
    }

    private static MirrorTarget create(ImageOpener opener, MirrorOptions options, ImageLocation location, String format,
            long length) throws BlockException {
        Optional<BackingReference> backing = Optional.empty();
        if (options.backing().isPresent()) {
            ImageLocation base = opener.resolve(location, ImageOpener.BACKING_FILE, options.backing().get());
            FoundImage found = opener.find(base, OpenOptions.DEFAULT.withShare(true)).orElseThrow(() -> BlockException.of(
                    Kind.NOT_FOUND, location.text(), ImageOpener.BACKING_FILE + " '" + base + "': No such file or directory"));
            backing = Optional.of(new BackingReference(options.backing().get(),
                    Optional.of(options.backingFormat().orElse(found.format()))));
        }
        CreateOptions wanted = new CreateOptions(length, CacheMode.WRITEBACK, backing, options.targetOptions());
        BlockTarget target = opener.createTarget(location, format, wanted);
        return new MirrorTarget(target, location, false, backing.isPresent());
    }

    private static String format(DriverRegistry drivers, MirrorOptions options, ImageLocation location,
            Optional<FoundImage> standing) throws BlockException {
        if (options.targetFormat().isPresent()) {
            return drivers.format(location.text(), options.targetFormat().get()).name();
        }
        if (options.backing().isPresent()) {
            return QCOW2;
        }
        // What probes as raw may be anything: then the name decides, unless the file is to stay.
        Optional<String> found = standing.map(FoundImage::format).filter(name -> options.noCreate() || !name.equals(RAW));
        return found.or(() -> options.noCreate() || !location.protocol().equals(FILE) ? Optional.empty()
                : drivers.formatByExtension(location.rest()).map(FormatDriver::name)).orElse(RAW);
    }

    /** Decides the first pass. */
    CopyPolicy first(MirrorOptions options, long length) {
        boolean zero = options.targetIsZero() || !inPlace && node.info().has(Trait.READS_ZERO_WHEN_NEW);
        CopyPolicy policy = options.sync() == SyncMode.TOP ? above(length)
                : backed ? CopyPolicy.wholeOver(length, zero) : CopyPolicy.whole(zero);
        return policy.withAllocateAll(!options.unmap());
    }

    /** Decides all others: what is not dirty is left as it is, and zeroes go over what was there. */
    CopyPolicy following(MirrorOptions options, long length) {
        return above(length).withAllocateAll(!options.unmap());
    }

    private static CopyPolicy above(long length) {
        return CopyPolicy.aboveBase(length, length, false);
    }

    /** What it is when the job has come to nothing, for people. */
    String unfinished(boolean begun) {
        if (inPlace) {
            return begun ? "incomplete: '" + location + "' was written in part" : "untouched";
        }
        return "not made: '" + location + "' is what it was before, or not there";
    }

    /** Whether a failure is this node's. */
    boolean failedHere(BlockException failure) {
        return failure.node().equals(node.info().name()) || failure.node().equals(location.text());
    }
}
