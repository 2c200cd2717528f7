package org.blockferry.drivers.synthetic;

import org.blockferry.drivers.filter.FilterStorage;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.testing.Disks;

/** Keeps for a test what a storage held when it was closed, which is gone with it. */
public final class Kept extends FilterStorage {
    private byte[] content;
    private boolean completed;

    public Kept(BlockStorage below) {
        super(below);
    }

    /** What was there when it was closed. */
    public byte[] content() {
        return content.clone();
    }

    public boolean isCompleted() {
        return completed;
    }

    @Override
    public void complete() throws BlockException {
        super.complete();
        completed = true;
    }

    @Override
    public void close() throws BlockException {
        if (content == null) {
            content = Disks.readAll(this);
        }
        super.close();
    }
}
