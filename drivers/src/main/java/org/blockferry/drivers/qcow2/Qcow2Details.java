package org.blockferry.drivers.qcow2;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.FormatDetails;
import org.blockferry.engine.block.FormatDetails.Property;

/** What a qcow2 image tells of itself, under the names that QEMU gives to the fields ({@code ImageInfoSpecificQCow2}). */
final class Qcow2Details {
    private Qcow2Details() {
    }

    static FormatDetails of(String node, OpenedImage image, BlockSource file) throws BlockException {
        Qcow2Header header = image.header();
        List<FormatDetails.Snapshot> snapshots = new ArrayList<>();
        for (SnapshotTable.Snapshot snapshot : SnapshotTable.read(node, file, header)) {
            snapshots.add(new FormatDetails.Snapshot(snapshot.id(), snapshot.name(), snapshot.stateSize(), snapshot.seconds(),
                    snapshot.nanos(), snapshot.guestNanos(), snapshot.instructions()));
        }
        return new FormatDetails(OptionalLong.of(image.layout().clusterSize()), header.has(Feature.DIRTY), properties(image),
                header.version() < 3 ? Optional.empty() : Optional.of(bitmaps(node, image, file)), snapshots);
    }

    private static List<Property> properties(OpenedImage image) {
        Qcow2Header header = image.header();
        boolean v3 = header.version() >= 3;
        List<Property> properties = new ArrayList<>();
        properties.add(new Property("compat", v3 ? "1.1" : "0.10"));
        properties.add(new Property("compression-type", header.compression().word()));
        if (v3) {
            properties.add(new Property("lazy-refcounts", header.has(Feature.LAZY_REFCOUNTS)));
        }
        properties.add(new Property("refcount-bits", (long) image.layout().refcountBits()));
        if (v3) {
            if (header.has(Feature.DATA_FILE)) {
                image.extensions().dataFile().ifPresent(name -> properties.add(new Property("data-file", name)));
                properties.add(new Property("data-file-raw", header.has(Feature.DATA_FILE_RAW)));
            }
            properties.add(new Property("corrupt", header.has(Feature.CORRUPT)));
            properties.add(new Property("extended-l2", header.has(Feature.EXTENDED_L2)));
        }
        return properties;
    }

    /** Without the autoclear bit a program that knows nothing of bitmaps has written to the image: they count for nothing. */
    private static List<FormatDetails.Bitmap> bitmaps(String node, OpenedImage image, BlockSource file) throws BlockException {
        Optional<HeaderExtensions.Bitmaps> where = image.extensions().bitmaps();
        return where.isPresent() && image.header().has(Feature.BITMAPS)
                ? BitmapDirectory.read(node, file, image.layout(), where.get()) : List.of();
    }

    /** The bytes that copies of these bitmaps may need, as QEMU's documentation of {@code measure} counts them. */
    static long bitmapBytes(List<FormatDetails.Bitmap> bitmaps, long diskBytes, Qcow2Layout layout) {
        long clusterSize = layout.clusterSize();
        long bytes = 0;
        long directory = 0;
        for (FormatDetails.Bitmap bitmap : bitmaps) {
            long bits = divideUp(diskBytes, bitmap.granularity());
            long clusters = layout.clustersFor(divideUp(bits, Byte.SIZE));
            bytes += (clusters + layout.clustersFor(clusters * Long.BYTES)) * clusterSize;
            directory += BitmapDirectory.entryBytes(bitmap.name());
        }
        return bytes + layout.clustersFor(directory) * clusterSize;
    }

    private static long divideUp(long value, long by) {
        return value / by + (value % by == 0 ? 0 : 1);
    }
}
