package org.blockferry.engine.salvage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SalvageMapTest {
    private static final int LENGTH = 1 << 20;

    @TempDir
    Path folder;

    private SalvageMap open() throws BlockException {
        return SalvageMap.open(folder.resolve("map"), "/dev/sdb", LENGTH);
    }

    private SalvageMap reopened(SalvageMap map) throws BlockException {
        MapFile.write(map.file(), map.text("raw"));
        return open();
    }

    @Test
    void aNewMapSaysThatNothingWasTried() throws Exception {
        SalvageMap map = open();
        assertFalse(map.isResumed());
        assertEquals(List.of(), map.finished());
        assertEquals(LENGTH, map.missing());
        assertEquals("""
                # Mapfile. Written by Blockferry, in the format of GNU ddrescue
                # Source: /dev/sdb
                # Format of the target: raw
                # current_pos  current_status  current_pass
                0x00000000     ?               1
                #      pos        size  status
                0x00000000  0x00100000  ?
                """, map.text("raw"));
    }

    @Test
    void whatIsLostStaysLostThoughTheTargetHasItAsZeroes() throws Exception {
        SalvageMap map = open();
        map.lost(new ByteRange(4096, 512));
        map.done(new ByteRange(0, 65536));
        assertEquals(List.of(new ByteRange(0, 4096), new ByteRange(4608, 65536 - 4608)), map.finished());
        assertEquals(LENGTH - 65536 + 512, map.missing());
        assertTrue(map.text("qcow2").endsWith("""
                0x00010000     ?               1
                #      pos        size  status
                0x00000000  0x00001000  +
                0x00001000  0x00000200  -
                0x00001200  0x0000EE00  +
                0x00010000  0x000F0000  ?
                """), map.text("qcow2"));
    }

    @Test
    void theNextRunTriesAgainWhatWasLostAndKeepsTheRest() throws Exception {
        SalvageMap map = open();
        map.lost(new ByteRange(4096, 512));
        map.done(new ByteRange(0, LENGTH));
        SalvageMap next = reopened(map);
        assertTrue(next.isResumed());
        assertEquals(Optional.of("raw"), next.targetFormat());
        assertEquals(512, next.missing());
        assertTrue(next.text("raw").contains("0x00001000  0x00000200  -\n"), "not tried again yet, so it is what it was");
        next.done(new ByteRange(4096, 512));
        assertEquals(0, next.missing());
        assertTrue(next.text("raw").endsWith("""
                0x00000000     +               1
                #      pos        size  status
                0x00000000  0x00100000  +
                """), next.text("raw"));
    }

    @Test
    void aMapOfDdrescueIsRead() throws Exception {
        Files.writeString(folder.resolve("map"), """
                # Mapfile. Created by GNU ddrescue version 1.27
                # Command line: ddrescue -d /dev/sdc hdimage mapfile
                # current_pos  current_status  current_pass
                0x00010000     /               1
                #      pos        size  status
                0x00000000  0x00008000  +
                0x00008000  0x00001000  *
                36864       0x00001000  /   # a decimal number
                0x0000A000  0x00001000  -

                0x0000B000  0x00001000  ?
                0x0000C000  0x000F4000  +
                """);
        SalvageMap map = open();
        assertEquals(Optional.empty(), map.targetFormat());
        assertEquals(List.of(new ByteRange(0, 0x8000), new ByteRange(0xC000, 0xF4000)), map.finished());
        assertEquals(4 * 4096, map.missing());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "no map at all | line 1 of the map is 'no map at all'; it should have position, status and pass",
        "no map at | line 1 of the map is 'no map at'; it should have numbers up to 2^63",
        "# nothing | this is no map of GNU ddrescue's format",
        "0 ? 1;0 0x100000 x | line 2 of the map is '0 0x100000 x'; it should have position, size and one of the statuses ?*/-+",
        "0 ? 1;0 0x1000 +;0x2000 0xFE000 + | line 3 of the map is '0x2000 0xFE000 +'; it should have a span at 0x1000",
        "0 ? 1;0 0x1000 +;0 0x100000 + | line 3 of the map is '0 0x100000 +'; it should have a span at 0x1000",
        "0 ? 1;0 -5 + | line 2 of the map is '0 -5 +'; it should have numbers that are not negative",
        "0 ? 1;0 0 + | line 2 of the map is '0 0 +'; it should have a span at 0x0",
        "0 ? 1;0 0x100001 + | line 2 ends at 1048577; the disk has 1048576 bytes, so this is the map of another one",
        "0 ? 1;0 0x1000 + | the map ends at 4096; the disk has 1048576 bytes, so this is the map of another one",
        "0 ? 1;0 99999999999999999999 + | line 2 of the map is '0 99999999999999999999 +'; it should have numbers up to 2^63"})
    void whatIsNoMapOfThisDiskIsRefusedInOneLine(String lines, String message) throws IOException {
        Files.writeString(folder.resolve("map"), lines.replace(";", "\n") + "\n");
        BlockException e = assertThrows(BlockException.class, this::open);
        assertEquals(folder.resolve("map") + ": " + message, e.getMessage());
        assertEquals(Kind.INVALID_ARGUMENT, e.kind());
    }

    @Test
    void noiseIsNoMap() throws IOException {
        byte[] noise = new byte[1 << 20];
        for (int seed = 0; seed < 20; seed++) {
            new Random(seed).nextBytes(noise);
            Files.write(folder.resolve("map"), noise);
            BlockException e = assertThrows(BlockException.class, this::open);
            assertFalse(e.getMessage().chars().anyMatch(Character::isISOControl), e.getMessage());
        }
    }

    @Test
    void spansAreBoundedAndThenCountedInBlocks() throws Exception {
        SalvageMap map = SalvageMap.open(folder.resolve("map"), "", LENGTH, 9);
        for (int sector = 0; sector < 100; sector += 2) {
            map.lost(new ByteRange(sector * 512L, 512));
        }
        map.done(new ByteRange(0, LENGTH));
        // Four by themselves, and after that all of the block that a lost one is in.
        assertTrue(map.text("raw").lines().count() <= 16, map.text("raw"));
        assertEquals(64 << 10, map.missing());
    }

    @Test
    void anyOrderOfEventsGivesTheSameMapAsBytesWould() throws Exception {
        Random random = new Random(5);
        char[] model = "?".repeat(4096).toCharArray();
        SalvageMap map = SalvageMap.open(folder.resolve("small"), "", model.length);
        for (int i = 0; i < 2000; i++) {
            int start = random.nextInt(model.length);
            ByteRange range = new ByteRange(start, random.nextInt(Math.min(64, model.length - start) + 1));
            boolean lost = random.nextInt(8) == 0;
            for (long at = range.offset(); at < range.end(); at++) {
                if (lost || model[(int) at] != '-') {
                    model[(int) at] = lost ? '-' : '+';
                }
            }
            if (lost) {
                map.lost(range);
            } else {
                map.done(range);
            }
            if (i % 20 == 0) {
                assertEquals(new String(model), expanded(map), "step " + i);
            }
        }
    }

    private static String expanded(SalvageMap map) {
        StringBuilder bytes = new StringBuilder();
        map.text("raw").lines().filter(line -> line.matches("0x\\S+  0x\\S+  .")).forEach(line -> {
            String[] fields = line.split("\\s+");
            assertEquals(bytes.length(), Integer.decode(fields[0]));
            bytes.append(fields[2].repeat(Integer.decode(fields[1])));
        });
        return bytes.toString();
    }
}
