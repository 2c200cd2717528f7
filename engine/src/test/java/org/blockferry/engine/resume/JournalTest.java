package org.blockferry.engine.resume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.blockferry.engine.block.ByteRange;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a journal tells after its end was torn off, at every byte of it, and after a bit of it was flipped. */
class JournalTest {
    private static final long LENGTH = 1L << 40;
    private static final Map<String, String> FACTS = Map.of("source", "a b\t\n%äö", "empty", "");

    @TempDir
    Path folder;
    private Path file;
    private byte[] first;
    private byte[] whole;

    @BeforeEach
    void journal() throws Exception {
        file = folder.resolve("journal");
        try (Journal journal = Journal.begin(file, FACTS, LENGTH)) {
            journal.append(List.of(new ByteRange(0, 4096), new ByteRange(8192, 4096)));
            first = Files.readAllBytes(file);
            journal.append(List.of(new ByteRange(4096, 4096), new ByteRange(LENGTH - 1, 1)));
        }
        whole = Files.readAllBytes(file);
    }

    @Test
    void tellsWhatItWasTold() throws Exception {
        try (Journal journal = Journal.open(file)) {
            assertEquals(FACTS, journal.facts());
            assertEquals(LENGTH, journal.length());
            assertEquals(List.of(new ByteRange(0, 12288), new ByteRange(LENGTH - 1, 1)), journal.done());
            journal.append(List.of(new ByteRange(12288, 5)));
        }
        try (Journal journal = Journal.open(file)) {
            assertEquals(new ByteRange(0, 12293), journal.done().get(0));
        }
    }

    @Test
    void aTornEndCostsWhatItTold() throws Exception {
        for (int length = first.length; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            try (Journal journal = Journal.open(file)) {
                assertEquals(List.of(new ByteRange(0, 4096), new ByteRange(8192, 4096)), journal.done(), "cut at " + length);
                journal.append(List.of(new ByteRange(4096, 1)));
            }
            try (Journal journal = Journal.open(file)) {
                assertEquals(new ByteRange(0, 4097), journal.done().get(0), "added after a cut at " + length);
            }
        }
    }

    @Test
    void aFlippedBitIsNeverBelieved() throws Exception {
        for (int at = 0; at < whole.length; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 1;
            Files.write(file, damaged);
            try (Journal journal = Journal.open(file)) {
                long done = journal.done().stream().mapToLong(ByteRange::length).sum();
                assertTrue(at >= first.length ? done == 8192 : done == 0, "flipped at " + at + ": " + journal.done());
            } catch (BlockException e) {
                assertEquals(Kind.INVALID_FORMAT, e.kind());
                assertTrue(at < first.length, "flipped at " + at);
            }
        }
    }

    @Test
    void whatIsNoJournalIsRefusedInOneLine() throws Exception {
        for (String text : List.of("", "\n", "no journal\n", "blockferry-journal 1\t00000000\n", "x".repeat(1 << 20))) {
            Files.writeString(file, text);
            BlockException failure = assertThrows(BlockException.class, () -> Journal.open(file));
            assertEquals(1, failure.getMessage().lines().count());
            assertEquals(Kind.INVALID_FORMAT, failure.kind(), failure.getMessage());
        }
        Files.delete(file);
        assertEquals(Kind.NOT_FOUND, assertThrows(BlockException.class, () -> Journal.open(file)).kind());
    }
}
