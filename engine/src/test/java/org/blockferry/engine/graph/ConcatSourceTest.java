package org.blockferry.engine.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockSource;
import org.blockferry.engine.block.BlockStatus;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.block.OpenOptions;
import org.blockferry.engine.toy.ToyFiles;
import org.blockferry.engine.toy.ToyImage;
import org.junit.jupiter.api.Test;

class ConcatSourceTest {
    private final ToyFiles files = new ToyFiles();

    private BlockSource source(String name, ToyImage image) throws BlockException {
        files.put(name, image.bytes());
        return new ImageOpener(files.registry(), OpenPolicy.DEFAULT).openChain(name, Optional.empty(), OpenOptions.DEFAULT);
    }

    @Test
    void partsFollowEachOtherOnSectors() throws BlockException {
        ToyImage a = ToyImage.of("DZ", 1).withLength(1000);
        ToyImage empty = ToyImage.of("", 2);
        ToyImage b = ToyImage.of("DD", 3).withLength(700);
        try (BlockSource all = new ConcatSource(List.of(source("a", a), source("e", empty), source("b", b)))) {
            assertEquals(2048, all.info().length());
            byte[] expected = Arrays.copyOf(a.content(), 2048);
            System.arraycopy(b.content(), 0, expected, 1024, 700);
            for (int from = 0; from <= 2048; from += 93) {
                ByteBuffer buffer = ByteBuffer.allocate(2048 - from);
                all.read(from, buffer);
                assertArrayEquals(Arrays.copyOfRange(expected, from, 2048), buffer.array(), "from " + from);
            }
            assertEquals(List.of("0x0+0x200 L-MO @0x2000", "0x200+0x1e8 LZ--", "0x3e8+0x18 LZ--", "0x400+0x2bc L-MO @0x2000",
                    "0x6bc+0x144 LZ--"), walk(all));
        }
        assertEquals(0, files.openNodes());
    }

    @Test
    void aReadPastTheEndIsRefused() throws BlockException {
        try (BlockSource all = new ConcatSource(List.of(source("a", ToyImage.of("D", 1)), source("b", ToyImage.of("D", 2))))) {
            assertEquals("a + b: read 2 bytes at 0x3ff: the disks have 1024 bytes",
                    assertThrows(BlockException.class, () -> all.read(1023, ByteBuffer.allocate(2))).getMessage());
        }
    }

    @Test
    void aSliceIsADiskOfItsOwn() throws BlockException {
        ToyImage image = ToyImage.of("DDZZ", 1);
        try (BlockSource slice = new SliceSource(source("a", image), ByteRange.between(100, 1600))) {
            assertEquals(1500, slice.info().length());
            ByteBuffer buffer = ByteBuffer.allocate(1500);
            slice.read(0, buffer);
            assertArrayEquals(Arrays.copyOfRange(image.content(), 100, 1600), buffer.array());
            assertEquals(List.of("0x0+0x39c L-MO @0x2064", "0x39c+0x240 LZ--"), walk(slice));
            assertEquals("a: read 1 bytes at 0x5dc: the slice has 1500 bytes",
                    assertThrows(BlockException.class, () -> slice.read(1500, ByteBuffer.allocate(1))).getMessage());
        }
        assertEquals(0, files.openNodes());
        try (BlockSource whole = source("b", image)) {
            assertThrows(IllegalArgumentException.class, () -> new SliceSource(whole, ByteRange.between(0, 2049)));
        }
    }

    private static List<String> walk(BlockSource source) throws BlockException {
        List<String> runs = new ArrayList<>();
        for (long at = 0; at < source.info().length(); ) {
            BlockStatus run = source.status(ByteRange.between(at, source.info().length()));
            runs.add(run.toString());
            at = run.end();
        }
        return runs;
    }
}
