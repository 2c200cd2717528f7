package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.CheckReport;
import org.blockferry.engine.block.FormatDriver.DataFileOpener;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.RepairMode;
import org.blockferry.engine.util.CloseAll;

/**
 * Opens an image for reading: header, extensions, names, snapshot, each checked against the specification and the file's length
 * before memory is taken for what it describes.
 */
final class Qcow2Opener {
    private final BlockSource file;
    private final String node;
    private final long fileLength;

    private Qcow2Opener(BlockSource file) throws BlockException {
        this.file = file;
        this.node = file.info().name();
        this.fileLength = file.info().length();
        if (!file.info().isLengthKnown()) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "a qcow2 image cannot be read from a stream");
        }
    }

    /** As {@link Qcow2Driver#open}: {@code file} is closed if that fails. */
    static Qcow2Source open(BlockSource file, OpenOptions options, DataFileOpener data) throws BlockException {
        try {
            return new Qcow2Opener(file).open(options, data);
        } catch (BlockException | RuntimeException e) {
            CloseAll.after(e, file);
            throw e;
        }
    }

    /** What an image's header says, everything checked that can be without following a table; {@code file} stays open. */
    static OpenedImage examine(BlockSource file) throws BlockException {
        return new Qcow2Opener(file).image(Optional.empty());
    }

    /** Opens the current state for writing in place; as {@link Qcow2Driver#openTarget}. */
    static InPlaceTarget openTarget(BlockStorage file, OpenOptions options) throws BlockException {
        try {
            Qcow2Opener opener = new Qcow2Opener(file);
            opener.refuseOptions(options);
            OpenedImage image = opener.image(Optional.empty());
            opener.requireWritable(image, options);
            if (image.header().has(Feature.DIRTY)) {
                opener.repair(file);
                image = opener.image(Optional.empty());
            }
            return new InPlaceTarget(image, file, options);
        } catch (BlockException | RuntimeException e) {
            CloseAll.after(e, file);
            throw e;
        }
    }

    private void requireWritable(OpenedImage image, OpenOptions options) throws BlockException {
        Qcow2Header header = image.header();
        if (options.snapshot().isPresent()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "an internal snapshot cannot be written");
        }
        if (header.has(Feature.CORRUPT)) {
            throw HeaderFields.refusal(node);
        }
        if (header.has(Feature.DATA_FILE)) {
            throw BlockException.of(Kind.UNSUPPORTED, node, "an image with an external data file cannot be written in place");
        }
    }

    /** Who wrote it last had refcounts in memory only, and did not close it: they are counted anew, as QEMU does. */
    private void repair(BlockStorage file) throws BlockException {
        CheckReport report = Qcow2Check.repair(file, RepairMode.ALL, finding -> { });
        if (report.corruptions() != 0 || report.checkErrors() != 0) {
            throw BlockException.of(Kind.CORRUPT_IMAGE, node, "the image was not closed by who wrote it last (dirty bit), and "
                    + (report.corruptions() + report.checkErrors()) + " errors in it cannot be repaired");
        }
    }

    private void refuseOptions(OpenOptions options) throws BlockException {
        if (!options.driverOptions().isEmpty()) {
            throw BlockException.of(Kind.INVALID_ARGUMENT, node, "unknown option '"
                    + options.driverOptions().keySet().stream().sorted().findFirst().orElseThrow() + "' for qcow2");
        }
    }

    private Qcow2Source open(OpenOptions options, DataFileOpener data) throws BlockException {
        refuseOptions(options);
        OpenedImage image = image(options.snapshot());
        if (!image.header().has(Feature.DATA_FILE)) {
            return new Qcow2Source(image, file, file);
        }
        BlockSource dataFile = dataFile(image, data);
        try {
            if (!dataFile.info().isLengthKnown()) {
                throw BlockException.of(Kind.UNSUPPORTED, node, "the external data file cannot be a stream");
            }
            return new Qcow2Source(image, file, dataFile);
        } catch (BlockException | RuntimeException e) {
            CloseAll.after(e, dataFile);
            throw e;
        }
    }

    private OpenedImage image(Optional<String> snapshot) throws BlockException {
        Qcow2Header header = Qcow2Header.parse(node, bytes(0, Math.min(fileLength, Qcow2Header.V3_LENGTH)));
        long firstCluster = Math.min(header.layout().clusterSize(), fileLength);
        HeaderExtensions extensions = extensions(header, firstCluster);
        UnknownFeatures.refuse(node, header, extensions);
        refuseEncryption(header);
        header.check(node, fileLength);
        // A name of no bytes is no backing file, as in QEMU.
        Optional<BackingReference> backing = header.hasBacking() && header.backingLength() > 0
                ? Optional.of(new BackingReference(text(header.backingOffset(), header.backingLength()),
                        extensions.backingFormat()))
                : Optional.empty();
        if (snapshot.isEmpty()) {
            return new OpenedImage(
                    header, extensions, backing, header.size(), header.l1Offset(), header.l1Size(), Optional.empty());
        }
        return snapshot(header, extensions, backing, snapshot.get());
    }

    private HeaderExtensions extensions(Qcow2Header header, long firstCluster) throws BlockException {
        // A negative offset is refused later, by name.
        long end = header.backingOffset() > 0 ? Math.min(firstCluster, header.backingOffset()) : firstCluster;
        return end <= header.headerLength() ? HeaderExtensions.NONE
                : HeaderExtensions.parse(node, bytes(header.headerLength(), end));
    }

    private void refuseEncryption(Qcow2Header header) throws BlockException {
        switch (header.cryptMethod()) {
            case Qcow2Header.CRYPT_NONE -> { }
            case 1 -> throw BlockException.of(Kind.UNSUPPORTED, node, "the image is encrypted (AES), which cannot be read");
            case 2 -> throw BlockException.of(Kind.UNSUPPORTED, node, "the image is encrypted (LUKS), which cannot be read");
            default -> throw BlockException.field(Kind.INVALID_FORMAT, node, "crypt_method",
                    Integer.toUnsignedString(header.cryptMethod()), "at most 2");
        }
    }

    private OpenedImage snapshot(Qcow2Header header, HeaderExtensions extensions, Optional<BackingReference> backing,
            String idOrName) throws BlockException {
        SnapshotTable.Snapshot snapshot =
                SnapshotTable.find(node, SnapshotTable.read(node, file, header), idOrName);
        FieldCheck check = new FieldCheck(node);
        Qcow2Layout layout = header.layout();
        int l1Size = check.within("l1_size of snapshot '" + snapshot.id() + "'", snapshot.l1Size(), 0,
                Qcow2Layout.MAX_L1_BYTES / Long.BYTES);
        check.table("l1_table_offset of snapshot '" + snapshot.id() + "'", snapshot.l1Offset(), layout.clusterSize(),
                (long) l1Size * Long.BYTES, fileLength);
        long size = check.within("disk size of snapshot '" + snapshot.id() + "'", snapshot.diskSize().orElse(header.size()), 0,
                layout.maxDiskBytes());
        return new OpenedImage(header, extensions, backing, size, snapshot.l1Offset(), l1Size, Optional.of(snapshot.id()));
    }

    private BlockSource dataFile(OpenedImage image, DataFileOpener data) throws BlockException {
        if (image.snapshotId().isPresent()) {
            throw BlockException.of(Kind.CORRUPT_IMAGE, node, "internal snapshots are not possible with an external data file");
        }
        String name = image.extensions().dataFile().orElseThrow(() -> BlockException.of(Kind.UNSUPPORTED, node,
                "the image has an external data file but does not say which"));
        return data.open(node, name);
    }

    private ByteBuffer bytes(long start, long end) throws BlockException {
        ByteBuffer buffer = ByteBuffer.allocate((int) (end - start));
        file.read(start, buffer);
        return buffer.flip();
    }

    private String text(long offset, int length) throws BlockException {
        return StandardCharsets.UTF_8.decode(bytes(offset, offset + length)).toString();
    }
}
