package org.blockferry.engine.job;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
import org.blockferry.engine.graph.Layer;
import org.blockferry.engine.graph.NodeSpec;

/**
 * Where a copy goes and as what, decided before anything is written.
 *
 * @param location of the target
 * @param existing what is there now, as far as it was looked at: files and devices only, for a server may end with its first
 *     client
 * @param format of the target
 * @param fixed whether it is a device or server: whatever is made there, what stood there is gone with the first write
 * @param inPlace whether what is there is written into; otherwise a new image is made, which may replace it when it is complete
 */
record CopyOutput(ImageLocation location, Optional<FoundImage> existing, String format, boolean fixed, boolean inPlace) {
    private static final String FILE = "file";
    private static final String STREAM = "stream";
    private static final String RAW = "raw";
    private static final String BACKED = "qcow2";

    static CopyOutput decide(ImageOpener opener, CopyOptions options, Optional<SalvageRun> salvage) throws BlockException {
        DriverRegistry registry = opener.registry();
        ImageLocation location = options.targetSpec().map(NodeSpec::file).orElseGet(() -> registry.locate(options.target()));
        Optional<FoundImage> existing = find(opener, location);
        String format = options.targetFormat().isEmpty() && salvage.flatMap(SalvageRun::targetFormat).isPresent()
                ? registry.format(location.text(), salvage.get().targetFormat().get()).name()
                : formatOf(registry, location, existing, options);
        // A raw disk on a device is the device; another format is laid out on it anew, as on a file.
        boolean fixed = registry.protocol(location).isFixed(location);
        boolean inPlace = options.noCreate() || salvage.isPresent() && salvage.get().goesOn() || format.equals(RAW) && fixed;
        CopyOutput output = new CopyOutput(location, existing, format, fixed, inPlace && !location.protocol().equals(STREAM));
        output.check(options);
        if (salvage.isPresent() && !fixed) {
            salvage.get().requireTarget(location.text(), registry.protocol(location).exists(location));
        }
        if (options.noCreate() && !registry.protocol(location).exists(location) && location.protocol().equals(FILE)) {
            throw BlockException.of(Kind.NOT_FOUND, location.text(), "No such file or directory, and none is to be made (-n)");
        }
        return output;
    }

    private static Optional<FoundImage> find(ImageOpener opener, ImageLocation location) throws BlockException {
        if (!location.protocol().equals(FILE)) {
            return Optional.empty();
        }
        try {
            return opener.find(location, OpenOptions.DEFAULT.withShare(true));
        } catch (BlockException e) {
            // What can be written but not read, such as /dev/null, is written in place.
            if (opener.registry().protocol(location).isFixed(location)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static String formatOf(DriverRegistry registry, ImageLocation location, Optional<FoundImage> existing,
            CopyOptions options) throws BlockException {
        if (options.targetFormat().isPresent()) {
            return registry.format(location.text(), options.targetFormat().get()).name();
        }
        if (options.backing().isPresent()) {
            return BACKED;
        }
        // What probes as raw may be anything, an empty file for one: then the name decides, unless the file is to stay.
        Optional<String> found = existing.map(FoundImage::format).filter(name -> options.noCreate() || !name.equals(RAW));
        return found.or(() -> options.noCreate() || !location.protocol().equals(FILE) ? Optional.empty()
                : registry.formatByExtension(location.rest()).map(FormatDriver::name)).orElse(RAW);
    }

    private void check(CopyOptions options) throws BlockException {
        if (location.protocol().equals(STREAM) && !format.equals(RAW)) {
            throw BlockException.of(Kind.UNSUPPORTED, location.text(),
                    "a stream takes a raw disk only; a " + format + " image is not written in one direction");
        }
        if (options.backing().isPresent() && format.equals(RAW)) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, location.text(),
                    "a raw disk has no backing file (-B); the format (-O) of a target with one is " + BACKED);
        }
    }

    /** Refuses a target that is one of the images that are read. */
    void requireApartFrom(Iterable<Layer> read, NodeInfo target) throws BlockException {
        for (Layer layer : read) {
            requireApartFrom(layer.location(), layer.identity(), target);
            if (layer.dataFile().isPresent()) {
                requireApartFrom(layer.dataFile().get().location(), layer.dataFile().get().file().identity(), target);
            }
        }
    }

    private void requireApartFrom(ImageLocation read, Optional<String> identity, NodeInfo target) throws BlockException {
        boolean same = identity.isPresent() && identity.equals(target.identity())
                || read.protocol().equals(location.protocol()) && read.rest().equals(location.rest())
                && location.protocol().equals(FILE);
        if (same) {
            throw BlockException.of(Kind.REFUSED, location.text(), "the target is an image that is read: '" + read + "'");
        }
    }

    /**
     * What a new target would ask of its plan, learned from one that is made nowhere.
     *
     * @param wanted the options of the target, which are those to be checked
     */
    NodeInfo preview(DriverRegistry registry, CreateOptions wanted) throws BlockException {
        FormatDriver driver = registry.format(location.text(), format);
        Set<Trait> traits = EnumSet.of(Trait.READS_ZERO_WHEN_NEW, Trait.FAST_ZERO);
        if (location.protocol().equals(STREAM)) {
            traits = EnumSet.of(Trait.APPEND_ONLY);
        }
        // Space that would be taken in advance is no part of the plan, and laying it out may take long.
        Map<String, String> rest = new LinkedHashMap<>(wanted.formatOptions());
        rest.remove("preallocation");
        long length = format.equals(RAW) ? wanted.length() : 0;
        try (BlockTarget target = driver.create(new DiscardStorage(location.text(), traits, length),
                wanted.withFormatOptions(rest).withCache(CacheMode.UNSAFE))) {
            return target.info();
        }
    }

    /** What the target is when the copy has not come to its end. */
    String unfinished(boolean begun) {
        if (location.protocol().equals(STREAM)) {
            return begun ? "incomplete: the stream was cut short" : "untouched";
        }
        if (inPlace || fixed) {
            return begun ? "incomplete: '" + location + "' was written in part" : "untouched";
        }
        return existing.isPresent() ? "unchanged: '" + location + "' is what it was before"
                : "not there: nothing was left under the name '" + location + "'";
    }
}
