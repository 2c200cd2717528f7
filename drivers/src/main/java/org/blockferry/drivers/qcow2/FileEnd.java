package org.blockferry.drivers.qcow2;

import org.blockferry.engine.block.BlockSource;

/** Where a node ends; asks again before saying that something lies past it, for a file may grow while it is read. */
final class FileEnd {
    private final BlockSource node;
    private volatile long length;

    FileEnd(BlockSource node) {
        this.node = node;
        this.length = node.info().length();
    }

    /** Whether the node has bytes up to {@code end}. */
    boolean reaches(long end) {
        if (end <= length) {
            return true;
        }
        length = node.info().length();
        return end <= length;
    }

    /** The length as last seen. */
    long length() {
        return length;
    }
}
