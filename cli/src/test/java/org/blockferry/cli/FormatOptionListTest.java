package org.blockferry.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FormatOptionListTest {

    @Test
    void namesAndValuesAreSeparatedByCommas() throws Exception {
        assertEquals(Map.of("cluster_size", "64k", "compat", "1.1"),
                FormatOptionList.parse(List.of("cluster_size=64k,compat=1.1")));
    }

    @Test
    void twoCommasAreOneCommaWithinAValue() throws Exception {
        assertEquals(Map.of("backing_file", "a,b.qcow2", "x", "y"), FormatOptionList.parse(List.of("backing_file=a,,b.qcow2,x=y")));
    }

    @Test
    void aValueMayContainEqualSigns() throws Exception {
        assertEquals(Map.of("data_file", "a=b"), FormatOptionList.parse(List.of("data_file=a=b")));
    }

    @Test
    void aNameAloneIsOn() throws Exception {
        assertEquals(Map.of("lazy_refcounts", "on"), FormatOptionList.parse(List.of("lazy_refcounts")));
    }

    @Test
    void severalListsAddUpAndTheLastValueCounts() throws Exception {
        assertEquals(Map.of("a", "3", "b", "2"), FormatOptionList.parse(List.of("a=1,b=2", "a=3")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "=64k", "a=1,", ",a=1"})
    void aPartWithoutANameIsRefused(String list) {
        UsageException refusal = assertThrows(UsageException.class, () -> FormatOptionList.parse(List.of(list)));
        assertTrue(refusal.getMessage().startsWith("-o is '" + list + "'"), refusal.getMessage());
    }

    @Test
    void helpIsAskedForByEitherWord() {
        assertTrue(FormatOptionList.asksForHelp(List.of("help")));
        assertTrue(FormatOptionList.asksForHelp(List.of("a=1", "?")));
    }
}
