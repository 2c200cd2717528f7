package org.blockferry.engine.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.graph.ConcatSource;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.Layer;
import org.blockferry.engine.graph.NodeSpec;
import org.blockferry.engine.graph.ResizedSource;
import org.blockferry.engine.util.CloseAll;

/**
 * The sources of a copy, opened.
 *
 * @param chains each source with its backing files
 * @param node all of them as one disk, or the stream
 */
record CopyInput(List<ImageChain> chains, BlockSource node) implements AutoCloseable {
    private static final int SECTOR = 512;

    static CopyInput open(ImageOpener opener, CopyOptions options) throws BlockException {
        OpenOptions how = new OpenOptions(options.sourceCache(), options.share(), options.snapshot(), Map.of());
        List<ImageChain> chains = new ArrayList<>();
        try {
            for (String source : options.sources()) {
                NodeSpec spec = options.sourceSpecs().get(source);
                ImageChain chain = spec != null ? opener.openChain(spec, how)
                        : opener.openChain(source, options.sourceFormat(), how);
                chains.add(chain);
                if (!chain.info().isLengthKnown()) {
                    checkStream(source, options);
                }
            }
            return new CopyInput(List.copyOf(chains), nodeOf(chains, length(opener, chains, options)));
        } catch (BlockException | RuntimeException | Error e) {
            chains.forEach(chain -> CloseAll.after(e, chain));
            throw e;
        }
    }

    private static void checkStream(String source, CopyOptions options) throws BlockException {
        if (options.sources().size() > 1) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, source, "a stream is copied alone, not with other sources");
        }
        if (options.backing().isPresent()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, source,
                    "a stream has no known length, so its copy cannot keep a backing file (-B)");
        }
    }

    /** Bytes of the disk that is copied, when they are not those of the one source. */
    private static OptionalLong length(ImageOpener opener, List<ImageChain> chains, CopyOptions options) throws BlockException {
        ImageChain chain = chains.get(0);
        if (!options.qemuLength() || chains.size() > 1 || !chain.info().isLengthKnown()) {
            return OptionalLong.empty();
        }
        long length = chain.info().length();
        if (options.snapshot().isPresent()) {
            length = currentLength(opener, options);
        }
        long rounded = length > Long.MAX_VALUE - SECTOR ? length : (length + SECTOR - 1) / SECTOR * SECTOR;
        return rounded == chain.info().length() ? OptionalLong.empty() : OptionalLong.of(rounded);
    }

    /** The length that the source has now, which may not be the one that it had when the snapshot was taken. */
    private static long currentLength(ImageOpener opener, CopyOptions options) throws BlockException {
        OpenOptions how = new OpenOptions(options.sourceCache(), options.share(), Optional.empty(), Map.of());
        String source = options.sources().get(0);
        NodeSpec spec = options.sourceSpecs().get(source);
        try (ImageChain now = spec != null ? opener.openChain(spec, how) : opener.openChain(source, options.sourceFormat(), how)) {
            return now.info().length();
        }
    }

    private static BlockSource nodeOf(List<ImageChain> chains, OptionalLong length) throws BlockException {
        if (chains.size() == 1) {
            ImageChain chain = chains.get(0);
            if (length.isPresent()) {
                return new ResizedSource(chain, length.getAsLong());
            }
            // A stream is raw, and the node of the pipe is the one that knows how to be read until it ends.
            return chain.info().isLengthKnown() ? chain : chain.top().node().file();
        }
        try {
            return new ConcatSource(chains);
        } catch (IllegalArgumentException tooLong) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, chains.get(0).info().name(), tooLong.getMessage(), tooLong);
        }
    }

    boolean isStream() {
        return !node.info().isLengthKnown() || node.info().has(Trait.STREAM);
    }

    /** The source, when it is one image. */
    Optional<ImageChain> chain() {
        return chains.size() == 1 ? Optional.of(chains.get(0)) : Optional.empty();
    }

    /** Every image that is read. */
    List<Layer> layers() {
        return chains.stream().flatMap(chain -> chain.layers().stream()).toList();
    }

    NodeInfo info() {
        return node.info();
    }

    @Override
    public void close() throws BlockException {
        BlockException first = null;
        for (ImageChain chain : chains) {
            try {
                chain.close();
            } catch (BlockException e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
