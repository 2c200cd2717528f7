package org.blockferry.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.blockferry.drivers.nbd.server.MetadataContext;
import org.blockferry.drivers.nbd.server.ServedExport;
import org.blockferry.engine.block.BackedTarget;
import org.blockferry.engine.block.BitmapSource;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.DirtyBitmap;
import org.blockferry.engine.block.DriverRegistry;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.graph.ChainStatus;
import org.blockferry.engine.graph.ImageChain;
import org.blockferry.engine.graph.ImageOpener;
import org.blockferry.engine.graph.OpenPolicy;
import org.blockferry.engine.util.CloseAll;

/**
 * The disk that {@code serve} serves, with its chain. Closed after the server.
 *
 * @param disk what the server reads
 */
record ServedDisk(ServedExport export, BlockSource disk) implements AutoCloseable {
    /** QEMU's context: the images from the top to the one that holds a run, 0 where none does. */
    private static final String ALLOCATION_DEPTH = "qemu:allocation-depth";
    /** QEMU's contexts of bitmaps, and the flag for a dirty run. */
    private static final String DIRTY_BITMAP = "qemu:dirty-bitmap:";
    private static final int STATE_DIRTY = 1;

    static ServedDisk open(DriverRegistry drivers, ServeRequest request) throws BlockException {
        ImageOpener opener = new ImageOpener(drivers, request.untrusted() ? OpenPolicy.UNTRUSTED : OpenPolicy.DEFAULT);
        OpenOptions options = OpenOptions.DEFAULT.withShare(request.share());
        return request.readOnly() ? readOnly(opener, request, options) : writable(opener, request, options);
    }

    private static ServedDisk readOnly(ImageOpener opener, ServeRequest request, OpenOptions options) throws BlockException {
        ImageChain chain = opener.openChain(request.image(), request.format(), options);
        if (!chain.info().isLengthKnown()) {
            throw closing(chain, BlockException.of(Kind.UNSUPPORTED, request.image(), "a stream cannot be served"));
        }
        try {
            List<BlockSource> images = images(Optional.empty(), Optional.of(chain));
            return new ServedDisk(withContexts(ServedExport.readOnly(request.name(), chain), request, images,
                    range -> depth(chain, range)), chain);
        } catch (BlockException e) {
            throw closing(chain, e);
        }
    }

    private static ServedDisk writable(ImageOpener opener, ServeRequest request, OpenOptions options) throws BlockException {
        BlockTarget target = opener.openTarget(request.image(), request.format(), options);
        try {
            if (target instanceof BlockStorage storage && storage.info().isLengthKnown()) {
                Optional<BlockSource> below = target instanceof BackedTarget backed ? backed.below() : Optional.empty();
                return new ServedDisk(withContexts(ServedExport.writable(request.name(), storage), request,
                        images(Optional.of(storage), below), range -> depth(target, below, range)), storage);
            }
            throw BlockException.of(Kind.UNSUPPORTED, request.image(),
                    "cannot be read and written in place; --read-only may serve it");
        } catch (BlockException e) {
            throw closing(target, e);
        }
    }

    /** The images of the chain, top first. */
    private static List<BlockSource> images(Optional<BlockSource> top, Optional<BlockSource> below) {
        List<BlockSource> images = new ArrayList<>();
        top.ifPresent(images::add);
        if (below.isPresent() && below.get() instanceof ImageChain chain) {
            chain.layers().forEach(layer -> images.add(layer.node()));
        }
        return images;
    }

    private static ServedExport withContexts(ServedExport plain, ServeRequest request, List<BlockSource> images,
            MetadataContext depth) throws BlockException {
        ServedExport export = request.depth() ? plain.withContext(ALLOCATION_DEPTH, depth) : plain;
        for (String name : request.bitmaps()) {
            export = export.withContext(DIRTY_BITMAP + name, dirty(bitmap(request.image(), name, images)));
        }
        return export;
    }

    /** As QEMU finds it: in the uppermost image that has one of this name. */
    private static Found bitmap(String image, String name, List<BlockSource> images) throws BlockException {
        for (BlockSource each : images) {
            if (each instanceof BitmapSource source) {
                Optional<DirtyBitmap> found = source.bitmap(name);
                if (found.isPresent()) {
                    return new Found(found.get(), each.info().length());
                }
            }
        }
        throw BlockException.of(Kind.NOT_FOUND, image, "no image of the chain has a bitmap '" + name + "'");
    }

    private record Found(DirtyBitmap bitmap, long length) {
    }

    private static MetadataContext dirty(Found found) {
        return range -> {
            if (range.offset() >= found.length()) {
                // Past the end of a shorter image below.
                return new MetadataContext.Extent(range.length(), 0);
            }
            DirtyBitmap.Run run = found.bitmap().first(ByteRange.between(range.offset(), Math.min(range.end(), found.length())));
            return new MetadataContext.Extent(run.range().length(), run.dirty() ? STATE_DIRTY : 0);
        };
    }

    private static MetadataContext.Extent depth(ImageChain chain, ByteRange range) throws BlockException {
        ChainStatus found = chain.statusAbove(chain.layers().size(), range);
        return new MetadataContext.Extent(found.status().clip(range).length(), found.depth());
    }

    private static MetadataContext.Extent depth(BlockTarget top, Optional<BlockSource> below, ByteRange range)
            throws BlockException {
        if (!(top instanceof BackedTarget layer)) {
            return new MetadataContext.Extent(range.length(), 1);
        }
        BlockStatus status = layer.layerStatus(range).clip(range);
        if (status.isLocal() || below.isEmpty()) {
            return new MetadataContext.Extent(status.length(), status.isLocal() ? 1 : 0);
        }
        ByteRange there = status.range().intersect(below.get().info().range());
        if (there.isEmpty()) {
            // The image below is too short: it is the one that decides.
            return new MetadataContext.Extent(status.length(), 2);
        }
        MetadataContext.Extent deeper = below.get() instanceof ImageChain chain ? depth(chain, there)
                : new MetadataContext.Extent(there.length(), 1);
        return new MetadataContext.Extent(deeper.length(), deeper.flags() == 0 ? 0 : deeper.flags() + 1);
    }

    private static BlockException closing(AutoCloseable node, BlockException failure) {
        CloseAll.after(failure, node);
        return failure;
    }

    /** After the server's close: what clients wrote is whole and durable when this returns. */
    void complete() throws BlockException {
        if (export.target().isPresent()) {
            export.target().get().complete();
        }
    }

    @Override
    public void close() throws BlockException {
        disk.close();
    }
}
