package org.blockferry.engine.graph;

import java.util.Objects;
import org.blockferry.engine.block.BlockStatus;

/**
 * Status of a run, and which layer of a chain decided it.
 *
 * @param status what is known of the run. {@code LOCAL}: the layer at {@code depth} decides. Neither {@code LOCAL} nor {@code
 *     ZERO}: the layers that were asked defer to the ones below them. {@code ZERO} without {@code LOCAL}: the layers defer, and
 *     there is nothing below, or it ends before this run; {@code MAPPED} and the offset are then those of the last layer that
 *     deferred
 * @param depth 1: the top layer decided, 2: its backing file, and so on; where a backing file is too short, the layer that is
 *     too short. 0: nobody did
 */
public record ChainStatus(BlockStatus status, int depth) {
    public ChainStatus {
        Objects.requireNonNull(status, "status");
        if (depth < 0 || status.isLocal() && depth == 0) {
            throw new IllegalArgumentException("depth is " + depth + " for " + status);
        }
    }

    boolean continuesInto(ChainStatus next) {
        return depth == next.depth && status.continuesInto(next.status);
    }

    ChainStatus merge(ChainStatus next) {
        return new ChainStatus(status.merge(next.status), depth);
    }
}
