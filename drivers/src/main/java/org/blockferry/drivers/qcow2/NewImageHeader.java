package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;

/** The first cluster of a new image: header, extensions, and the backing file's name behind them. No I/O. */
final class NewImageHeader {
    private NewImageHeader() {
    }

    /** @throws BlockException INVALID_ARGUMENT if the backing file's name is longer than the format or the first cluster allows */
    static void requireRoom(String node, NewImageOptions options) throws BlockException {
        int name = backingName(options).length;
        int room = options.layout().clusterSize() - headerLength(options) - extensions(options, List.of()).encodedLength();
        if (name > Math.min(room, Qcow2Header.MAX_BACKING_LENGTH)) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "The name of the backing file has " + name
                    + " bytes; with clusters of " + options.layout().clusterSize() + " bytes at most "
                    + Math.min(room, Qcow2Header.MAX_BACKING_LENGTH));
        }
    }

    /**
     * Lays the first cluster out.
     *
     * @param length bytes of the disk
     * @param l1Entries entries of the L1 table
     * @param l1Offset where it stands
     * @param refcounts where the refcount table stands
     * @return the bytes up to the last one that is not padding
     */
    static ByteBuffer encode(NewImageOptions options, long length, int l1Entries, long l1Offset, HostSpace.Table refcounts) {
        Qcow2Layout layout = options.layout();
        byte[] name = backingName(options);
        HeaderExtensions extensions = extensions(options, options.version() >= 3 ? Feature.nameTable() : List.of());
        if (headerLength(options) + extensions.encodedLength() + name.length > layout.clusterSize()) {
            // It only helps older programs to say what they miss, and has no room in clusters of 512 bytes.
            extensions = extensions(options, List.of());
        }
        Qcow2Header header = Qcow2Header.ofNew(options.version(), layout.clusterBits(), layout.refcountOrder(), length)
                .withL1(l1Entries, l1Offset)
                .withRefcountTable(refcounts.offset(), refcounts.clusters());
        if (options.version() >= 3) {
            header = header.withCompression(options.compression());
        }
        if (options.lazyRefcounts()) {
            header = header.with(Feature.LAZY_REFCOUNTS);
        }
        if (layout.extendedL2()) {
            header = header.with(Feature.EXTENDED_L2);
        }
        int end = header.headerLength() + extensions.encodedLength();
        if (options.backing().isPresent()) {
            header = header.withBacking(end, name.length);
        }
        ByteBuffer cluster = ByteBuffer.allocateDirect(end + name.length).order(ByteOrder.BIG_ENDIAN);
        header.encode(cluster);
        extensions.encode(cluster);
        return cluster.put(name).flip();
    }

    private static int headerLength(NewImageOptions options) {
        return options.version() == 2 ? Qcow2Header.V2_LENGTH : Qcow2Header.V3_LENGTH;
    }

    private static HeaderExtensions extensions(NewImageOptions options, List<HeaderExtensions.FeatureName> names) {
        return HeaderExtensions.NONE.withBackingFormat(options.backing().flatMap(BackingReference::format))
                .withFeatureNames(names);
    }

    private static byte[] backingName(NewImageOptions options) {
        return options.backing().map(reference -> reference.file().getBytes(StandardCharsets.UTF_8)).orElse(new byte[0]);
    }
}
