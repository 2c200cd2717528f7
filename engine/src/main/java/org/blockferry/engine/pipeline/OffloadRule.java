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
 * the same reason). So it works where the search is off; PREFER is that {@code -C}. Sharing the blocks of a whole file is tried
 * before that, see {@link CopyPipeline#share}: it costs neither time nor space.
 */
final class OffloadRule {
    private final OffloadMode mode;
    private final boolean chosen;
    private final String why;
    private final boolean carries;
    private final String targetName;
    private volatile boolean refused;

    /** @param carries whether compressed units can be carried over from this source to this target */
    OffloadRule(BlockTarget target, PipelineOptions options, PipelineShape shape, boolean carries) {
        this.carries = carries && options.compress() && !options.recompress() && !options.salvage()
                && shape.kind() == PipelineShape.Kind.FUSED;
        this.mode = options.offload();
        this.targetName = target.info().name();
        String reason = "";
        boolean able = false;
        if (mode == OffloadMode.NEVER) {
            reason = "as asked";
        } else if (options.compress()) {
            reason = carries ? "what is stored compressed in the same form is carried over as it is, the rest is compressed here"
                    : "what is compressed is compressed here";
        } else if (!target.info().has(Trait.OFFLOAD)) {
            reason = "the target is none that the system can copy to";
        } else if (shape.kind() != PipelineShape.Kind.FUSED) {
            reason = "reading and writing are apart here";
        } else if (mode == OffloadMode.AUTO && options.sparseSize() > 0) {
            reason = "zeroes are looked for in the data, and a copy in the kernel finds none (-S 0 and --offload=prefer look for none)";
        } else {
            able = true;
            reason = mode == OffloadMode.ALWAYS ? "as asked, or not at all"
                    : mode == OffloadMode.PREFER ? "as asked; what the system refuses is read and written"
                    : "no zeroes are looked for; what the system refuses is read and written";
        }
        this.chosen = able;
        this.why = reason;
    }

    /** One line for people: whether the system copies, and why. */
    String explain() {
        return "offload to the kernel: " + (chosen ? "yes" : "no") + "; " + why;
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
        boolean possible = chosen && !refused && run.isOffsetValid() && !run.isZero();
        if (mode == OffloadMode.ALWAYS) {
            if (!possible) {
                throw unsupported(run);
            }
            return true;
        }
        return possible;
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
