package org.blockferry.drivers.nbd.server;

import java.util.List;

/**
 * What a handshake settled.
 *
 * @param export the disk
 * @param structured whether replies come in chunks
 * @param extended whether headers carry 64-bit lengths; implies {@code structured}
 * @param contexts the selected metadata contexts; the ID of each is its index plus one
 */
record Terms(ExportAccess export, boolean structured, boolean extended, List<String> contexts) {
    Terms {
        contexts = List.copyOf(contexts);
    }
}
