package org.blockferry.engine.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CloseAllTest {
    private final List<String> closed = new ArrayList<>();

    private AutoCloseable failing(String name, Exception failure) {
        return () -> {
            closed.add(name);
            throw failure;
        };
    }

    private AutoCloseable closing(String name) {
        return () -> closed.add(name);
    }

    @Test
    void closesAllInOrderAndThrowsTheFirstFailureWithTheOthersSuppressed() {
        IOException first = new IOException("first");
        IOException second = new IOException("second");
        IOException thrown = assertThrows(IOException.class,
                () -> CloseAll.inOrder(List.of(closing("a"), failing("b", first), failing("c", second), closing("d"))));
        assertSame(first, thrown);
        assertEquals(List.of(second), List.of(thrown.getSuppressed()));
        assertEquals(List.of("a", "b", "c", "d"), closed);
    }

    @Test
    void throwsAnUncheckedFailureAsItIsAndWrapsOtherOnes() {
        IllegalStateException unchecked = new IllegalStateException("x");
        assertSame(unchecked,
                assertThrows(IllegalStateException.class, () -> CloseAll.inOrder(List.of(failing("a", unchecked)))));
        Exception other = new Exception("y");
        assertSame(other,
                assertThrows(IOException.class, () -> CloseAll.inOrder(List.of(failing("a", other)))).getCause());
    }

    @Test
    void closesNothingQuietly() throws IOException {
        CloseAll.inOrder(List.of());
    }

    @Test
    void aFailureToCloseAfterAFailureIsSuppressedIntoIt() {
        Exception failure = new Exception("why we close");
        IOException later = new IOException("later");
        CloseAll.after(failure, failing("a", later));
        CloseAll.after(failure, closing("b"));
        assertEquals(List.of(later), List.of(failure.getSuppressed()));
        assertEquals(List.of("a", "b"), closed);
    }
}
