package org.blockferry.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.BlockException.Kind;
import org.junit.jupiter.api.Test;

class ErrorReportTest {

    private static String[] lines(int code, Throwable failure) {
        StringWriter err = new StringWriter();
        assertEquals(code, ErrorReport.print(new PrintWriter(err), "copy", failure));
        return err.toString().split("\\R");
    }

    @Test
    void aFailureIsOneLineAndCodeOne() {
        assertEquals("blockferry: disk: No space left on device",
                String.join("|", lines(1, BlockException.of(Kind.NO_SPACE, "disk", "No space left on device"))));
    }

    @Test
    void aWrongCommandLineIsCodeTwoWithAHint() {
        assertEquals("blockferry: no target|Try 'blockferry copy --help' for more.",
                String.join("|", lines(2, new UsageException("no target"))));
    }

    @Test
    void whatTheEngineRefusesIsAFailureWhateverItsKind() {
        for (Kind kind : Kind.values()) {
            assertEquals(1, lines(1, BlockException.of(kind, "disk", "no")).length);
        }
    }

    @Test
    void lineEndsAndEscapesInNamesDoNotReachTheTerminal() {
        assertEquals("blockferry: a\\x0ab\\x1b[31m: gone",
                String.join("|", lines(1, BlockException.of(Kind.NOT_FOUND, "a\nb\u001b[31m", "gone"))));
    }

    @Test
    void aDefectSaysThatItIsOne() {
        assertEquals("blockferry: internal error: java.lang.IllegalStateException: x; with BLOCKFERRY_DEBUG=1 it says where",
                String.join("|", lines(1, new IllegalStateException("x"))));
    }

    @Test
    void aFailureWithoutWordsIsNamedByItsType() {
        assertEquals("blockferry: java.io.IOException", String.join("|", lines(1, new IOException())));
    }
}
