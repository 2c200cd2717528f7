package org.blockferry.drivers.raw;

import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.block.WriteFlag;
import org.blockferry.engine.block.ZeroFlag;

/**
 * A raw image, written: everything passes through, but for giving space back where the user asked for it to be reserved. As
 * thread-safe as the file.
 */
class RawTarget implements BlockTarget {
    private final BlockTarget file;
    private final LayerInfo info;
    private final boolean keepsSpace;
    private final boolean isBounded;

    /** @param isBounded whether to refuse writes past the end even if the file would grow by them */
    RawTarget(BlockTarget file, Preallocation preallocation, boolean isBounded) {
        this.file = Objects.requireNonNull(file, "file");
        this.isBounded = isBounded;
        keepsSpace = preallocation != Preallocation.OFF;
        info = new LayerInfo(file, keepsSpace ? Set.of(Trait.ZERO_MAY_UNMAP, Trait.DISCARD) : Set.of());
    }

    @Override
    public final NodeInfo info() {
        return info.get();
    }

    @Override
    public final void write(long offset, ByteBuffer from, Set<WriteFlag> flags) throws BlockException {
        check("write", offset, from.remaining());
        file.write(offset, from, flags);
    }

    @Override
    public final boolean writeZeroes(ByteRange range, Set<ZeroFlag> flags) throws BlockException {
        check("zero", range.offset(), range.length());
        return file.writeZeroes(range, keepsSpace && flags.contains(ZeroFlag.MAY_UNMAP) ? withoutUnmap(flags) : flags);
    }

    private void check(String operation, long offset, long length) throws BlockException {
        if (isBounded && (offset > info().length() || length > info().length() - offset)) {
            throw BlockException.request(BlockException.Kind.OUT_OF_BOUNDS, info().name(), operation,
                    new ByteRange(offset, Math.min(length, Long.MAX_VALUE - offset)),
                    "the disk ends at 0x" + Long.toHexString(info().length()), null);
        }
    }

    private static Set<ZeroFlag> withoutUnmap(Set<ZeroFlag> flags) {
        EnumSet<ZeroFlag> rest = EnumSet.copyOf(flags);
        rest.remove(ZeroFlag.MAY_UNMAP);
        return rest;
    }

    @Override
    public final boolean discard(ByteRange range) throws BlockException {
        return !keepsSpace && file.discard(range);
    }

    @Override
    public final void flush() throws BlockException {
        file.flush();
    }

    @Override
    public final long offload(BlockStatus from, long to, long length) throws BlockException {
        return file.offload(from, to, length);
    }

    @Override
    public final boolean share(BlockSource source) throws BlockException {
        return !keepsSpace && file.share(source);
    }

    @Override
    public final void complete() throws BlockException {
        file.complete();
    }

    @Override
    public final void close() throws BlockException {
        file.close();
    }

    @Override
    public final void giveUp() {
        file.giveUp();
    }
}
