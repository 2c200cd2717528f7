package org.blockferry.drivers.qcow2;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.blockferry.engine.block.ByteRange;

/**
 * Where an image's metadata stands: what is about to be written with anything else is looked up here first. An image whose
 * refcounts or tables are damaged may call a cluster free, or the guest's, that is not.
 *
 * <p>Knows the header, the active L1 table, the refcount table, the snapshot table, the snapshots' L1 tables and the bitmap
 * directory by their ranges, and every active L2 table and refcount block by its cluster. Guarded by the lock of the
 * {@link ImageMetadata}.
 */
final class MetadataGuard {
    private final Qcow2Layout layout;
    private final Map<String, ByteRange> tables = new LinkedHashMap<>();
    private final LongSet l2Tables = new LongSet();
    private final LongSet refcountBlocks = new LongSet();

    MetadataGuard(Qcow2Layout layout) {
        this.layout = layout;
    }

    /** A table by its name; replaces what had that name. */
    void setTable(String name, long hostOffset, long bytes) {
        tables.put(name, new ByteRange(hostOffset, layout.clustersFor(bytes) << layout.clusterBits()));
    }

    void addL2(long hostOffset) {
        l2Tables.add(hostOffset >>> layout.clusterBits());
    }

    void removeL2(long hostOffset) {
        l2Tables.remove(hostOffset >>> layout.clusterBits());
    }

    void addRefcountBlock(long hostOffset) {
        refcountBlocks.add(hostOffset >>> layout.clusterBits());
    }

    /** What of the metadata a range of the file touches; empty if nothing. */
    Optional<String> touched(long hostOffset, long length) {
        ByteRange range = new ByteRange(hostOffset, length);
        for (Map.Entry<String, ByteRange> table : tables.entrySet()) {
            if (table.getValue().overlaps(range)) {
                return Optional.of(table.getKey());
            }
        }
        long last = range.end() - 1 >>> layout.clusterBits();
        for (long cluster = hostOffset >>> layout.clusterBits(); cluster <= last; cluster++) {
            if (l2Tables.contains(cluster)) {
                return Optional.of("active L2 table");
            }
            if (refcountBlocks.contains(cluster)) {
                return Optional.of("refcount block");
            }
        }
        return Optional.empty();
    }
}
