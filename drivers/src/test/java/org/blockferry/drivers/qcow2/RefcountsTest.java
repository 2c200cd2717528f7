package org.blockferry.drivers.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RefcountsTest {

    @ParameterizedTest(name = "{0} bits, entry {1} = {2}")
    @CsvSource({
        "0, 0, 1,   01 00 00 00 00 00 00 00",
        "0, 7, 1,   80 00 00 00 00 00 00 00",
        "0, 8, 1,   00 01 00 00 00 00 00 00",
        "1, 1, 3,   0c 00 00 00 00 00 00 00",
        "2, 1, 15,  f0 00 00 00 00 00 00 00",
        "2, 2, 9,   00 09 00 00 00 00 00 00",
        "3, 2, 255, 00 00 ff 00 00 00 00 00",
        "4, 1, 258, 00 00 01 02 00 00 00 00",
        "5, 1, 258, 00 00 00 00 00 00 01 02",
        "6, 0, 258, 00 00 00 00 00 00 01 02"})
    void entriesStandWhereTheSpecificationPutsThem(int order, int index, long count, String bytes) {
        ByteBuffer block = ByteBuffer.allocate(8);
        Refcounts.set(block, order, index, count);
        StringBuilder found = new StringBuilder();
        for (byte b : block.array()) {
            found.append(String.format(found.isEmpty() ? "%02x" : " %02x", b));
        }
        assertEquals(bytes, found.toString());
        assertEquals(count, Refcounts.get(block, order, index));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
    void settingAnEntryLeavesTheOthersAlone(int order) {
        Qcow2Layout layout = new Qcow2Layout(9, order, false);
        ByteBuffer block = Refcounts.blockOfOnes(layout, layout.refcountBlockEntries());
        long max = Refcounts.max(order);
        for (int i = 0; i < layout.refcountBlockEntries(); i += 3) {
            Refcounts.set(block, order, i, i % 2 == 0 ? max : 0);
        }
        for (int i = 0; i < layout.refcountBlockEntries(); i++) {
            assertEquals(i % 3 != 0 ? 1 : i % 2 == 0 ? max : 0, Refcounts.get(block, order, i), "entry " + i);
        }
    }

    @Test
    void clearsTheTailOfABlock() {
        Qcow2Layout layout = new Qcow2Layout(9, 1, false);
        ByteBuffer block = Refcounts.blockOfOnes(layout, layout.refcountBlockEntries());
        Refcounts.clearFrom(block, layout, 5);
        for (int i = 0; i < layout.refcountBlockEntries(); i++) {
            assertEquals(i < 5 ? 1 : 0, Refcounts.get(block, 1, i), "entry " + i);
        }
    }
}
