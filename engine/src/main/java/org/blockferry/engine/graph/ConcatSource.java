package org.blockferry.engine.graph;

import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;

/**
 * Several disks, one after the other, as one. A part whose length is not a multiple of 512 bytes is continued with zeroes up to
 * the next one, as {@code qemu-img convert} does with several sources.
 *
 * <p>As thread-safe as the least thread-safe part.
 */
public final class ConcatSource implements BlockSource {
    private static final int SECTOR = 512;

    private final BlockSource[] parts;
    /** Where each part starts, and at last where all end. */
    private final long[] starts;
    private final NodeInfo info;

    /**
     * The parts in this order; closed with this.
     *
     * @throws IllegalArgumentException if there is no part, one of unknown length, or more than 2^63-1 bytes in all
     */
    public ConcatSource(List<? extends BlockSource> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("no parts");
        }
        this.parts = parts.toArray(BlockSource[]::new);
        this.starts = new long[this.parts.length + 1];
        NodeInfo first = this.parts[0].info();
        int readers = first.maxReaders();
        int alignment = SECTOR;
        Set<Trait> traits = EnumSet.noneOf(Trait.class);
        traits.addAll(first.traits());
        for (int i = 0; i < this.parts.length; i++) {
            NodeInfo part = this.parts[i].info();
            if (!part.isLengthKnown()) {
                throw new IllegalArgumentException(
                        part.name() + ": the length of a stream is not known, so nothing can follow it");
            }
            long rounded = part.length() > Long.MAX_VALUE - SECTOR ? Long.MAX_VALUE
                    : (part.length() + SECTOR - 1) / SECTOR * SECTOR;
            if (starts[i] > Long.MAX_VALUE - rounded) {
                throw new IllegalArgumentException(part.name() + ": the sources have more than 2^63-1 bytes in all");
            }
            starts[i + 1] = starts[i] + rounded;
            readers = Math.min(readers, part.maxReaders());
            alignment = Math.max(alignment, part.limits().requestAlignment());
            traits.retainAll(part.traits());
            if (part.has(Trait.REMOTE)) {
                traits.add(Trait.REMOTE);
            }
        }
        String name = String.join(" + ", parts.stream().map(part -> part.info().name()).toList());
        this.info = new NodeInfo(name, "concat", starts[this.parts.length],
                first.limits().withTransfer(first.limits().optimalTransfer(), Math.max(first.limits().maxTransfer(), alignment))
                        .withRequestAlignment(alignment),
                traits, readers, 1, Optional.empty());
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        int part = partAt(range.offset());
        long start = starts[part];
        long length = parts[part].info().length();
        long offset = range.offset() - start;
        if (offset >= length) {
            return BlockStatus.zero(ByteRange.between(range.offset(), starts[part + 1]));
        }
        BlockStatus status = parts[part].status(ByteRange.between(offset, Math.min(range.end() - start, length)));
        return status.withRange(new ByteRange(range.offset(), status.range().length()));
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        if (offset < 0 || offset > info.length() - into.remaining()) {
            throw BlockException.request(BlockException.Kind.OUT_OF_BOUNDS, info.name(), "read",
                    new ByteRange(Math.max(offset, 0), into.remaining()), "the disks have " + info.length() + " bytes", null);
        }
        int limit = into.limit();
        long position = offset;
        int part = partAt(offset);
        while (into.hasRemaining()) {
            while (position >= starts[part + 1]) {
                part++;
            }
            long inside = position - starts[part];
            long present = parts[part].info().length() - inside;
            int piece = (int) Math.min(into.remaining(), present > 0 ? present : starts[part + 1] - position);
            if (present > 0) {
                into.limit(into.position() + piece);
                parts[part].read(inside, into);
                into.limit(limit);
            } else {
                Zeroes.fill(into, piece);
            }
            position += piece;
        }
    }

    /** The part that holds {@code offset}; the last one for the end. */
    private int partAt(long offset) {
        int low = 0;
        int high = parts.length - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (offset >= starts[middle + 1]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    @Override
    public void close() throws BlockException {
        ImageChain.closeAll(List.of(parts));
    }
}
