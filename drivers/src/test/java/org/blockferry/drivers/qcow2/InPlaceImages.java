package org.blockferry.drivers.qcow2;

import java.nio.file.Path;
import org.blockferry.drivers.file.FileDriver;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.FormatDriver.DataFileOpener;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.testing.ArrayDisk;

/** Opens images for writing in place, as copies do. */
final class InPlaceImages {
    private InPlaceImages() {
    }

    /** A file by the driver that real copies use; its name is the last part. */
    static BlockStorage file(Path path) throws BlockException {
        return (BlockStorage) new FileDriver().openTarget(
                new ImageLocation("file", path.toString(), path.getFileName().toString()), OpenOptions.DEFAULT);
    }

    static InPlaceTarget open(BlockStorage file) throws BlockException {
        return (InPlaceTarget) new Qcow2Driver().openTarget(file, OpenOptions.DEFAULT, DataFileOpener.REFUSE);
    }

    static InPlaceTarget open(Path path) throws BlockException {
        return open(file(path));
    }

    /** With what lies below, if the image has a backing file. */
    static InPlaceTarget open(Path path, byte[] backing) throws BlockException {
        InPlaceTarget target = open(path);
        if (target.backing().isPresent()) {
            target.setBacking(new ArrayDisk("base", backing));
        }
        return target;
    }
}
