package org.blockferry.drivers.qcow2;

import java.util.Map;
import java.util.function.Supplier;
import org.blockferry.drivers.codec.Compressor;
import org.blockferry.drivers.codec.Compressors;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockTarget;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.util.CloseAll;

/**
 * Makes new images. The layout is ours, in one pass over the file:
 *
 * <pre>
 *   cluster 0 │ data clusters, as they are written; between them L2 tables, │ L1 table │ last refcount │ refcount
 *   (zero)    │ as they are finished, and refcount blocks, as they fill up  │          │ blocks        │ table
 *      ▲                                                                                                │
 *      └──────────────────────── header, after everything else is in the file ─────────────────────────┘
 * </pre>
 *
 * <p>As long as the header is missing the file has no magic bytes and opens as no image. With preallocation all data clusters
 * come first, in the order of the disk.
 */
final class Qcow2Creator {
    private final int windowBytes;
    private final Supplier<Compressor> deflate;

    /**
     * @param windowBytes memory for L2 tables
     * @param deflate makes compressors for images of compression type zlib
     */
    Qcow2Creator(int windowBytes, Supplier<Compressor> deflate) {
        this.windowBytes = windowBytes;
        this.deflate = deflate;
    }

    Qcow2Creator(int windowBytes) {
        this(windowBytes, Compressors::deflate);
    }

    Qcow2Creator() {
        this(L2Window.DEFAULT_BYTES);
    }

    /** The options of {@link #create}, each with one line of explanation. */
    static Map<String, String> options() {
        return NewImageOptions.help();
    }

    /** @throws BlockException INVALID_ARGUMENT or UNSUPPORTED as {@link #create} */
    static void check(String node, CreateOptions options) throws BlockException {
        NewImageOptions.parse(node, options);
    }

    /**
     * Begins a new image on {@code file}, which the target then owns; it is closed if that fails.
     *
     * @throws BlockException INVALID_ARGUMENT if an option is out of bounds, UNSUPPORTED if the file can only be appended to;
     *     nothing has been written then. NO_SPACE or IO while preallocating.
     */
    BlockTarget create(BlockTarget file, CreateOptions options) throws BlockException {
        try {
            NewImageOptions parsed = NewImageOptions.parse(file.info().name(), options);
            return begin(FreshFile.requireStorage(file), parsed);
        } catch (BlockException | RuntimeException e) {
            CloseAll.after(e, file);
            throw e;
        }
    }

    private BlockTarget begin(BlockStorage storage, NewImageOptions options) throws BlockException {
        Qcow2Layout layout = options.layout();
        FreshFile file = new FreshFile(storage);
        // On a device: what stood there before must not be taken for an image.
        file.zeroUnwritten(0, layout.clusterSize());
        HostSpace space = new HostSpace(file, layout);
        boolean preallocated = options.preallocation() != NewImageOptions.Preallocation.OFF;
        long dataStart = preallocated ? preallocate(file, space, options) : 0;
        L2Window.Filler filler = (slice, firstCluster) -> {
            if (preallocated) {
                fillPreallocated(slice, firstCluster, options, dataStart);
            }
            return preallocated;
        };
        L2Window window = new L2Window(file, space, layout, filler, windowBytes);
        NewClusterMap map = new NewClusterMap(file, layout, space, window, options.version(), options.backing().isPresent(),
                preallocated, options.isLengthKnown() ? options.length() : Long.MAX_VALUE);
        Supplier<Compressor> compressors = options.compression() == CompressionType.ZSTD ? Compressors::zstd : deflate;
        return new NewImageTarget(file, space, window, map, options, compressors);
    }

    /** Returns where the first data cluster stands; the others follow in the order of the disk. */
    private static long preallocate(FreshFile file, HostSpace space, NewImageOptions options) throws BlockException {
        long bytes = options.clusters() << options.layout().clusterBits();
        if (bytes == 0) {
            return options.layout().clusterSize();
        }
        long start = space.allocate(options.clusters());
        switch (options.preallocation()) {
            case FALLOC -> file.reserve(start, bytes);
            case FULL -> file.writeZeroBytes(start, bytes);
            default -> file.growTo(start + bytes);
        }
        return start;
    }

    private static void fillPreallocated(L2Slice slice, long firstCluster, NewImageOptions options, long dataStart) {
        Qcow2Layout layout = options.layout();
        int entries = slice.bytes().capacity() >>> layout.l2EntryBits();
        // With extended L2 no subcluster is allocated: the place is there, the content is the backing file's or zero.
        for (int i = 0; i < entries && firstCluster + i < options.clusters(); i++) {
            slice.setEntry(i, L2Entry.data(dataStart + (firstCluster + i << layout.clusterBits())));
        }
    }
}
