package org.blockferry.drivers.file;

import java.nio.file.Files;
import java.nio.file.Path;
import org.blockferry.engine.block.BlockStorage;
import org.blockferry.engine.block.BlockStorageContract;
import org.blockferry.engine.block.CreateOptions;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.NodeInfo;
import org.junit.jupiter.api.io.TempDir;

class FileTargetTest extends BlockStorageContract {
    @TempDir
    private Path folder;
    private int made;

    private BlockStorage make(long length) throws Exception {
        made++;
        return (BlockStorage) new FileDriver().create(ImageLocation.file(path().toString()), CreateOptions.ofLength(length));
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
}
