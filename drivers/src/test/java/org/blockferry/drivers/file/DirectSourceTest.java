package org.blockferry.drivers.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockSourceContract;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.block.Trait;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Past the page cache, on the file system of the temporary folder: aligned requests, odd ones, and the ragged end. */
class DirectSourceTest extends BlockSourceContract {
    @TempDir
    private Path folder;

    @Override
    protected BlockSource open(TestImage image) throws Exception {
        return new FileDriver().openSource(ImageLocation.file(Sparse.write(folder.resolve("disk"), image).toString()),
                OpenOptions.DEFAULT.withCache(CacheMode.NONE));
    }

    @Override
    protected String dataLetters() {
        return "L-MO";
    }

    @Test
    void saysSoAndAsksForAlignedMemory() throws Exception {
        BlockSource source = open();
        assertTrue(source.info().has(Trait.DIRECT));
        assertTrue(source.info().limits().memoryAlignment() >= 4096, source.info().toString());
        assertEquals(0, source.info().limits().requestAlignment() % 4096);
    }

    @Test
    void readsIntoAlignedMemoryAtAlignedOffsets() throws Exception {
        BlockSource source = open();
        ByteBuffer into = ByteBuffer.allocateDirect(3 * 65536).alignedSlice(65536).limit(65536 + 4096 + 100);
        source.read(65536, into);
        byte[] read = new byte[into.flip().limit()];
        into.get(read);
        assertArrayEquals(image().bytes(new ByteRange(65536, read.length)), read);
    }
}
