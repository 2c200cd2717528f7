package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.CheckReport;
import org.blockferry.engine.block.WriteFlag;

/**
 * A change of an image's tables as a whole: new tables are put behind the end of the file, counted, and then one write of the header
 * changes over to them.
 *
 * <pre>
 *   append ... ──▶ count: what is there and what is new ──flush──▶ header ──flush──▶ count: what is there now
 * </pre>
 *
 * <p>The refcounts are not adjusted one by one but made what they must be, by a walk over all tables ({@link Qcow2Check}): before the
 * header is written they count the old and the new, after it the new. So a crash at any point leaves leaks at most, and an image that
 * cannot be understood is refused before anything is written. The walk costs a fraction of a second for a terabyte of mapped clusters.
 */
final class MetadataEdit {
    /** A part of a change. */
    @FunctionalInterface
    interface Step {
        Step NONE = () -> { };

        void run() throws BlockException;
    }

    private final BlockStorage file;
    private CheckedImage image;

    /** @throws BlockException CORRUPT_IMAGE if the image has errors, which are to be repaired first */
    MetadataEdit(BlockStorage file) throws BlockException {
        this.file = file;
        CheckReport report = Qcow2Check.check(file, finding -> { });
        if (report.corruptions() != 0 || report.checkErrors() != 0) {
            throw BlockException.of(Kind.CORRUPT_IMAGE, file.info().name(), "the image has "
                    + (report.corruptions() + report.checkErrors()) + " errors, and is not changed before they are repaired (check -r all)");
        }
        image = new CheckedImage(file);
        if (image.header().has(Feature.CORRUPT)) {
            throw BlockException.of(Kind.CORRUPT_IMAGE, file.info().name(),
                    "the image is marked corrupt; it is not changed before it is repaired (check -r all)");
        }
    }

    CheckedImage image() {
        return image;
    }

    /** Puts a table behind the end of the file, padded to clusters; returns where. */
    long append(ByteBuffer table) throws BlockException {
        Qcow2Layout layout = image.layout();
        long offset = image.fileClusters() << layout.clusterBits();
        if (!table.hasRemaining()) {
            return 0;
        }
        int bytes = table.remaining();
        ByteBuffer padded = ByteBuffer.allocateDirect((int) (layout.clustersFor(bytes) << layout.clusterBits()));
        image.write(offset, padded.put(table).clear());
        image.reserve(offset, bytes);
        return offset;
    }

    /**
     * Puts an L1 table behind the end of the file that refers to what others refer to, too: without the flag COPIED. Returns where.
     */
    long appendL1(long[] entries) throws BlockException {
        ByteBuffer table = ByteBuffer.allocateDirect(entries.length * Long.BYTES).order(ByteOrder.BIG_ENDIAN);
        for (long entry : entries) {
            table.putLong(entry & ~L2Entry.COPIED);
        }
        table.flip();
        Qcow2Layout layout = image.layout();
        long offset = image.fileClusters() << layout.clusterBits();
        if (entries.length > 0) {
            ByteBuffer padded = ByteBuffer.allocateDirect((int) (layout.clustersFor(table.remaining()) << layout.clusterBits()));
            image.write(offset, padded.put(table).clear());
            image.reserveL1(offset, entries.length);
        }
        return offset;
    }

    /**
     * Changes over: counts, writes one field or neighbouring fields of the header, and counts what is left.
     *
     * @param then made when the header is durable: changes of what cannot be seen any more
     * @return where the file's last cluster in use ends
     */
    long commit(int headerOffset, ByteBuffer fields, Step then) throws BlockException {
        try {
            settle();
        } catch (BlockException e) {
            // What was new is given back.
            Qcow2Check.settle(new CheckedImage(file));
            throw e;
        }
        image.flush();
        file.write(headerOffset, fields, WriteFlag.NONE);
        image.flush();
        then.run();
        image.flush();
        image = new CheckedImage(file);
        CheckReport report = settle();
        image.flush();
        return report.imageEndOffset();
    }

    private CheckReport settle() throws BlockException {
        CheckReport report = Qcow2Check.settle(image);
        if (report.corruptions() != 0 || report.checkErrors() != 0) {
            throw BlockException.of(Kind.CORRUPT_IMAGE, file.info().name(),
                    report.corruptions() + " refcounts of the image cannot be made right");
        }
        return report;
    }
}
