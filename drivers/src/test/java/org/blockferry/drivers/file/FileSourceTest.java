package org.blockferry.drivers.file;

import java.nio.file.Path;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockSourceContract;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.io.TempDir;

class FileSourceTest extends BlockSourceContract {
    @TempDir
    private Path folder;

    @Override
    protected BlockSource open(TestImage image) throws Exception {
        return new FileDriver().openSource(ImageLocation.file(Sparse.write(folder.resolve("disk"), image).toString()),
                OpenOptions.DEFAULT);
    }

    @Override
    protected String dataLetters() {
        return "L-MO";
    }
}
