package org.blockferry.engine.pipeline;

import java.nio.ByteBuffer;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.plan.CopyPolicy;

/** Writes data and zeroes, finding zeroes in the data; counts what the target has taken. Owned by one thread. */
final class TargetWriter {
    private static final Set<WriteFlag> COMPRESSED = Set.of(WriteFlag.COMPRESSED);

    private final BlockTarget target;
    private final Set<WriteFlag> flags;
    private final ZeroRule rule;
    private final ZeroScanner scanner = new ZeroScanner();
    private final ZeroWriter zeroes;
    private final CopyCounters counters;
    private final RunState state;
    private final StageTimer timer;

    TargetWriter(BlockTarget target, CopyPolicy policy, PipelineOptions options, ZeroRule rule, CopyCounters counters,
            RunState state, StageTimer timer) {
        this.target = target;
        this.flags = options.compress() ? COMPRESSED : WriteFlag.NONE;
        this.rule = rule;
        this.zeroes = new ZeroWriter(target, !policy.allocateAll(), state);
        this.counters = counters;
        this.state = state;
        this.timer = timer;
    }

    /**
     * Writes {@code length} bytes that stand in {@code buffer} from {@code position} on.
     *
     * @return false if the copy was stopped before all was done
     */
    boolean writeData(long offset, ByteBuffer buffer, int position, int length) throws BlockException {
        if (!rule.isEnabled()) {
            write(offset, buffer, position, length);
            return true;
        }
        int done = 0;
        while (done < length) {
            long from = offset + done;
            int part = (int) Math.min(length - done, rule.sameUntil(from) - from);
            if (!writeFound(from, buffer, position + done, part)) {
                return false;
            }
            done += part;
        }
        return true;
    }

    private boolean writeFound(long offset, ByteBuffer buffer, int position, int length) throws BlockException {
        boolean explicit = rule.isExplicit(offset);
        buffer.limit(position + length);
        scanner.reset(buffer, position, position + length, offset, rule.block(offset), rule.minimum());
        while (true) {
            long start = timer.start();
            boolean more = scanner.next();
            timer.done(StageOp.SCAN, start, more ? scanner.end() - scanner.start() : 0);
            if (!more) {
                return true;
            }
            long at = offset + scanner.start() - position;
            int bytes = scanner.end() - scanner.start();
            if (!scanner.isZero()) {
                write(at, buffer, scanner.start(), bytes);
                buffer.limit(position + length);
            } else {
                if (explicit && !zero(at, bytes)) {
                    return false;
                }
                counters.addZeroDetected(bytes);
            }
        }
    }

    private void write(long offset, ByteBuffer buffer, int position, int length) throws BlockException {
        long start = timer.start();
        while (true) {
            try {
                target.write(offset, buffer.limit(position + length).position(position), flags);
                break;
            } catch (BlockException e) {
                if (!state.awaitSpace(e)) {
                    throw e;
                }
            }
        }
        timer.done(StageOp.WRITE, start, length);
        counters.addCopied(length);
    }

    /**
     * Writes zeroes.
     *
     * @return false if the copy was stopped before all was done
     */
    boolean writeZeroes(long offset, long length) throws BlockException {
        if (!zero(offset, length)) {
            return false;
        }
        counters.addZeroed(length);
        return true;
    }

    private boolean zero(long offset, long length) throws BlockException {
        long start = timer.start();
        while (true) {
            try {
                boolean done = zeroes.write(offset, length);
                timer.done(StageOp.ZERO, start, length);
                return done;
            } catch (BlockException e) {
                if (!state.awaitSpace(e)) {
                    throw e;
                }
            }
        }
    }
}
