package org.blockferry.engine.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.nio.charset.StandardCharsets;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrintableTest {

    @Test
    void whatPeopleReadStaysAsItIs() {
        String text = "C:\\disk 'a' – ä 中文 \ud83d\ude80 می\u200cخواهم";
        assertSame(text, Printable.line(text));
    }

    @Test
    void eachThatIsNotForReadingIsWrittenByItsNumber() {
        assertEquals("a\\x0ab\\x0d\\x09\\x1b[31m\\x7f\\x85\\u2028\\u2029\\u202e\\ufeff|",
                Printable.line("a\nb\r\t\u001b[31m\u007f\u0085\u2028\u2029\u202e\ufeff|"));
    }

    @Test
    void halvesOfPairsAndBrokenUtf8AreWrittenByTheirNumbers() {
        assertEquals("\\ud83d\\ude80x", Printable.line("\ud83d" + "\\ude80x"));
        assertEquals("a\\ufffdb", Printable.line(new String(new byte[] {'a', (byte) 0xff, 'b'}, StandardCharsets.UTF_8)));
        assertEquals("\\U0e0001", Printable.line(Character.toString(0xe0001)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, '\n', '\u000b', '\f', '\r', 0x1b, 0x7f, 0x85, 0x9b, 0x2028, 0x2029, 0x202e, 0xd800, 0xfffd})
    void noFailureHasMoreThanOneLineWhereverTheTextStands(int point) {
        String bad = "x" + Character.toString(point) + "y";
        for (BlockException failure : new BlockException[] {
                BlockException.of(Kind.IO, bad, "failed"), BlockException.of(Kind.IO, "disk", bad),
                BlockException.of(Kind.IO, "disk", bad, new IllegalStateException()),
                BlockException.field(Kind.INVALID_FORMAT, "disk", bad, 1, "at most 2"),
                BlockException.field(Kind.INVALID_FORMAT, "disk", "field", bad, "at most 2"),
                BlockException.field(Kind.INVALID_FORMAT, "disk", "field", 1, bad).withErrno(5)}) {
            assertFalse(failure.getMessage().contains(Character.toString(point)), failure.getMessage());
            assertEquals(1, failure.getMessage().split("\\R", -1).length);
        }
    }
}
