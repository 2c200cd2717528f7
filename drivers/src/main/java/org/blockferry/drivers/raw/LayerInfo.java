package org.blockferry.drivers.raw;

import java.util.HashSet;
import java.util.Set;
import org.blockferry.engine.block.BlockNode;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;

/** The file's info under the name of this format; the same instance until the file's own changes, as a length that grew does. */
final class LayerInfo {
    private record Pair(NodeInfo below, NodeInfo here) {
    }

    private final BlockNode file;
    private final Set<Trait> without;
    private volatile Pair last;

    /** @param without what the file can and this layer does not do */
    LayerInfo(BlockNode file, Set<Trait> without) {
        this.file = file;
        this.without = without;
        last = pair(file.info());
    }

    NodeInfo get() {
        NodeInfo below = file.info();
        Pair pair = last;
        if (pair.below() != below) {
            pair = pair(below);
            last = pair;
        }
        return pair.here();
    }

    private Pair pair(NodeInfo below) {
        Set<Trait> traits = new HashSet<>(below.traits());
        traits.removeAll(without);
        return new Pair(below, new NodeInfo(below.name(), RawDriver.NAME, below.length(), below.limits(), traits, below.maxReaders(),
                below.maxWriters(), below.identity()));
    }
}
