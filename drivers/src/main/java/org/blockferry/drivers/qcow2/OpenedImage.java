package org.blockferry.drivers.qcow2;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BackingReference;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.util.CloseAll;

/**
 * What was learned from an image's header, everything checked.
 *
 * @param header the header
 * @param extensions its extensions
 * @param backing what it says of its backing file
 * @param size bytes of the disk, of the current state or of the snapshot that was asked for
 * @param l1Offset where the L1 table of that state starts
 * @param l1Size entries of it
 * @param snapshotId the snapshot that was asked for
 */
record OpenedImage(
        Qcow2Header header,
        HeaderExtensions extensions,
        Optional<BackingReference> backing,
        long size,
        long l1Offset,
        int l1Size,
        Optional<String> snapshotId) {

    Qcow2Layout layout() {
        return header.layout();
    }

    /** Closes all parts; the first failure is thrown. */
    static void closeAll(String node, List<? extends AutoCloseable> parts) throws BlockException {
        try {
            CloseAll.inOrder(parts);
        } catch (BlockException e) {
            throw e;
        } catch (IOException e) {
            throw BlockException.of(Kind.IO, node, "close: " + e.getMessage(), e);
        }
    }
}
