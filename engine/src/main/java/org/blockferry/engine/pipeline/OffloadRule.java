package org.blockferry.engine.pipeline;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.Trait;

/**
 * Whether a run is left to the system to copy; remembers when the system cannot. Thread-safe.
 *
 * <p>AUTO offloads nothing that is to be searched for zeroes: the case table of the design promises that written zeroes become
 * holes, and a copy in the kernel carries them over as data ({@code qemu-img convert} excludes {@code -C} with {@code -S} for
 * the same reason). So it works where the search is off. Sharing the blocks of a whole file is tried before that, see
 * {@link CopyPipeline#share}: it costs neither time nor space.
 */
final class OffloadRule {
    private final OffloadMode mode;
    private final boolean searching;
    private final boolean able;
    private final boolean carries;
    private final String targetName;
    private volatile boolean refused;

    /** @param carries whether compressed units can be carried over from this source to this target */
    OffloadRule(BlockTarget target, PipelineOptions options, PipelineShape shape, boolean carries) {
        this.carries = carries && options.compress() && !options.recompress() && !options.salvage()
                && shape.kind() == PipelineShape.Kind.FUSED;
        this.mode = options.offload();
        this.searching = options.sparseSize() > 0;
        this.able = target.info().has(Trait.OFFLOAD) && shape.kind() == PipelineShape.Kind.FUSED && !options.compress();
        this.targetName = target.info().name();
    }

    /**
     * Whether the run is to be offloaded.
     *
     * @throws BlockException UNSUPPORTED if it must be and cannot be
     */
    boolean wants(BlockStatus run) throws BlockException {
        if (carries && run.isCompressed()) {
            return true;
        }
        if (mode == OffloadMode.NEVER) {
            return false;
        }
        boolean possible = able && !refused && run.isOffsetValid() && !run.isZero();
        if (mode == OffloadMode.ALWAYS) {
            if (!possible) {
                throw unsupported(run);
            }
            return true;
        }
        return possible && !searching;
    }

    boolean isRefused() {
        return refused;
    }

    /**
     * The target could not do it: it is not asked again.
     *
     * @throws BlockException UNSUPPORTED if it must be offloaded
     */
    void refuse(BlockStatus run) throws BlockException {
        refused = true;
        if (mode == OffloadMode.ALWAYS) {
            throw unsupported(run);
        }
    }

    private BlockException unsupported(BlockStatus run) {
        return BlockException.request(BlockException.Kind.UNSUPPORTED, targetName, "offload", run.range(),
                "not possible for a run that is " + run.letters() + ", and offload=always forbids to read and write it", null);
    }
}
