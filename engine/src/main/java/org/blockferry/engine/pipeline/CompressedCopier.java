package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.CompressedSource;
import org.blockferry.engine.block.CompressedTarget;

/**
 * Carries compressed units over as they are stored. Each is decompressed, which shows that it is whole and where it ends; what is
 * spared is compressing it again, most of the work. Owned by one thread.
 */
final class CompressedCopier {
    private final CompressedSource source;
    private final CompressedTarget target;
    private final int unit;
    private final OffloadCopier rest;
    private final CopyCounters counters;
    private final RunState state;
    private ByteBuffer stored = ByteBuffer.allocate(0);

    /** @param rest copies what is not carried over */
    CompressedCopier(CompressedSource source, CompressedTarget target, OffloadCopier rest, CopyCounters counters, RunState state) {
        this.source = source;
        this.target = target;
        this.unit = target.compressedForm().orElseThrow().unit();
        this.rest = rest;
        this.counters = counters;
        this.state = state;
    }

    /** Whether there are two ends here between which units can be carried over. */
    static boolean isPossible(Object source, Object target) {
        return source instanceof CompressedSource from && target instanceof CompressedTarget to && from.compressedForm().isPresent()
                && from.compressedForm().equals(to.compressedForm());
    }

    /**
     * Copies the run to the same offset of the target.
     *
     * @param buffer free memory, at least a unit
     * @return false if the copy was stopped before all was done
     */
    boolean copy(BlockStatus run, ByteBuffer buffer) throws BlockException {
        if (stored.capacity() == 0) {
            stored = ByteBuffer.allocateDirect(unit);
        }
        for (long at = run.offset(); at < run.end(); ) {
            if (state.isStopping()) {
                return false;
            }
            long end = Math.min(run.end(), at - at % unit + unit);
            boolean whole = at % unit == 0 && (end - at == unit || end == source.info().length());
            if (!(whole && carry(at, end, run.end(), buffer)) && !rest.copyThrough(at, end, buffer)) {
                return false;
            }
            at = end;
        }
        return true;
    }

    private boolean carry(long at, long end, long runEnd, ByteBuffer buffer) throws BlockException {
        int bytes = source.readCompressed(at, runEnd, stored.clear(), buffer.clear().limit(unit));
        if (bytes == 0 || !target.writeCompressed(at, stored.flip())) {
            return false;
        }
        if (state.listener() != CopyListener.NONE) {
            state.listener().read(at, buffer.duplicate().limit((int) (end - at)).position(0));
        }
        counters.addCopied(end - at);
        return true;
    }
}
