package org.blockferry.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Optional;
import org.blockferry.engine.inspect.MapEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MapPrinterTest {

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 9, 10, 99, 999_999_999L, 1_000_000_000L, 1_000_000_001L, 10_000_000_000L, 123_456_789_012_345L,
            1_000_000_000_000_000_000L, Long.MAX_VALUE - 1})
    void writesEveryNumberAsJavaAndCDo(long value) throws IOException {
        MapEntry entry = new MapEntry(value, 1, 0, true, false, true, false, value, Optional.of("disk"));
        assertEquals("[{ \"start\": " + value + ", \"length\": 1, \"depth\": 0, \"present\": true, \"zero\": false, \"data\": true, "
                + "\"compressed\": false, \"offset\": " + value + "}]\n", print(true, entry));
        String hexadecimal = value == 0 ? "0" : "0x" + Long.toHexString(value);
        String column = hexadecimal + " ".repeat(Math.max(0, 16 - hexadecimal.length()));
        assertEquals("Offset          Length          Mapped to       File\n" + column + "0x1             " + column + "disk\n",
                print(false, entry));
    }

    @Test
    void handsLongOutputOnInPiecesAndLosesNothing() throws IOException {
        StringWriter text = new StringWriter();
        MapPrinter printer = new MapPrinter(new PrintWriter(text), true, 0);
        int count = 5000;
        for (int i = 0; i < count; i++) {
            printer.accept(new MapEntry(i, 1, 0, true, true, false, false, MapEntry.NO_OFFSET, Optional.empty()));
        }
        printer.finish();
        assertEquals(count, text.toString().lines().count());
    }

    private static String print(boolean json, MapEntry entry) throws IOException {
        StringWriter text = new StringWriter();
        MapPrinter printer = new MapPrinter(new PrintWriter(text), json, 0);
        printer.accept(entry);
        printer.finish();
        return text.toString();
    }
}
