package org.blockferry.engine.inspect;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.graph.ChainStatus;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.Layer;

/**
 * A chain as qemu-img sees it: in whole sectors, a raw image that ends within one being continued with zeroes, and with the zeroes of
 * clusters that were mapped in advance and never written.
 *
 * <p>One thread asks for entries, beside as many as the chain allows that read.
 */
final class DiskView implements AutoCloseable {
    private static final int SECTOR = 512;
    private static final String RAW = "raw";

    private final ImageChain chain;
    private final List<Layer> layers;
    private final boolean seesHoles;
    /** For each layer: whether its data is looked up in its file; asked when the first is met. */
    private final Optional<Boolean>[] inAdvance;
    private final Optional<String>[] names;
    private final boolean[] raw;
    private final long[] lengths;
    private BlockSource lastHost;
    private Optional<String> lastHostName = Optional.empty();

    /** @param seesHoles whether data is said to be zero wherever its file has a hole, also where QEMU does not look */
    DiskView(ImageChain chain, boolean seesHoles) {
        this.chain = chain;
        this.seesHoles = seesHoles;
        this.layers = chain.layers();
        this.inAdvance = emptyOptionals(layers.size());
        this.names = emptyOptionals(layers.size());
        this.raw = new boolean[layers.size()];
        this.lengths = new long[layers.size()];
        for (int i = 0; i < layers.size(); i++) {
            raw[i] = layers.get(i).format().equals(RAW);
            names[i] = Optional.of(layers.get(i).node().file().info().name());
            lengths[i] = layers.get(i).length();
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static <T> Optional<T>[] emptyOptionals(int count) {
        Optional[] all = new Optional[count];
        java.util.Arrays.fill(all, Optional.empty());
        return all;
    }

    static long wholeSectors(long bytes) {
        return bytes > Long.MAX_VALUE - SECTOR ? bytes : bytes + SECTOR - 1 & -SECTOR;
    }

    ImageChain chain() {
        return chain;
    }

    /** Bytes of the disk, in whole sectors. */
    long length() {
        return wholeSectors(lengths[0]);
    }

    /**
     * The run at {@code start}.
     *
     * @param end where the caller's interest ends; at most {@link #length}, more than {@code start}
     */
    MapEntry entry(long start, long end) throws BlockException {
        if (start >= lengths[0]) {
            return tail(start, end, 0);
        }
        ByteRange asked = ByteRange.between(start, Math.min(end, lengths[0]));
        if (layers.size() == 1) {
            // Straight to the layer: a chain looks one run ahead to join what its layers cut, and here nothing is cut.
            BlockStatus status = layers.get(0).node().status(asked);
            return entryOf(status, start, end, status.isLocal() ? 1 : 0);
        }
        ChainStatus found = chain.statusAbove(layers.size(), asked);
        return entryOf(found.status(), start, end, found.depth());
    }

    /** @param decided as in {@link ChainStatus#depth} */
    private MapEntry entryOf(BlockStatus status, long start, long end, int decided) throws BlockException {
        long length = Math.min(status.end(), end) - start;
        if (!status.isLocal()) {
            // Either all layers defer, or one is too short, and then the one above it decides.
            if (decided > 0 && start < wholeSectors(lengths[decided - 1])) {
                return tail(start, end, decided - 1);
            }
            int depth = decided == 0 ? layers.size() - 1 : decided - 2;
            return plainEntry(status.withBits(status.bits() | BlockStatus.ZERO), start, length, depth);
        }
        int layer = decided - 1;
        if (status.isOffsetValid() && !raw[layer]) {
            if (status.isZero()) {
                return holeOrZero(status, start, length, layer);
            }
            if (isInAdvance(layer)) {
                return lookedUp(status, start, length, layer);
            }
        }
        return plainEntry(status, start, length, layer);
    }

    /** What is past the last byte of a raw image, within its last sector: a hole. */
    private MapEntry tail(long start, long end, int layer) {
        long length = Math.min(wholeSectors(lengths[layer]), end) - start;
        return new MapEntry(start, length, layer, true, true, false, false, start, names[layer]);
    }

    private MapEntry plainEntry(BlockStatus status, long start, long length, int depth) {
        long offset = MapEntry.NO_OFFSET;
        Optional<String> file = Optional.empty();
        if (status.isOffsetValid()) {
            offset = status.hostOffset() + start - status.offset();
            file = nameOf(status.host());
        } else if (status.isLocal() && status.isZero() && raw[depth]) {
            // A hole of a raw image has its place in the file.
            offset = start;
            file = names[depth];
        }
        return new MapEntry(start, length, depth, status.isLocal(), status.isZero(),
                status.isLocal() && status.isMapped() && !status.isZero(), status.isCompressed(), offset, file);
    }

    private Optional<String> nameOf(BlockSource host) {
        if (host != lastHost) {
            lastHost = host;
            lastHostName = Optional.of(host.info().name());
        }
        return lastHostName;
    }

    private boolean isInAdvance(int layer) throws BlockException {
        if (inAdvance[layer].isEmpty()) {
            inAdvance[layer] = Optional.of(layers.get(layer).node().isMappedInAdvance());
        }
        return inAdvance[layer].get();
    }

    /**
     * Zeroes that have their place in the file: the image's tables say so, or they say data and the file has a hole there. QEMU
     * sees the latter only in images that were mapped in advance.
     */
    private MapEntry holeOrZero(BlockStatus status, long start, long length, int layer) throws BlockException {
        BlockStatus table = layers.get(layer).node().tableStatus(new ByteRange(start, length));
        long same = Math.min(length, table.end() - start);
        if (table.isZero()) {
            return plainEntry(status, start, same, layer);
        }
        return new MapEntry(start, same, layer, true, seesHoles || isInAdvance(layer), true, false,
                status.hostOffset() + start - status.offset(), nameOf(status.host()));
    }

    /** Data whose place in the file is a hole reads as zeroes. */
    private MapEntry lookedUp(BlockStatus status, long start, long length, int layer) throws BlockException {
        BlockSource host = status.host();
        long offset = status.hostOffset() + start - status.offset();
        BlockStatus below = host.status(ByteRange.between(offset, Math.min(offset + length, host.info().length())));
        return new MapEntry(start, Math.min(length, below.end() - offset), layer, true, below.isZero(), true, false, offset,
                nameOf(host));
    }

    /** Fills {@code into}, zeroes past the last byte. */
    void read(long offset, ByteBuffer into) throws BlockException {
        int limit = into.limit();
        int there = (int) Math.min(into.remaining(), Math.max(0, lengths[0] - offset));
        into.limit(into.position() + there);
        chain.read(offset, into);
        into.limit(limit);
        while (into.hasRemaining()) {
            into.put((byte) 0);
        }
    }

    @Override
    public void close() throws BlockException {
        chain.close();
    }
}
