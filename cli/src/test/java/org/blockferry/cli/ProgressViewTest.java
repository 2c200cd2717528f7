package org.blockferry.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.blockferry.engine.job.Progress;
import org.junit.jupiter.api.Test;

class ProgressViewTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private static Progress done(long bytes, long total) {
        return new Progress(total, bytes, 0, 0, 0, 0, Duration.ofSeconds(1));
    }

    private Optional<ProgressView> choose(boolean terminal, boolean json, boolean percent, boolean quiet) {
        Session session = new Session(new PrintWriter(out), new PrintWriter(err),
                terminal ? Optional.of(new Terminal(80)) : Optional.empty(), Signals.NONE, () -> {
                    throw new AssertionError("no driver is needed to show progress");
                });
        return ProgressView.choose(session, json, percent, quiet, session.out());
    }

    @Test
    void nothingIsShownWithoutATerminalOrWhenQuiet() {
        assertEquals(Optional.empty(), choose(false, false, false, false));
        assertEquals(Optional.empty(), choose(true, false, false, true));
    }

    @Test
    void percentagesAreThoseOfQemuImg() {
        ProgressView view = choose(false, false, true, false).orElseThrow();
        view.show(done(1, 3));
        view.finish(done(3, 3));
        assertEquals("    (33.33/100%)\r    (100.00/100%)\r" + System.lineSeparator(), out.toString());
    }

    @Test
    void jsonIsOneObjectALine() {
        ProgressView view = choose(true, true, true, false).orElseThrow();
        view.show(done(1L << 33, 1L << 34));
        view.finish(done(1L << 34, 1L << 34));
        List<Map<String, Object>> lines = err.toString().lines().map(CliRun::object).toList();
        assertEquals(2, lines.size());
        assertEquals("progress", lines.get(0).get("type"));
        assertEquals(1L << 33, lines.get(0).get("done"));
        assertEquals(1L << 34, lines.get(0).get("total"));
        assertEquals(1L << 33, lines.get(0).get("bytes_per_second"));
        assertEquals(1.0, lines.get(0).get("seconds_left"));
        assertEquals(1L << 34, lines.get(1).get("done"));
    }

    @Test
    void aStreamHasNoTotalInJson() {
        new JsonProgress(new PrintWriter(err)).show(done(5, Progress.UNKNOWN));
        assertTrue(!CliRun.object(err.toString()).containsKey("total"));
    }

    @Test
    void theBarFitsTheTerminalAndEndsWithALineEnd() {
        ProgressView view = choose(true, false, false, false).orElseThrow();
        view.show(done(10L << 20, 100L << 20));
        view.finish(done(100L << 20, 100L << 20));
        String text = err.toString();
        assertTrue(text.contains("100%") && text.contains("100/100 MiB"), text);
        assertTrue(text.endsWith(System.lineSeparator()), text);
        for (String line : text.split("\r")) {
            assertTrue(line.stripTrailing().length() < 80, line);
        }
    }

    @Test
    void aBarThatWasNeverShownLeavesNoTrace() {
        choose(true, false, false, false).orElseThrow().finish(done(1, 1));
        assertEquals("", err.toString());
    }

    @Test
    void theTickerShowsTheLastStateOnceAndNothingAfterThat() throws Exception {
        CountDownLatch shown = new CountDownLatch(1);
        StringBuffer seen = new StringBuffer();
        ProgressTicker ticker = ProgressTicker.start(Optional.of(new ProgressView() {
            @Override
            public void show(Progress progress) {
                seen.append("show ");
                shown.countDown();
            }

            @Override
            public void finish(Progress progress) {
                seen.append("finish");
            }
        }), () -> done(1, 2));
        assertTrue(shown.await(30, TimeUnit.SECONDS));
        ticker.close();
        ticker.close();
        assertTrue(seen.toString().matches("(show )+finish"), seen.toString());
    }
}
