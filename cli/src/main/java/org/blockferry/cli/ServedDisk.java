package org.blockferry.cli;

import org.blockferry.drivers.nbd.server.MetadataContext;
import org.blockferry.drivers.nbd.server.ServedExport;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
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
        ServedExport export = ServedExport.readOnly(request.name(), chain);
        return new ServedDisk(request.depth() ? export.withContext(ALLOCATION_DEPTH, range -> {
            ChainStatus found = chain.statusAbove(chain.layers().size(), range);
            return new MetadataContext.Extent(found.status().clip(range).length(), found.depth());
        }) : export, chain);
    }

    private static ServedDisk writable(ImageOpener opener, ServeRequest request, OpenOptions options) throws BlockException {
        BlockTarget target = opener.openTarget(request.image(), request.format(), options);
        if (target instanceof BlockStorage storage && storage.info().isLengthKnown()) {
            return new ServedDisk(ServedExport.writable(request.name(), storage), storage);
        }
        throw closing(target, BlockException.of(Kind.UNSUPPORTED, request.image(),
                "cannot be read and written in place; --read-only may serve it"));
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
