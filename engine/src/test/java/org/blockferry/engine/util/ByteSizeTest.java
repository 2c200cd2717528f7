package org.blockferry.engine.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({"0, 0", "4096, 4096", "1b, 1", "512B, 512", "64K, 65536", "64k, 65536", "64KiB, 65536", "64KB, 65536",
        "1.5G, 1610612736", ".5K, 512", "1., 1", "1T, 1099511627776", "1P, 1125899906842624", "7E, 8070450532247928832",
        "7.9999999999999999999E, 9223372036854775807", "9223372036854775807, 9223372036854775807", "0x10, 16", "0XFF, 255",
        "0x7fffffffffffffff, 9223372036854775807", "1.1K, 1126", "0.0000001K, 0"})
    void readsSizesAsPeopleWriteThem(String text, long bytes) {
        assertEquals(bytes, ByteSize.parse("size", text));
    }

    @ParameterizedTest(name = "''{0}''")
    @ValueSource(strings = {"", " ", "K", "iB", "B", ".", "-1", "+1", "1 K", " 1", "1.2.3", "1,5G", "1e3", "1KK", "1BB", "1BiB",
        "1iB", "8E", "9223372036854775808", "0x", "0x-5", "0x+5", "0x1K", "0x8000000000000000", "NaN", "1\u0661", "12abc"})
    void refusesWhatIsNoSizeAndNamesIt(String text) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> ByteSize.parse("-S", text));
        assertTrue(e.getMessage().startsWith("-S is '" + text + "'; "), e.getMessage());
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({"0, 0 B", "512, 512 B", "1023, 1023 B", "1024, 1 KiB", "1536, 1.5 KiB", "65536, 64 KiB", "1610612736, 1.5 GiB",
        "10485760, 10 MiB", "104857600, 100 MiB", "1234567, 1.18 MiB", "1099511627776, 1 TiB", "9223372036854775807, 8 EiB"})
    void writesSizesForPeople(long bytes, String text) {
        assertEquals(text, ByteSize.format(bytes));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 511, 65536, 1L << 30, 1L << 62})
    void readsBackWhatItWroteOfPowersOfTwo(long bytes) {
        assertEquals(bytes, ByteSize.parse("size", ByteSize.format(bytes).replace(" ", "")));
    }
}
