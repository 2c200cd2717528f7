package org.blockferry.drivers.filter;

import java.util.Objects;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;

/** A source that calls one range a hole whatever it holds, as file systems have done with data that was not on the disk yet. */
public final class FalseHoles extends FilterSource {
    private final ByteRange lie;

    public FalseHoles(BlockSource below, ByteRange lie) {
        super(below);
        this.lie = Objects.requireNonNull(lie, "lie");
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        if (lie.contains(range.first(1))) {
            return BlockStatus.zero(ByteRange.between(range.offset(), Math.min(lie.end(), info().length())));
        }
        BlockStatus told = super.status(range);
        return told.range().overlaps(lie) ? told.clip(ByteRange.between(range.offset(), lie.offset())) : told;
    }
}
