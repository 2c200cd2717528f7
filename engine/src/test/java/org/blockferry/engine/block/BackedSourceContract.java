package org.blockferry.engine.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.blockferry.engine.testing.Disks;
import org.blockferry.engine.testing.TestImage;
import org.junit.jupiter.api.Test;

/**
 * What the top layer of an image with a backing file keeps, beside the {@link BlockSourceContract}: it speaks of itself alone,
 * and says {@code ----} exactly where the backing file shows. Composing it with any backing file, of any length, by its status
 * must give what a guest reads.
 */
public abstract class BackedSourceContract extends BlockSourceContract {

    /**
     * Opens a new layer that holds {@code overlay} over a backing file that holds {@code backing}; the contract closes it.
     * DEFERRED runs of the overlay are not in the layer.
     */
    protected abstract FormatSource openLayer(TestImage overlay, TestImage backing) throws Exception;

    @Override
    protected final BlockSource open(TestImage image) throws Exception {
        return openLayer(image, TestImage.data(image.length(), 99));
    }

    @Override
    protected TestImage image() {
        return TestImage.overlay();
    }

    @Test
    void namesItsBackingFileAndHasAFile() throws Exception {
        try (FormatSource layer = openLayer(image(), TestImage.data(image().length(), 99))) {
            assertTrue(layer.backing().isPresent(), "a layer over a backing file names it");
            assertFalse(layer.backing().get().file().isEmpty());
            assertTrue(layer.file().info().length() > 0);
        }
    }

    @Test
    void showsABackingFileOfTheSameLength() throws Exception {
        assertComposes(TestImage.data(image().length(), 99));
    }

    @Test
    void showsABackingFileThatHasZeroesOfItsOwn() throws Exception {
        assertComposes(TestImage.standard());
    }

    @Test
    void readsZeroPastAShortBackingFile() throws Exception {
        assertComposes(TestImage.data(448 * 1024, 99));
    }

    @Test
    void readsZeroPastAShortBackingFileWhoseEndIsInsideACluster() throws Exception {
        assertComposes(TestImage.data(128 * 1024 + 512, 99));
        assertComposes(TestImage.data(416 * 1024 + 1536, 99));
    }

    @Test
    void showsTheStartOfALongerBackingFile() throws Exception {
        assertComposes(TestImage.data(image().length() + 64 * 1024, 99));
    }

    private void assertComposes(TestImage backing) throws Exception {
        byte[] guest = new byte[image().length()];
        byte[] base = backing.bytes();
        try (FormatSource layer = openLayer(image(), backing)) {
            assertEquals(expectedMap(image()), Disks.map(layer, image().range()), "the status speaks of the layer alone");
            List<BlockStatus> runs = Disks.walk(layer, image().range());
            for (BlockStatus run : runs) {
                int at = (int) run.offset();
                if (run.isLocal()) {
                    System.arraycopy(Disks.read(layer, run.range()), 0, guest, at, (int) run.length());
                } else {
                    int shared = (int) Math.min(run.length(), Math.max(0, base.length - at));
                    System.arraycopy(base, Math.min(at, base.length), guest, at, shared);
                }
            }
        }
        assertArrayEquals(image().over(backing), guest);
    }
}
