package org.blockferry.engine.inspect;

import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.util.CloseAll;

/** Opens what can be asked about: a disk of known length. */
final class Inspection {
    private Inspection() {
    }

    /** @param seesHoles as in {@link DiskView} */
    static DiskView view(DriverRegistry drivers, ImageRequest request, boolean seesHoles) throws BlockException {
        ImageChain chain = request.open(drivers);
        if (!chain.info().isLengthKnown()) {
            BlockException failure = BlockException.of(Kind.UNSUPPORTED, request.image(),
                    "what a stream holds is known only when it was read");
            CloseAll.after(failure, chain);
            throw failure;
        }
        return new DiskView(chain, seesHoles);
    }
}
