package org.blockferry.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** {@code blockferry serve} within this process, listening. Closing it stops it as SIGTERM does. */
public final class ServeRun implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;
    private static final int SIGTERM = 15;

    private final CompletableFuture<String> uri = new CompletableFuture<>();
    private final CompletableFuture<Signals.Stop> stop = new CompletableFuture<>();
    private final CompletableFuture<CliRun> run = new CompletableFuture<>();

    private ServeRun(String... args) {
        StringWriter err = new StringWriter();
        StringWriter out = new StringWriter() {
            @Override
            public void flush() {
                uri.complete(toString().strip());
            }
        };
        Signals signals = (stopping, report) -> {
            stop.complete(stopping);
            return () -> { };
        };
        Thread thread = new Thread(() -> {
            int code = new Launcher(new PrintWriter(out), new PrintWriter(err, true), Optional.empty(), signals)
                    .run(Stream.concat(Stream.of("serve"), Arrays.stream(args)).toArray(String[]::new));
            run.complete(new CliRun(code, out.toString(), err.toString()));
            uri.completeExceptionally(new AssertionError("it does not serve: " + err));
        }, "serve");
        thread.setDaemon(true);
        thread.start();
    }

    /** Starts it and waits until it listens. */
    public static ServeRun start(String... args) {
        ServeRun started = new ServeRun(args);
        get(started.uri);
        return started;
    }

    /** What it printed when it listened. */
    public String uri() {
        return get(uri);
    }

    /** Waits for an end that comes by itself. */
    public CliRun finish() {
        return get(run);
    }

    /** Ends it as a signal does. */
    public CliRun stop() {
        get(stop).requested("SIGTERM", SIGTERM);
        return finish();
    }

    public boolean isRunning() {
        return !run.isDone();
    }

    @Override
    public void close() {
        stop();
    }

    private static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }
}
