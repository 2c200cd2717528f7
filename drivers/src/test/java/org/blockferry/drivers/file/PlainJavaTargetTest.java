package org.blockferry.drivers.file;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockStorageContract;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.blockferry.engine.block.Trait;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A regular file where there are no native calls: other systems, and processes that may not load libraries. */
class PlainJavaTargetTest extends BlockStorageContract {
    @TempDir
    private Path folder;
    private int made;

    private BlockStorage make(long length) throws Exception {
        made++;
        return (BlockStorage) new FileDriver(NoNative::get).create(ImageLocation.file(path().toString()),
                CreateOptions.ofLength(length));
    }

    private Path path() {
        return folder.resolve("disk" + made);
    }

    @Override
    protected BlockStorage create(long length) throws Exception {
        return make(length);
    }

    @Override
    protected BlockStorage createGrowing() throws Exception {
        return make(NodeInfo.UNKNOWN_LENGTH);
    }

    @Override
    protected byte[] contentAfterClose() throws Exception {
        return Files.readAllBytes(path());
    }

    @Override
    protected boolean looksFinished() {
        return Files.exists(path());
    }

    @Test
    void promisesNothingThatItCannotDo() throws Exception {
        NodeInfo info = create().info();
        for (Trait trait : new Trait[] {Trait.ZERO_MAY_UNMAP, Trait.FAST_ZERO, Trait.DISCARD, Trait.OFFLOAD}) {
            assertFalse(info.has(trait), trait + " in " + info);
        }
    }
}
