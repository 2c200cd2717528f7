package org.blockferry.engine.job;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.graph.FoundImage;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.Layer;
import org.blockferry.engine.plan.CopyPolicy;
import org.blockferry.engine.plan.ExtentSource;

/**
 * The base that a target keeps, found in the source's chain and checked.
 *
 * <pre>
 *   the base is …                                     what is copied
 *   the file of layer k of the source's chain         what the layers above k decide
 *   another file, the source has backing files        what the layers above k decide, for the smallest k such that the base
 *                                                     reads as the source wherever these layers defer; none: refused
 *   another file, the source has none                 everything, zeroes inside the base written
 * </pre>
 *
 * <p>So the target always reads as the source reads. A base that is shorter than the one it stands for is refused; past the end
 * of the one it stands for, a longer one is covered with zeroes.
 *
 * @param reference what is written into the target
 * @param index k; empty: everything is copied
 * @param sourceLength bytes of what the base stands for in the source's chain; 0 without an index
 * @param length bytes of the base
 */
record KeptBase(BackingReference reference, OptionalInt index, long sourceLength, long length) {

    /**
     * Finds, opens, checks and closes the base.
     *
     * @param output the target: a relative name is relative to its folder, and it must not be in the base's chain
     * @throws BlockException NOT_FOUND; INVALID_FORMAT if it is not of the claimed format; REFUSED if it is not the base
     */
    static KeptBase find(ImageOpener opener, ImageChain source, CopyOutput output, CopyOptions options) throws BlockException {
        String name = options.backing().orElseThrow();
        ImageLocation target = output.location();
        ImageLocation location = opener.resolve(target, ImageOpener.BACKING_FILE, name);
        OpenOptions how = new OpenOptions(options.sourceCache(), options.share(), Optional.empty(), Map.of());
        FoundImage found = opener.find(location, how).orElseThrow(() -> missing(target, location, name));
        OptionalInt inChain = placeOf(found, source);
        if (options.snapshot().isPresent() && inChain.isPresent() && inChain.getAsInt() == 0) {
            // The base would be the current state of the image whose snapshot is copied: another content in the same file.
            inChain = OptionalInt.empty();
        }
        String format = formatOf(found, inChain.isPresent() ? Optional.of(source.layers().get(inChain.getAsInt()).format())
                : Optional.empty(), options.backingFormat());
        try (ImageChain base = opener.openChain(location, Optional.of(format), how)) {
            if (output.existing().isPresent()) {
                output.requireApartFrom(base.layers(), output.existing().get().file());
            }
            OptionalInt index = inChain.isPresent() || source.layers().size() == 1 ? inChain
                    : OptionalInt.of(options.backingUnchecked() ? trusted(source, base) : new BaseCheck(source, base).index());
            BackingReference reference = new BackingReference(name, Optional.of(format));
            long sourceLength = index.isPresent() ? source.layers().get(index.getAsInt()).length() : 0;
            return new KeptBase(reference, index, sourceLength, base.info().length());
        }
    }

    /** By identity; by name where a node cannot tell its own. */
    private static OptionalInt placeOf(FoundImage found, ImageChain source) {
        OptionalInt same = source.indexOf(found.file());
        return same.isPresent() ? same : IntStream.range(0, source.layers().size())
                .filter(i -> source.layers().get(i).location().protocol().equals(found.location().protocol())
                        && source.layers().get(i).location().rest().equals(found.location().rest())).findFirst();
    }

    private static BlockException missing(ImageLocation target, ImageLocation location, String name) {
        String hint = name.startsWith("/") ? "" : "; a relative name is relative to the folder of the target";
        return BlockException.of(Kind.NOT_FOUND, target.text(),
                ImageOpener.BACKING_FILE + " '" + location + "': No such file or directory" + hint);
    }

    /** The format as the source's chain has it, else as it was claimed, else as it was probed. A claim must be true. */
    private static String formatOf(FoundImage found, Optional<String> inChain, Optional<String> claimed) throws BlockException {
        String format = inChain.orElse(found.format());
        if (claimed.isPresent() && !claimed.get().equals(format)) {
            throw BlockException.of(Kind.INVALID_FORMAT, found.location().text(),
                    "the backing file is of the format " + format + ", not " + claimed.get() + " as claimed");
        }
        return format;
    }

    private static int trusted(ImageChain source, ImageChain base) throws BlockException {
        Layer standsFor = source.layers().get(1);
        if (BaseCheck.visible(source, base.info().length()) < BaseCheck.visible(source, standsFor.length())) {
            throw BaseCheck.tooShort(source, base);
        }
        return 1;
    }

    CopyPolicy policy(boolean targetReadsZero) {
        return index.isPresent() ? CopyPolicy.aboveBase(sourceLength, length, targetReadsZero)
                : CopyPolicy.wholeOver(length, targetReadsZero);
    }

    /** What lies above the base; there must be an {@link #index}. */
    ExtentSource extents(ImageChain source) {
        int base = index.orElseThrow();
        long end = source.info().length();
        // Past its end the source was continued with zeroes, which hide the base.
        return range -> range.offset() >= end ? BlockStatus.zero(range)
                : source.statusAbove(base, ByteRange.between(range.offset(), Math.min(range.end(), end))).status();
    }
}
