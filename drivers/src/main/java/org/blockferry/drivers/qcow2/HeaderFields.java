package org.blockferry.drivers.qcow2;

import java.nio.ByteBuffer;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.WriteFlag;

/**
 * Changes single fields of an image's header in place; each change is one write within a sector, and what else the header holds
 * stays as it is. Guarded by the lock of the {@link ImageMetadata}.
 */
final class HeaderFields {
    /** QEMU's limit of the bitmap directory: 65535 bitmaps of 24 bytes and a name. */
    private static final int MAX_DIRECTORY = 65535 * (24 + 1024);
    private static final int DIRECTORY_ENTRY = 24;
    private static final int BITMAP_IN_USE = 1;
    private static final int BITMAP_AUTO = 2;

    private final BlockStorage file;
    private final String node;
    private final OpenedImage image;
    private boolean begun;
    private boolean corrupt;

    HeaderFields(BlockStorage file, OpenedImage image) {
        this.file = file;
        this.node = file.info().name();
        this.image = image;
    }

    /**
     * Ahead of the first change: clears the autoclear bits that are not known here, and says of every bitmap that should record
     * changes that it did not. Durable on return.
     *
     * <p>Design note: clearing the autoclear bit "bitmaps" would do as well by the letter of the specification, but then nothing
     * counts the bitmaps' clusters any more, and a check calls them leaks.
     */
    void begin() throws BlockException {
        if (corrupt) {
            throw refusal(node);
        }
        if (begun) {
            return;
        }
        Qcow2Header header = image.header();
        long keep = header.has(Feature.BITMAPS) && markBitmaps() ? Feature.BITMAPS.mask() : 0;
        if (header.autoclear() != keep) {
            put(Qcow2Header.AT_AUTOCLEAR, ByteBuffer.allocate(Long.BYTES).putLong(keep).flip());
        }
        begun = true;
    }

    /** @return whether the directory could be understood */
    private boolean markBitmaps() throws BlockException {
        HeaderExtensions.Bitmaps bitmaps = image.extensions().bitmaps().orElse(null);
        if (bitmaps == null || bitmaps.directorySize() < 0 || bitmaps.directorySize() > MAX_DIRECTORY
                || bitmaps.directoryOffset() <= 0 || !image.layout().isClusterAligned(bitmaps.directoryOffset())
                || bitmaps.directoryOffset() > file.info().length() - bitmaps.directorySize()) {
            return false;
        }
        ByteBuffer directory = ByteBuffer.allocate((int) bitmaps.directorySize());
        file.read(bitmaps.directoryOffset(), directory);
        directory.flip();
        boolean changed = false;
        int at = 0;
        for (int i = 0; i < bitmaps.count(); i++) {
            if (directory.limit() - at < DIRECTORY_ENTRY) {
                return false;
            }
            int flags = directory.getInt(at + 12);
            if ((flags & BITMAP_AUTO) != 0 && (flags & BITMAP_IN_USE) == 0) {
                directory.putInt(at + 12, flags | BITMAP_IN_USE);
                changed = true;
            }
            long length = DIRECTORY_ENTRY + (directory.getShort(at + 18) & 0xffffL)
                    + Integer.toUnsignedLong(directory.getInt(at + 20)) + 7 & -8L;
            if (length > directory.limit() - at) {
                return false;
            }
            at += (int) length;
        }
        if (changed) {
            put(bitmaps.directoryOffset(), directory);
        }
        return true;
    }

    /** Points the header at another refcount table, in one write; durable on return, as is all that was written before. */
    void setRefcountTable(long offset, int clusters) throws BlockException {
        file.flush();
        put(Qcow2Header.AT_REFCOUNT_TABLE_OFFSET,
                ByteBuffer.allocate(Long.BYTES + Integer.BYTES).putLong(offset).putInt(clusters).flip());
    }

    /** Marks the image corrupt, where its version can, and refuses every change from now on. */
    BlockException corrupt(String what) {
        BlockException failure = BlockException.of(Kind.CORRUPT_IMAGE, node, what + (image.header().version() >= 3
                ? "; the image is marked corrupt and is not written any more" : "; the image is not written any more"));
        if (!corrupt) {
            corrupt = true;
            if (image.header().version() >= 3) {
                try {
                    put(Qcow2Header.AT_INCOMPATIBLE, ByteBuffer.allocate(Long.BYTES)
                            .putLong(image.header().incompatible() | Feature.CORRUPT.mask()).flip());
                } catch (BlockException e) {
                    failure.addSuppressed(e);
                }
            }
        }
        return failure;
    }

    boolean isCorrupt() {
        return corrupt;
    }

    static BlockException refusal(String node) {
        return BlockException.of(Kind.CORRUPT_IMAGE, node, "the image is marked corrupt; it is not written before it is repaired");
    }

    private void put(long at, ByteBuffer bytes) throws BlockException {
        file.write(at, bytes, WriteFlag.NONE);
        file.flush();
    }
}
