package org.blockferry.engine.graph;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockLimits;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CompressedForm;
import org.blockferry.engine.block.CompressedSource;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.util.CloseAll;

/**
 * An image and its backing files, read as the one disk that they show. The disk is as long as the top layer; past the end of a
 * shorter backing file the layer above it reads as zeroes.
 *
 * <p>Any number of threads may read, up to {@link NodeInfo#maxReaders}, beside one that asks for status. The images are taken
 * not to change while they are open here: the last run of each layer is remembered.
 */
public final class ImageChain implements CompressedSource {
    /** Runs joined by one question: enough to make fragments of the layers disappear, and a bound on the time of a call. */
    private static final int MAX_MERGE = 64;

    private final List<Layer> layers;
    private final ChainLayer[] chain;
    private final NodeInfo info;

    /**
     * A chain of opened layers, top first, which it owns from now on.
     *
     * @throws IllegalArgumentException if there is none, or a stream that is not alone
     */
    public ImageChain(List<Layer> layers) {
        this.layers = List.copyOf(layers);
        if (layers.isEmpty()) {
            throw new IllegalArgumentException("a chain has at least one layer");
        }
        if (layers.size() > 1 && layers.stream().anyMatch(layer -> !layer.node().info().isLengthKnown())) {
            throw new IllegalArgumentException("a stream has no place in a chain: " + layers);
        }
        this.chain = layers.stream().map(layer -> new ChainLayer(layer.node())).toArray(ChainLayer[]::new);
        this.info = infoOf(this.layers);
    }

    private static NodeInfo infoOf(List<Layer> layers) {
        NodeInfo top = layers.get(0).node().info();
        int readers = top.maxReaders();
        int alignment = top.limits().requestAlignment();
        int memory = top.limits().memoryAlignment();
        for (Layer layer : layers) {
            NodeInfo other = layer.node().info();
            readers = Math.min(readers, other.maxReaders());
            alignment = Math.max(alignment, other.limits().requestAlignment());
            memory = Math.max(memory, other.limits().memoryAlignment());
        }
        BlockLimits limits = layers.size() == 1 ? top.limits()
                : top.limits().withTransfer(top.limits().optimalTransfer(), Math.max(top.limits().maxTransfer(), alignment))
                        .withRequestAlignment(alignment).withMemoryAlignment(memory);
        Optional<String> identity = top.identity().or(layers.get(0)::identity);
        return new NodeInfo(top.name(), top.driver(), top.length(), limits, top.traits(), readers, top.maxWriters(), identity);
    }

    /** The images, top first. */
    public List<Layer> layers() {
        return layers;
    }

    /** The image that was asked for. */
    public Layer top() {
        return layers.get(0);
    }

    /**
     * The place in {@link #layers} of the image that is {@code image}, under any name.
     *
     * @param image the protocol node of an image; one that cannot tell its identity is found nowhere
     */
    public OptionalInt indexOf(NodeInfo image) {
        Optional<String> wanted = image.identity();
        for (int i = 0; wanted.isPresent() && i < layers.size(); i++) {
            if (layers.get(i).identity().equals(wanted)) {
                return OptionalInt.of(i);
            }
        }
        return OptionalInt.empty();
    }

    @Override
    public NodeInfo info() {
        return info;
    }

    /** The status of the first run, as the whole chain decides it. */
    @Override
    public BlockStatus status(ByteRange range) throws BlockException {
        return statusAbove(chain.length, range).status();
    }

    /**
     * The status of the first run in {@code range}, as the layers {@code [0, base)} decide it, and which of them did.
     *
     * <p>The run starts at the range's offset and may end before or after the range. Where all of these layers defer, the
     * status is not {@code LOCAL} and the depth 0; it is {@code ZERO} then only if {@code base} is the number of layers, so
     * that nothing is below. Where one of these layers is too short, the status is {@code ZERO} and the depth is that layer's.
     *
     * @param base index of the first layer that is left out, from 0 to the number of layers
     * @param range bytes of the disk, within {@code [0, length)}, not empty
     */
    public ChainStatus statusAbove(int base, ByteRange range) throws BlockException {
        Objects.checkIndex(base, chain.length + 1);
        if (range.isEmpty() || range.end() > info.length()) {
            throw new IllegalArgumentException(info.name() + ": status of " + range + " of " + info.length() + " bytes");
        }
        ChainStatus run = decide(base, range.offset(), range.end());
        for (int merged = 0; merged < MAX_MERGE && run.status().end() < range.end(); merged++) {
            ChainStatus next = decide(base, run.status().end(), range.end());
            if (!run.continuesInto(next)) {
                break;
            }
            run = run.merge(next);
        }
        return run;
    }

    /** One run, down from the top; each layer is asked for no more than what the layers above it defer. */
    private ChainStatus decide(int base, long offset, long end) throws BlockException {
        BlockStatus deferred = BlockStatus.deferred(ByteRange.between(offset, info.length()));
        for (int i = 0; i < base; i++) {
            ChainLayer layer = chain[i];
            if (offset >= layer.length) {
                return new ChainStatus(readsZero(deferred), i + 1);
            }
            long askEnd = Math.min(Math.min(end, deferred.end()), layer.length);
            BlockStatus answer = layer.walk(ByteRange.between(offset, askEnd)).clip(deferred.range());
            if (answer.isLocal()) {
                return new ChainStatus(answer, i + 1);
            }
            deferred = answer;
        }
        return new ChainStatus(base == chain.length ? readsZero(deferred) : deferred, 0);
    }

    private static BlockStatus readsZero(BlockStatus deferred) {
        return deferred.withBits(deferred.bits() | BlockStatus.ZERO);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws BlockException {
        if (info.isLengthKnown() && (offset < 0 || offset > info.length() - into.remaining())) {
            throw BlockException.request(BlockException.Kind.OUT_OF_BOUNDS, info.name(), "read",
                    new ByteRange(Math.max(offset, 0), into.remaining()), "the disk has " + info.length() + " bytes", null);
        }
        read(0, offset, into);
    }

    private void read(int index, long offset, ByteBuffer into) throws BlockException {
        ChainLayer layer = chain[index];
        if (index == chain.length - 1) {
            readLast(layer, offset, into);
            return;
        }
        int limit = into.limit();
        long end = offset + into.remaining();
        long position = offset;
        while (position < end) {
            if (position >= layer.length) {
                Zeroes.fill(into, (int) (end - position));
                return;
            }
            // One piece: as many runs as the same layer decides, so that it is asked for in one read.
            long layerEnd = Math.min(end, layer.length);
            BlockStatus run = layer.look(ByteRange.between(position, layerEnd));
            boolean local = run.isLocal();
            boolean zero = run.isZero();
            long stop = Math.min(run.end(), layerEnd);
            while (stop < layerEnd) {
                run = layer.look(ByteRange.between(stop, layerEnd));
                if (run.isLocal() != local) {
                    break;
                }
                zero &= run.isZero();
                stop = Math.min(run.end(), layerEnd);
            }
            int length = (int) (stop - position);
            into.limit(into.position() + length);
            if (!local) {
                read(index + 1, position, into);
            } else if (zero) {
                Zeroes.fill(into, length);
            } else {
                layer.node.read(position, into);
            }
            into.limit(limit);
            position = stop;
        }
    }

    /** Nothing is below: what the layer defers reads as zeroes from the layer itself, and it need not be asked for status. */
    private static void readLast(ChainLayer layer, long offset, ByteBuffer into) throws BlockException {
        if (layer.length == NodeInfo.UNKNOWN_LENGTH) {
            layer.node.read(offset, into);
            return;
        }
        int limit = into.limit();
        int present = (int) Math.min(into.remaining(), Math.max(0, layer.length - offset));
        if (present > 0) {
            into.limit(into.position() + present);
            layer.node.read(offset, into);
            into.limit(limit);
        }
        Zeroes.fill(into, into.remaining());
    }

    /** That of the top layer: what the layers below it have stored is not handed over. */
    @Override
    public Optional<CompressedForm> compressedForm() {
        return chain[0].node instanceof CompressedSource top ? top.compressedForm() : Optional.empty();
    }

    @Override
    public int readCompressed(long offset, long end, ByteBuffer stored, ByteBuffer plain) throws BlockException {
        return chain[0].node instanceof CompressedSource top ? top.readCompressed(offset, end, stored, plain) : 0;
    }

    /** Closes every layer, top first. */
    @Override
    public void close() throws BlockException {
        closeAll(layers.stream().map(Layer::node).toList());
    }

    static void closeAll(List<? extends BlockSource> nodes) throws BlockException {
        try {
            CloseAll.inOrder(nodes);
        } catch (BlockException e) {
            throw e;
        } catch (IOException e) {
            throw new AssertionError("a node's close throws BlockException only", e);
        }
    }

    @Override
    public String toString() {
        return String.join(" -> ", layers.stream().map(layer -> layer.location().text()).toList());
    }
}
