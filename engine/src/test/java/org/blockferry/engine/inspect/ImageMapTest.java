package org.blockferry.engine.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ByteRange;
import org.blockferry.engine.inspect.DiskPicture.Kind;
import org.blockferry.engine.toy.ToyFiles;
import org.blockferry.engine.toy.ToyImage;
import org.junit.jupiter.api.Test;

class ImageMapTest {
    private static final int SECTOR = 512;
    private static final int SECTORS = 9001;

    private final ToyFiles files = new ToyFiles();

    /** Every other sector holds data. */
    private ImageMap fragmented() throws BlockException {
        byte[] bytes = new byte[SECTORS * SECTOR];
        for (int i = 0; i < SECTORS; i += 2) {
            bytes[i * SECTOR] = 1;
        }
        files.put("disk.raw", bytes);
        return ImageMap.open(files.registry(), ImageRequest.of("disk.raw").withFormat(Optional.of("raw")));
    }

    @Test
    void givesAllRunsInOrderHoweverManyThereAre() throws BlockException {
        List<MapEntry> entries = new ArrayList<>();
        try (ImageMap map = fragmented()) {
            map.forEach(map.range(), entries::add);
        }
        assertEquals(SECTORS, entries.size());
        for (int i = 0; i < SECTORS; i++) {
            assertEquals(new ByteRange((long) i * SECTOR, SECTOR), entries.get(i).range());
            assertEquals(i % 2 == 1, entries.get(i).zero());
        }
        assertEquals(0, files.openNodes());
    }

    @Test
    void endsWithTheVisitorWhenThatFails() throws BlockException {
        int[] seen = {0};
        try (ImageMap map = fragmented()) {
            assertThrows(IllegalStateException.class, () -> map.forEach(map.range(), entry -> {
                if (++seen[0] == 3000) {
                    throw new IllegalStateException("enough");
                }
            }));
            // The walk has ended with it: another one finds everything again.
            List<MapEntry> part = new ArrayList<>();
            map.forEach(new ByteRange(SECTOR, 3 * SECTOR), part::add);
            assertEquals(3, part.size());
        }
        assertEquals(3000, seen[0]);
        assertEquals(0, files.openNodes());
    }

    @Test
    void joinsRunsThatAreAlike() throws BlockException {
        files.put("base", ToyImage.of("DDDD....", 1).bytes());
        files.put("top", ToyImage.of("..DDD...", 2).over("base", "qcow2").bytes());
        List<MapEntry> entries = new ArrayList<>();
        try (ImageMap map = ImageMap.open(files.registry(), ImageRequest.of("top"))) {
            map.forEach(map.range(), entries::add);
        }
        assertEquals(List.of("0+1024 depth 1", "1024+1536 depth 0", "2560+1536 hole"), entries.stream()
                .map(entry -> entry.start() + "+" + entry.length() + (entry.present() ? " depth " + entry.depth() : " hole")).toList());
    }

    @Test
    void aPictureAddsUpToTheDisk() throws BlockException {
        try (ImageMap map = fragmented()) {
            DiskPicture picture = DiskPicture.of(map, map.range(), 100);
            assertTrue(picture.cells().size() <= 100, picture.toString());
            assertTrue(picture.cells().size() * picture.cellBytes() >= picture.length(), picture.toString());
            assertEquals((SECTORS + 1) / 2 * SECTOR, picture.totals().get(Kind.DATA));
            assertEquals(SECTORS / 2 * SECTOR, picture.totals().get(Kind.HOLE));
            assertTrue(picture.cells().stream().allMatch(cell -> cell.kind() == Kind.DATA), picture.toString());
        }
    }

    @Test
    void opensNothingThatAnUntrustedImageNames() {
        files.put("base", ToyImage.of("DDDD", 1).bytes());
        files.put("top", ToyImage.of("..DD", 2).over("base", "qcow2").bytes());
        BlockException e = assertThrows(BlockException.class,
                () -> ImageMap.open(files.registry(), ImageRequest.of("top").withUntrusted(true)));
        assertEquals(BlockException.Kind.REFUSED, e.kind());
        assertEquals(0, files.openNodes());
    }
}
