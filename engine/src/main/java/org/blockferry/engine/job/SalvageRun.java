package org.blockferry.engine.job;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.salvage.SalvageMap;
import org.blockferry.engine.salvage.SalvageTarget;

/**
 * A copy that keeps a map: its target is written in place, so that it is there for the next run however this one ends. The
 * first run makes it, empty.
 */
final class SalvageRun {
    private static final long SAVE_NANOS = TimeUnit.SECONDS.toNanos(3);

    private final CopyOptions options;
    private final SalvageMap map;

    private SalvageRun(CopyOptions options, SalvageMap map) {
        this.options = options;
        this.map = map;
    }

    static Optional<SalvageRun> of(CopyOptions options, CopyInput input) throws BlockException {
        if (options.salvageMap().isEmpty()) {
            return Optional.empty();
        }
        if (input.isStream()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, input.info().name(),
                    "a stream is read once; no second run could go on by a map (--salvage-map)");
        }
        NodeInfo source = input.info();
        return Optional.of(new SalvageRun(options,
                SalvageMap.open(options.salvageMap().get(), source.name(), source.length())));
    }

    /** Whether the target of an earlier run is there and written into. */
    boolean goesOn() {
        return map.isResumed();
    }

    SalvageMap map() {
        return map;
    }

    /** The format of the target that an earlier run made, as far as its map tells. */
    Optional<String> targetFormat() {
        return map.targetFormat();
    }

    /** A map alone, or a target alone, is half of something. */
    void requireTarget(String target, boolean there) throws BlockException {
        if (goesOn() && !there) {
            throw BlockException.of(Kind.NOT_FOUND, target,
                    "No such file or directory, but its map '" + map.file()
                    + "' is there; without the target the map is worth nothing");
        }
        if (!goesOn() && there && !options.noCreate()) {
            throw BlockException.of(Kind.REFUSED, target, "is there, but its map '" + map.file()
                    + "' is not; a salvage replaces nothing: remove the target, or write into it (-n)");
        }
    }

    /** Makes the target, empty, and opens it to be written in place. */
    BlockTarget make(ImageOpener opener, CopyOutput output, CreateOptions create) throws BlockException {
        try (BlockTarget empty = opener.createTarget(output.location(), output.format(), create)) {
            empty.complete();
        }
        return opener.openTarget(output.location(), Optional.of(output.format()),
                new OpenOptions(options.targetCache(), false, Optional.empty(), Map.of()));
    }

    /** The target with the map beside it, which is saved at once. */
    BlockTarget noting(BlockTarget target, String format) throws BlockException {
        if (target.info().has(Trait.APPEND_ONLY)) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, target.info().name(),
                    "a stream is written once; no second run could go on by a map (--salvage-map)");
        }
        return new SalvageTarget(target, map, format, SAVE_NANOS);
    }

    /** What the target is when the copy was ended early. */
    String unfinished() {
        return "incomplete: " + map.missing() + " bytes are still to be read; the same command goes on by '" + map.file() + "'";
    }
}
